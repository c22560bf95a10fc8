"""Talks that run go before new ones: while one is late, nobody else may begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.server.waiting import is_a
from translate.events import EndOfStream, Event, Lag
from translate.latency import SessionClock


class LaggingSession:
    """Says how late it is whenever the test says so, and ends with its sound."""

    def __init__(self, source: Any) -> None:
        self.clock = SessionClock()
        self.lags: asyncio.Queue[Lag] = asyncio.Queue()
        self._source = source

    def set_targets(self, targets: Sequence[str]) -> None: ...

    def set_spoken(self, code: str) -> None: ...

    async def aclose(self) -> None: ...

    async def __aiter__(self) -> AsyncIterator[Event]:
        async def listened() -> None:
            async for _ in self._source.stream(self.clock):
                pass

        listening = asyncio.create_task(listened())
        while not listening.done():
            telling = asyncio.create_task(self.lags.get())
            await asyncio.wait({listening, telling}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                yield telling.result()
            telling.cancel()
        yield EndOfStream(0)


@pytest.fixture
def sessions(backend: Any, monkeypatch: pytest.MonkeyPatch) -> list[LaggingSession]:
    opened: list[LaggingSession] = []

    def open_session(source: Any, **_: Any) -> LaggingSession:
        opened.append(LaggingSession(source))
        return opened[-1]

    monkeypatch.setattr(backend, "open_session", open_session)
    return opened


async def late(server: Any, sessions: list[LaggingSession]) -> tuple[Any, Any]:
    """A speaker whose talk is late, and the greeting it got."""
    speaker = await server.client()
    hello = await speaker.hello("speaker", room="first", source="en")
    sessions[0].lags.put_nowait(Lag("recognition", 4200))
    await speaker.until(is_a(Lag))
    return speaker, hello


async def test_while_a_talk_is_late_nobody_else_may_begin(start: Any, sessions: list[LaggingSession]) -> None:
    server = await start(resume_ms=5000)
    first, hello = await late(server, sessions)

    second = await server.client()
    await second.say_hello("speaker", room="second", source="en")
    refusal = await second.next()
    assert (refusal.code, refusal.retryable) == ("busy", True)
    assert "4 s late" in refusal.message
    assert "try again in 30 s" in refusal.message
    assert refusal.retry_after_s == 30
    assert await second.closed() == 1013
    assert server.server.stats()["sheds"] == {"busy": 1}

    first.socket.transport.abort()  # who speaks already keeps the place, late or not
    again = await server.client()
    back = await again.hello("speaker", room="first", source="en", resume=hello.resume)
    assert back.session == hello.session

    sessions[0].lags.put_nowait(Lag("recognition", 0))
    await again.until(is_a(Lag))
    third = await server.client()
    await third.hello("speaker", room="third", source="en")
    assert len(sessions) == 2


async def test_a_talk_that_was_late_and_is_over_keeps_nobody_out(start: Any, sessions: list[LaggingSession]) -> None:
    server = await start()
    first, _ = await late(server, sessions)
    first.socket.transport.abort()
    await server.until(lambda stats: stats["sessions"] == 0)
    second = await server.client()
    await second.hello("speaker", room="second", source="en")


async def test_readers_are_not_kept_out(start: Any, sessions: list[LaggingSession]) -> None:
    server = await start()
    await late(server, sessions)
    reader = await server.client()
    await reader.hello("listener", room="first")
