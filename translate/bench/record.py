"""Plays a recording to a session in real time and keeps every event with the moment at which it came out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from translate.audio import AudioSource
from translate.bench.material import Recording
from translate.events import AudioChunk, Event, Notice, Samples
from translate.latency import SessionClock, ms_of
from translate.usage import family_cpu_s

__all__ = ["Captions", "Entry", "Open", "PacedSource", "Run", "record"]

_CHUNK = 512


class Captions(Protocol):
    """What is measured: a :class:`translate.Session`, or a baseline."""

    clock: SessionClock

    def __aiter__(self) -> AsyncIterator[Event]: ...

    async def aclose(self) -> None: ...


Open = Callable[[AudioSource, Recording], Captions]
"""Makes the session that captions one recording."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event, and the session-clock time at which a reader got it."""

    at_ms: float
    event: Event


@dataclass(frozen=True, slots=True)
class Run:
    """What one session made of one recording."""

    recording: Recording
    entries: tuple[Entry, ...]
    start_ms: float
    """Session-clock time at which the recording's first sample was spoken."""
    cpu_s: float
    """CPU time during the run of this process and those that it has started: engines may live in a child."""


class PacedSource:
    """Samples in memory, spoken in real time on whatever clock the event loop has.

    Args:
        delay_ms: silence on the clock before the first sample, so that concurrent speakers do not move in step.
    """

    live = True

    def __init__(self, samples: Samples, *, delay_ms: float = 0.0) -> None:
        self._samples = samples
        self._delay_ms = delay_ms
        self._closed = asyncio.Event()
        self.start_ms = 0.0
        """Session-clock time of the first sample, once the stream has begun."""

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """See :class:`translate.audio.AudioSource`."""
        self.start_ms = clock.now_ms() + self._delay_ms
        for position in range(0, len(self._samples), _CHUNK):
            samples = self._samples[position : position + _CHUNK]
            due_ms = self.start_ms + ms_of(position + len(samples))
            if (wait_ms := due_ms - clock.now_ms()) > 0:
                await asyncio.sleep(wait_ms / 1000)
            if self._closed.is_set():
                return
            yield AudioChunk(samples, position, capture_ms=due_ms, received_ms=max(due_ms, clock.now_ms()))

    async def aclose(self) -> None:
        """See :class:`translate.audio.AudioSource`."""
        self._closed.set()


async def record(open_captions: Open, recording: Recording, *, delay_ms: float = 0.0) -> Run:
    """Play ``recording`` to a new session and collect what comes out. Raises what the session raises."""
    source = PacedSource(recording.samples, delay_ms=delay_ms)
    cpu_s = family_cpu_s()
    captions = open_captions(source, recording)
    captions.clock = SessionClock(asyncio.get_running_loop().time)
    entries: list[Entry] = []
    try:
        async for event in captions:
            entries.append(Entry(captions.clock.now_ms(), event))
    finally:
        await captions.aclose()
    return Run(recording, tuple(entries), source.start_ms, family_cpu_s() - cpu_s)
