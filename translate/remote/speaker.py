"""The speaker's side of a room on another machine."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import numpy as np

from translate.audio import AudioSource
from translate.errors import SottovoceError
from translate.events import Event, Notice
from translate.latency import SessionClock
from translate.remote.address import RoomAddress
from translate.remote.clock import ServerClock
from translate.remote.connection import Connection, Outcome
from translate.remote.refusal import asked_to_wait, pause_s, why_ended, why_refused, why_unanswered
from translate.remote.talk import Talk, TalkState
from translate.tasks import Supervisor

__all__ = ["RemoteSpeaker", "Talk"]

_LAST_TRIES_S: Final = 30.0
"""After the end, how long a server that is away is looked for."""
_STEADY_S: Final = 5.0
"""A connection that lasted so long was a good one: the pauses between tries begin anew."""


class RemoteSpeaker:
    """Sends a source's sound to a room and yields what the room says; iterate it once.

    Comes back by itself after a drop, and sends then what was said meanwhile (up to a minute). Ends when the source
    does, with the last words.

    Args:
        source: sound.
        address: the room.
        talk: languages.
        tls: from :func:`~translate.remote.trust.trusted_context`.

    Iterating raises :class:`~translate.errors.SottovoceError`: the service cannot be reached at the start, refuses, or
    the source fails.
    """

    def __init__(self, source: AudioSource, address: RoomAddress, talk: Talk, *, tls: ssl.SSLContext | None) -> None:
        self._source = source
        self._address = address
        self._talk = talk
        self._tls = tls
        self._state = TalkState()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(256)
        """``None`` after the last one."""
        self._away = False
        """Whether it has been told that the service is away."""
        self._failures: list[Exception] = []
        """Of the connections, then of the source."""
        self._over_s = 0.0

    @property
    def clock(self) -> ServerClock:
        """The server's, for latencies."""
        return self._state.clock

    async def __aiter__(self) -> AsyncIterator[Event]:
        tasks = Supervisor("remote speaker")
        try:
            tasks.start(self._hear(), "sound")
            tasks.start(self._keep_talking(), "connections")
            while (event := await self._events.get()) is not None:
                yield event
            if self._failures:
                raise self._failures[0]
        finally:
            await tasks.aclose()
            await self._source.aclose()

    # --- sound ---

    async def _hear(self) -> None:
        """Takes the source's sound into the backlog."""
        state = self._state
        try:
            async for item in self._source.stream(SessionClock()):
                if isinstance(item, Notice):
                    state.device.take(item)
                    state.news.set()
                    await self._events.put(item)
                    continue
                pcm = np.clip(np.rint(item.samples * 32768), -32768, 32767).astype("<i2").tobytes()
                state.backlog.push(pcm)
                state.news.set()
        except Exception as error:  # raised by the iteration, when the room has said its last words
            self._failures.append(error)
        finally:
            self._over_s = asyncio.get_running_loop().time()
            state.source_over.set()
            state.news.set()

    # --- connections ---

    async def _keep_talking(self) -> None:
        """One connection after the other until the talk is over."""
        try:
            failures = -1
            while not (outcome := await self._connect()).is_over:
                is_steady = outcome.lasted_s is not None and outcome.lasted_s >= _STEADY_S
                failures = 0 if is_steady else failures + 1
                refusal = outcome.refusal or asked_to_wait(outcome.error)
                self._give_up_at_last()
                await self._pause(pause_s(failures, refusal, random.random()))
            if self._state.ended is not None:
                await self._events.put(self._state.ended)
        except Exception as error:  # raised by the iteration
            self._failures.insert(0, error)
        await self._events.put(None)

    async def _connect(self) -> Outcome:
        """One connection. Raises what ends the talk for good."""
        outcome = await Connection(self._address, self._talk, self._state, self._events.put).run(
            self._tls, self._greeted
        )
        begun = self._state.has_begun
        if outcome.error is not None:
            final = why_ended(self._address, outcome.error) if begun else why_unanswered(self._address, outcome.error)
        elif outcome.is_over:
            final = None
        else:
            final = why_refused(outcome.code, outcome.refusal, had_begun=begun)
        if final is not None:
            raise final from outcome.error
        if not outcome.is_over and not self._away:
            self._away = True
            await self._events.put(
                Notice("connection_lost", f"the connection to {self._address} is lost; trying again")
            )
        return outcome

    async def _greeted(self) -> None:
        if self._away:
            self._away = False
            await self._events.put(Notice("connection_back", f"back in {self._address}"))

    async def _pause(self, wanted_s: float) -> None:
        """Waits until the next try; whatever the service asked for, who has finished does not wait for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wanted_s) as pause:
                await self._state.source_over.wait()
                latest_s = self._over_s + _LAST_TRIES_S
                if (when_s := pause.when()) is not None and when_s > latest_s:
                    pause.reschedule(latest_s)
                await asyncio.Event().wait()

    def _give_up_at_last(self) -> None:
        """Raises when there is nothing more to say, and nobody to say the rest to."""
        if self._state.source_over.is_set() and asyncio.get_running_loop().time() - self._over_s > _LAST_TRIES_S:
            raise SottovoceError(f"{self._address} did not come back: what was said last is not in its captions")
