"""Floods and idlers from one address, against a real server on which somebody else is served; limits by the clock."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.config import Limits
from translate.server.access.rate_limiter import RateLimiter
from translate.server.http.pending import PATIENCE_S, PendingConnections

FLOODER = ("127.0.0.2", 0)
"""Another loopback address: to the server a stranger, unlike 127.0.0.1."""


def test_a_bucket_empties_and_fills_again() -> None:
    now_s = 0.0
    limiter = RateLimiter(2, 4, clock_s=lambda: now_s)
    assert [limiter.allow("a") for _ in range(6)] == [True] * 4 + [False] * 2
    assert limiter.allow("b"), "each address has its own"
    assert limiter.wait_s("a") == 0.5
    now_s = 0.5
    assert [limiter.allow("a") for _ in range(2)] == [True, False]
    now_s = 1000.0
    assert [limiter.allow("a") for _ in range(6)] == [True] * 4 + [False] * 2
    now_s = 0.0  # a clock that goes back gives nothing
    assert not limiter.allow("a")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 10)), max_size=60))
def test_no_address_gets_more_than_burst_and_rate(steps: list[tuple[str, float]]) -> None:
    now_s = 0.0
    limiter = RateLimiter(1.5, 3, clock_s=lambda: now_s)
    allowed: list[tuple[str, float]] = []
    for address, pause_s in steps:
        now_s += pause_s
        if limiter.allow(address):
            allowed.append((address, now_s))
    for name in "abc":
        times = [at_s for address, at_s in allowed if address == name]
        for first in range(len(times)):
            for last in range(first, len(times)):
                assert last - first + 1 <= 3 + 1.5 * (times[last] - times[first]) + 1e-6


def test_the_limiter_remembers_a_bounded_number_of_addresses() -> None:
    limiter = RateLimiter(1, 1, clock_s=lambda: 0.0, addresses=100)
    for number in range(10_000):
        limiter.allow(str(number))
    assert len(limiter) == 100
    assert not limiter.allow("9999")


def test_too_many_pending_connections_wait_in_the_kernel_and_then_make_the_oldest_give_way() -> None:
    refused: list[None] = []
    now_s = 0.0
    pending = PendingConnections(
        Limits(unfinished=8, unfinished_per_address=4),
        limiter=RateLimiter(1, 1000, clock_s=lambda: 0.0),
        refused=lambda: refused.append(None),
        clock_s=lambda: now_s,
    )
    pairs = {(f"10.0.0.{a}", port): socket.socketpair() for a in (1, 2, 3) for port in range(5)}

    def enter(address: int, ports: range) -> None:
        for port in ports:
            assert pending.add((f"10.0.0.{address}", port), pairs[f"10.0.0.{address}", port][0])

    def cut() -> set[tuple[str, int]]:
        return {peer for peer, (_, theirs) in pairs.items() if _was_cut(theirs)}

    enter(1, range(5))
    assert cut() == {("10.0.0.1", 0)}, "four of one address at most"
    assert not pending.is_full
    now_s = 1.0
    enter(2, range(4))
    assert (len(pending), pending.is_full) == (8, True)
    now_s = PATIENCE_S - 0.1
    assert pending.is_full, "nobody has waited for long"
    now_s = PATIENCE_S
    assert not pending.is_full
    enter(3, range(1))
    assert cut() == {("10.0.0.1", 0), ("10.0.0.1", 1)}, "the oldest"
    assert len(pending) == 8
    assert len(refused) == 2
    for peer in pairs:
        pending.remove(peer)
        pending.remove(peer)
    assert (len(pending), pending.is_full) == (0, False)
    for pair in pairs.values():
        for one in pair:
            one.close()


def _was_cut(theirs: socket.socket) -> bool:
    theirs.setblocking(False)
    try:
        return theirs.recv(1) == b""
    except BlockingIOError:
        return False


async def test_a_hundred_connections_a_second_from_one_address_do_not_hurt_others(start) -> None:
    server = await start(connects_per_s=5)
    client = await server.client()
    await client.hello("speaker", source="en", targets=("de",))
    answers: list[bytes] = []
    for _ in range(300):
        answers.append(await _ask(server.port, FLOODER))
    assert 50 <= sum(b"200 OK" in answer for answer in answers) < 100, "ten seconds' worth at once, then five a second"
    assert server.server.stats()["refused_connects_total"] >= 200
    await client.speak(4)
    await client.until(lambda m: getattr(m, "lang", None) == "de" and m.final)
    assert b"200 OK" in await _ask(server.port, ("127.0.0.3", 0)), "another address comes in"
    assert b"200 OK" in await _ask(server.port, ("127.0.0.1", 0))


async def _ask(port: int, source: tuple[str, int]) -> bytes:
    with contextlib.suppress(ConnectionResetError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        try:
            return await reader.read()
        finally:
            writer.close()
    return b""


@asynccontextmanager
async def opened(port: int, count: int, source: tuple[str, int]) -> AsyncIterator[list[asyncio.StreamReader]]:
    pairs = [await asyncio.open_connection("127.0.0.1", port, local_addr=source) for _ in range(count)]
    yield [reader for reader, _ in pairs]
    for _, writer in pairs:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_crowd_that_comes_at_once_is_let_in_bit_by_bit(start) -> None:
    server = await start(unfinished=8, unfinished_per_address=8)
    answers = await asyncio.gather(*(_ask(server.port, ("127.0.0.1", 0)) for _ in range(200)))
    assert all(b"200 OK" in answer for answer in answers)
    assert "refused_connects_total" not in server.server.stats()


async def test_idle_connections_give_way_and_end(start) -> None:
    server = await start(hello_ms=1000, unfinished_per_address=10)
    async with opened(server.port, 30, FLOODER) as readers:
        assert b"200 OK" in await _ask(server.port, FLOODER), "the flooder only displaced itself"
        async with asyncio.timeout(5):
            assert [await reader.read() for reader in readers] == [b""] * 30, "nobody waits for ever"
    assert server.server.stats()["refused_connects_total"] >= 20


@pytest.mark.parametrize(
    "start_of_request", [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n"]
)
async def test_a_request_that_drips_in_is_not_waited_for(start, start_of_request: bytes) -> None:
    server = await start(hello_ms=1000)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(start_of_request)

    async def drip() -> None:
        while True:
            writer.write(b"X-Slow: 1\r\n" if start_of_request.endswith(b"\n") else b"x")
            await asyncio.sleep(0.1)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    dripping.cancel()
    writer.close()
    await (await server.client()).hello()


async def test_a_request_without_end_is_cut_off(server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with contextlib.suppress(ConnectionError):
        writer.write(
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X: " + b"y" * 8000 + b"\r\n" for _ in range(20))
        )
        await writer.drain()
        assert b"200" not in await reader.read()
    writer.close()
    assert b"200 OK" in await _ask(server.port, ("127.0.0.1", 0))


async def test_connections_that_end_are_not_counted_any_more(start) -> None:
    server = await start()
    async with opened(server.port, 20, FLOODER):
        await server.client()
        await _ask(server.port, FLOODER)
        assert server.server.network.waiting <= 21, "a WebSocket is not pending"
    async with asyncio.timeout(5):
        while server.server.network.waiting:  # noqa: ASYNC110  # the server has nothing to wait for
            await asyncio.sleep(0.01)
