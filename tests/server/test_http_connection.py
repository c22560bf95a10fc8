"""Connections that are kept from one request to the next, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from translate.config import Limits
from translate.server.access.rate_limiter import RateLimiter
from translate.server.http import http_connection
from translate.server.http.pending import PendingConnections

STRANGER = ("127.0.0.2", 0)
"""Another loopback address: to the server another machine's, unlike 127.0.0.1."""

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sottovoce.v1\r\n"
)


class Browser:
    """One connection, over which several files are fetched."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def ask(self, path: str, *, method: str = "GET", more: str = "") -> None:
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())

    async def answer(self, *, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            size = int(headers.get("content-length", 0)) if has_body else 0
            return int(status.split()[1]), headers, await self.reader.readexactly(size)

    async def fetch(self, path: str, **options: Any) -> tuple[int, dict[str, str], bytes]:
        self.ask(path, **options)
        return await self.answer(has_body=options.get("method") != "HEAD")

    async def closed(self, within_s: float = 5.0) -> bytes:
        """What still comes before the server closes."""
        async with asyncio.timeout(within_s):
            return await self.reader.read()


@contextlib.asynccontextmanager
async def browsing(port: int, source: tuple[str, int] | None = None) -> AsyncIterator[Browser]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    yield Browser(reader, writer)
    writer.close()


async def test_files_are_fetched_one_after_the_other_over_one_connection(server, web: Path) -> None:
    async with browsing(server.port) as browser:
        for name in ("index.html", "js/app.js", "clip.wav", "site.webmanifest"):
            status, headers, body = await browser.fetch(f"/{name}")
            assert (status, headers["connection"]) == (200, "keep-alive")
            assert body == (web / name).read_bytes()
        etag = headers["etag"]
        known = await browser.fetch("/site.webmanifest", more=f"If-None-Match: {etag}\r\n")
        assert (known[0], known[2]) == (304, b"")
        status, headers, _ = await browser.fetch("/clip.wav", method="HEAD")
        assert (status, headers["content-length"]) == (200, str(len((web / "clip.wav").read_bytes())))
        assert (await browser.fetch("/none"))[0] == 404
        assert (await browser.fetch("/", method="PUT"))[0] == 405
        assert (await browser.fetch("/healthz"))[2] == b"ok\n"


async def test_requests_that_come_together_are_answered_in_their_order(server) -> None:
    async with browsing(server.port) as browser:
        for path in ("/clip.wav", "/healthz", "/none", "/readyz"):
            browser.ask(path)
        assert [(await browser.answer())[0] for _ in range(4)] == [200, 200, 404, 200]


async def test_a_request_may_come_in_pieces(server) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2
    async with browsing(server.port) as browser:
        for place in range(len(request)):
            browser.writer.write(request[place : place + 1])
            await browser.writer.drain()
            await asyncio.sleep(0)
        assert [(await browser.answer())[2] for _ in range(2)] == [b"ok\n"] * 2


async def test_a_connection_that_was_kept_can_become_a_websocket(server) -> None:
    async with browsing(server.port) as browser:
        assert (await browser.fetch("/healthz"))[0] == 200
        browser.ask("/ws", more=UPGRADE)
        status, headers, _ = await browser.answer()
        assert (status, headers["sec-websocket-protocol"]) == (101, "sottovoce.v1")


@pytest.mark.parametrize("more", ["Connection: close\r\n", "Connection: Keep-Alive, CLOSE\r\n"])
async def test_who_wants_to_go_may_go(server, more: str) -> None:
    async with browsing(server.port) as browser:
        status, headers, _ = await browser.fetch("/healthz", more=more)
        assert (status, headers["connection"]) == (200, "close")
        assert await browser.closed() == b""


async def test_nobody_is_waited_for_who_asks_no_more(server, monkeypatch) -> None:
    monkeypatch.setattr(http_connection, "IDLE_S", 0.2)
    async with browsing(server.port) as browser:
        assert (await browser.fetch("/healthz"))[1]["connection"] == "keep-alive"
        assert await browser.closed() == b""
    await server.until(lambda _: server.server.network.waiting == 0)


async def test_a_slow_reader_gets_the_whole_file_and_the_next(server, web: Path, monkeypatch) -> None:
    monkeypatch.setattr(http_connection, "IDLE_S", 0.2)
    sound = bytes(range(256)) * 16_000
    (web / "long.wav").write_bytes(sound)

    def fetch_slowly() -> bytes:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(b"GET /long.wav HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            got = bytearray()
            time.sleep(0.5)
            while chunk := client.recv(65_536):
                got += chunk
                time.sleep(0.01)
        return bytes(got)

    got = await asyncio.to_thread(fetch_slowly)
    assert got.partition(b"\r\n\r\n")[2].startswith(sound)
    assert got.endswith(b"ok\n")


async def test_what_waits_behind_a_request_is_bounded(server) -> None:
    async with browsing(server.port) as browser:
        browser.writer.write(b"GET /clip.wav HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000)
        with contextlib.suppress(ConnectionError):
            assert (await browser.closed()).count(b"200 OK") < 2000
    async with browsing(server.port) as browser:
        assert (await browser.fetch("/healthz"))[0] == 200


async def test_requests_over_a_kept_connection_count_as_connections(start) -> None:
    server = await start(connects_per_s=5)
    async with browsing(server.port, STRANGER) as browser:
        answers = 0
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await browser.fetch("/healthz")
                answers += 1
        assert 50 <= answers < 100, "ten seconds' worth at once, then five a second"


async def test_the_server_stops_at_once_though_connections_are_kept(server) -> None:
    async with browsing(server.port) as browser:
        await browser.fetch("/healthz")
        start_s = time.monotonic()
        await server.server.stop()
        assert time.monotonic() - start_s < http_connection.IDLE_S
        assert await browser.closed() == b""


def test_nobody_is_kept_for_later_in_half_of_what_may_be_pending() -> None:
    pending = PendingConnections(
        Limits(unfinished=8, unfinished_per_address=8), limiter=RateLimiter(1, 12, clock_s=lambda: 0.0)
    )
    peers = [(f"10.0.0.{number}", 1) for number in range(8)]
    with contextlib.ExitStack() as open_:
        for peer in peers[:4]:
            pending.add(peer, open_.enter_context(socket.socket()))
        assert [pending.keep(peer) for peer in peers[:4]] == [True] * 4
        assert not pending.keep(("10.0.0.9", 1)), "that one is not here"
        assert not pending.keep(None), "that one has gone"
        pending.add(peers[4], open_.enter_context(socket.socket()))
        assert [pending.keep(peer) for peer in peers[:5]] == [False] * 5
        for peer in peers[1:5]:
            pending.remove(peer)
        assert pending.keep(peers[0])
        assert sum(pending.keep(peers[0]) for _ in range(20)) == 9, "twelve in all"


async def test_over_https_a_kept_connection_becomes_a_websocket_too(start_lan, caplog) -> None:
    lan = await start_lan()
    reader, writer = await asyncio.open_connection("localhost", lan.secure_port, ssl=lan.trust)
    browser = Browser(reader, writer)
    for _ in range(3):
        assert (await browser.fetch("/clip.wav"))[1]["connection"] == "keep-alive"
    browser.ask("/ws", more=UPGRADE)
    assert (await browser.answer())[0] == 101
    client = await lan.client_at("localhost", secure=True)
    await client.hello(token=lan.token("listener"))
    gone_s = time.monotonic()
    await lan.server.stop()
    assert time.monotonic() - gone_s < 3
    writer.close()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
