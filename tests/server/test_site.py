"""Pages, health and statistics over plain HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.config import Config, ServerConfig
from translate.server import AddressError, Server
from translate.server.http.site import host_is_local, origin_is_allowed
from translate.server.http.static import Pages
from translate.service.serve import serve


async def fetch(port: int, path: str, *, method: str = "GET", host: str = "localhost", more: str = ""):
    """Status, headers and body of one raw request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n".encode("latin-1"))
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html?room=a%20b", "text/html; charset=utf-8"),
        ("/js/app.js", "text/javascript; charset=utf-8"),
        ("/site.webmanifest", "application/manifest+json"),
        ("/clip.wav", "audio/wav"),
        ("/inner.txt", "text/html; charset=utf-8"),
    ],
)
async def test_pages(server, web, path, kind) -> None:
    status, headers, body = await fetch(server.port, path)
    assert status == 200
    name = path.partition("?")[0].lstrip("/") or "index.html"
    assert body == (web / name).read_bytes()
    assert headers["content-type"] == kind
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "ws://localhost" in policy
    assert "microphone=(self)" in headers["permissions-policy"]
    status, again, empty = await fetch(server.port, path, more=f"If-None-Match: {headers['etag']}\r\n")
    assert (status, empty, again["etag"]) == (304, b"", headers["etag"])
    status, head, empty = await fetch(server.port, path, method="HEAD")
    assert (status, empty, head["content-length"]) == (200, b"", str(len(body)))


@pytest.mark.parametrize(
    "path",
    [
        "/missing.html",
        "/js",
        "/js/",
        "/.secret",
        "/%2esecret",
        "/../outside.txt",
        "/js/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/..\\outside.txt",
        "/..%5coutside.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/link.txt",
        "/index.html%00",
        "/index.html/",
        "/%ff",
        "/" + "a" * 5000,
        "http://localhost/",
        "*",
    ],
)
async def test_nothing_else_is_there(server, path) -> None:
    status, headers, body = await fetch(server.port, path)
    assert status == 404
    assert b"outside" not in body
    assert headers["content-security-policy"]


@given(st.text(max_size=60), st.booleans())
def test_no_path_leads_out_of_the_folder(tmp_path_factory, text, is_nested) -> None:
    base = tmp_path_factory.getbasetemp() / "pages"
    (base / "web" / "sub").mkdir(parents=True, exist_ok=True)
    (base / "out.txt").write_text("outside")
    (base / "web" / "in.txt").write_text("inside")
    page = Pages(base / "web").page(("/sub/" if is_nested else "/") + text)
    assert page.body in (b"inside", b"There is no such page.\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_get_and_head(server, method) -> None:
    status, headers, _ = await fetch(server.port, "/", method=method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


async def test_health_and_stats(server) -> None:
    status, headers, _ = await fetch(server.port, "/healthz")
    assert status == 200
    assert headers["cross-origin-resource-policy"] == "cross-origin", "a kiosk's first page, a file, looks for it"
    status, headers, _ = await fetch(server.port, "/readyz")
    assert (status, headers["cross-origin-resource-policy"]) == (200, "same-origin")
    client = await server.client()
    await client.hello("speaker", source="en", targets=("de",))
    await client.speak(4)
    await client.until(lambda m: getattr(m, "lang", None) == "de" and m.final)
    status, headers, body = await fetch(server.port, "/stats")
    stats = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert (stats["sessions"], stats["speakers"], stats["listeners"], stats["ready"]) == (1, 1, 0, True)
    assert stats["rss_bytes"] > 1_000_000
    assert stats["latency_ms"]["asr"]["count"] == 8, "four transcripts and four translations"
    assert stats["latency_ms"]["mt"]["count"] == 4
    received = [e.message for e in client.messages if hasattr(e.message, "marks")]
    assert stats["latency_ms"]["capture_to_sent"]["count"] == len(received)


async def test_languages_before_any_session(server) -> None:
    status, headers, body = await fetch(server.port, "/languages")
    assert (status, headers["content-type"], headers["cache-control"]) == (200, "application/json", "no-store")
    languages = json.loads(body)
    assert languages["sources"] == [
        {"code": "de", "name": "German", "native": "Deutsch"},
        {"code": "en", "name": "English", "native": "English"},
        {"code": "es", "name": "Spanish", "native": "Español"},
    ]
    assert languages["targets"]["de"] == ["en", "es"]
    assert languages["targets"]["auto"] == ["de", "en", "es"]
    assert (await fetch(server.port, "/languages", host="evil.example"))[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "localhost.evil.example", "", "a b"])
async def test_foreign_host_names_are_refused(server, host) -> None:
    """DNS rebinding: a public name that points here must not count as ours."""
    for path in ("/", "/stats", "/ws"):
        status, _, body = await fetch(server.port, path, host=host)
        assert status == 403
        assert b"server.origins" in body


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1:8765", True),
        ("192.168.1.7", True),
        ("[::1]:8765", True),
        ("localhost:80", True),
        ("kiosk", True),
        ("KIOSK.local", True),
        ("captions.example", True),
        ("x.captions.example", False),
        ("127.0.0.1.evil.example", False),
        ("user@localhost", False),
        ("localhost/x", False),
    ],
)
def test_host_names(host, is_local) -> None:
    assert host_is_local(host, ["captions.example"]) is is_local


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [(None, True), ("http://h:1", True), ("https://h:1", True), ("http://h:2", False), ("null", False), ("", False)],
)
def test_origins(origin, is_allowed) -> None:
    assert origin_is_allowed(origin, "h:1", ()) is is_allowed


@pytest.mark.parametrize(
    ("head", "begins"),
    [
        (b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n", b"HTTP/1.1 200 "),
        (b"GET /healthz HTTP/1.0\r\n", b"HTTP/1.1 403 "),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", b"HTTP/1.1 400 "),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n", b"HTTP/1.1 405 "),
        (b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n", b"HTTP/1.1 405 "),
        (b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n", b"HTTP/1.1 404 "),
        (b"GET / HTTP/2.0\r\nHost: localhost\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n", b""),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200, b""),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 9000 + b"\r\n", b""),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX\0: y\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n", b""),
        ("GET /ü HTTP/1.1\r\nHost: localhost\r\n".encode(), b""),
        (b"GET /?" + b"&" * 7000 + b" HTTP/1.1\r\nHost: localhost\r\n", b"HTTP/1.1 200 "),
    ],
)
async def test_odd_requests(server, head: bytes, begins: bytes) -> None:
    """What is no request gets no page: an error, or nothing at all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head + b"Connection: close\r\n\r\n")
    answer = b""
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            answer = await reader.read()
    writer.close()
    assert answer.startswith(begins)
    if not begins:
        assert b" 200 " not in answer[:20]
    assert (await fetch(server.port, "/healthz"))[0] == 200


@pytest.mark.parametrize("raw", [b"\x16\x03\x01\x02\x00\x01", b"GET /\r\n\r\n", b"\r\n\r\n", b"A" * 70_000])
async def test_noise_instead_of_http_hurts_nobody(server, raw) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(raw)
    writer.write_eof()
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
    writer.close()
    assert (await fetch(server.port, "/healthz"))[0] == 200


async def test_port_in_use_is_one_clear_line(server, backend, web) -> None:
    taken = Server(Config(server=ServerConfig(port=server.port)), backend, web=web)
    with pytest.raises(AddressError, match=f"port {server.port} on 127.0.0.1 is in use") as error:
        await taken.start()
    assert error.value.exit_status == 2
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-name.invalid"])
async def test_address_of_another_machine_is_one_clear_line(backend, web, host) -> None:
    with pytest.raises(AddressError, match="not an address of this machine"):
        await Server(Config(server=ServerConfig(port=0, host=host)), backend, web=web).start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_serve_stops_on_a_signal(backend, web, number) -> None:
    addresses = []

    def ready(address, _ways) -> None:
        addresses.append(address)
        signal.raise_signal(number)

    async with asyncio.timeout(3):
        await serve(Config(server=ServerConfig(port=0)), backend, ready=ready, web=web)
    assert addresses[0].url == f"http://127.0.0.1:{addresses[0].port}/"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", addresses[0].port)) != 0
