"""Sound that somebody else receives and pushes in, such as the server from a WebSocket."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

import numpy as np

from translate.audio.framer import Framer
from translate.audio.resample import from_s16le
from translate.config import AudioConfig
from translate.errors import AudioError
from translate.events import RATE_HZ, AudioChunk, Notice, Samples
from translate.latency import CaptureClock, SessionClock

__all__ = ["PushSource"]

_ZERO = np.float32(0)


class PushSource:
    """Takes PCM with positions, in any pieces, with gaps and repetitions; gives one contiguous stream.

    Belongs to one event loop.

    Args:
        limit_ms: audio that may wait for the stream's reader; :meth:`feed` is held back above it.
        max_gap_ms: longest gap in the positions that is filled with silence.
        config: length of the chunks.
    """

    live = True

    def __init__(
        self,
        *,
        limit_ms: int,
        max_gap_ms: int = 60_000,
        config: AudioConfig | None = None,
    ) -> None:
        self._limit = limit_ms * RATE_HZ // 1000
        self._max_gap = max_gap_ms * RATE_HZ // 1000
        self._config = config or AudioConfig()
        self._clock: SessionClock | None = None
        self._capture = CaptureClock()
        self._waiting: deque[tuple[Samples, float | None]] = deque()
        self._waiting_samples = 0
        self._end = 0
        self._over = False
        self._failure: BaseException | None = None
        self._closed = False
        self._room = asyncio.Event()  # set: feed need not wait
        self._room.set()
        self._news = asyncio.Event()  # set: the stream need not wait
        self._unread_since_s: float | None = None
        self._feeding = asyncio.Lock()  # two frames fed at once must not see the same end

    @property
    def end(self) -> int:
        """Position just past the last sample taken; a speaker that comes back goes on from here."""
        return self._end

    @property
    def unread_ms(self) -> float:
        """How long audio has waited since any was last taken; 0: none waits. A reader that is stuck shows here."""
        return 0.0 if self._unread_since_s is None else (time.monotonic() - self._unread_since_s) * 1000

    async def feed(self, position: int, pcm_s16le: bytes) -> None:
        """Take signed 16-bit little-endian mono 16 kHz PCM; waits while more than ``limit_ms`` of audio is queued.

        Samples that were fed before are ignored, a gap is filled with silence. After :meth:`aclose` all is ignored.

        Args:
            position: sample position of the first sample of ``pcm_s16le``.
            pcm_s16le: any number of samples.

        Raises:
            AudioError: an odd number of bytes, a position that is negative or too far ahead, or the stream is over.
        """
        if len(pcm_s16le) % 2:
            raise AudioError(f"audio frame of {len(pcm_s16le)} bytes: 16-bit samples need an even number")
        if position < 0:
            raise AudioError(f"audio position {position} is negative")
        received_ms = self._clock.now_ms() if self._clock else None
        async with self._feeding:
            await self._room.wait()
            if self._closed:
                return
            if self._over:
                raise AudioError("audio after the end of the stream")
            for samples in self._fresh(position, from_s16le(pcm_s16le)):
                self._waiting.append((samples, received_ms))
                self._waiting_samples += len(samples)
                self._end += len(samples)
                self._news.set()
                if self._unread_since_s is None:
                    self._unread_since_s = time.monotonic()
            if self._waiting_samples > self._limit:
                self._room.clear()

    def finish(self) -> None:
        """The speaker is done: the stream ends after what was fed."""
        self._ends(None)

    def fail(self, error: BaseException) -> None:
        """The stream raises ``error`` after what was fed."""
        self._ends(error)

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """The chunks. See :class:`AudioSource`. What was fed before the call counts as received at the call."""
        self._clock = clock
        framer = Framer(self._config.chunk_ms)
        started_ms = clock.now_ms()
        while taken := await self._next():
            samples, fed_ms = taken
            received_ms = started_ms if fed_ms is None else fed_ms
            capture_ms = self._capture.capture_ms(framer.end + len(samples), received_ms)
            for chunk in framer.push(samples, capture_ms, received_ms):
                if self._closed:
                    return
                yield chunk
        if self._closed:
            return
        for chunk in framer.flush():
            yield chunk
        if self._failure is not None:
            raise self._failure

    async def aclose(self) -> None:
        """See :class:`AudioSource`; what is queued is dropped and waiting feeds return."""
        self._closed = True
        self._waiting.clear()
        self._waiting_samples = 0
        self._unread_since_s = None
        self._room.set()
        self._news.set()

    def _fresh(self, position: int, samples: Samples) -> list[Samples]:
        """What of ``samples`` is new, after the silence that belongs before it.

        Raises:
            AudioError: the gap is too long.
        """
        gap = position - self._end
        if gap > self._max_gap:
            raise AudioError(
                f"audio position {position} is {gap / RATE_HZ:.1f} s past the audio so far;"
                f" at most {self._max_gap / RATE_HZ:.0f} s can be skipped"
            )
        fresh = samples[max(0, -gap) :]
        if gap <= 0 or not len(fresh):
            return [fresh] if len(fresh) else []
        return [np.broadcast_to(_ZERO, gap), fresh]  # a minute of silence without a minute of memory

    async def _next(self) -> tuple[Samples, float | None] | None:
        """The oldest waiting audio and when it was fed; ``None``: there is none, and no more will come."""
        await self._news.wait()
        if not self._waiting:
            return None
        taken = self._waiting.popleft()
        self._waiting_samples -= len(taken[0])
        self._unread_since_s = time.monotonic() if self._waiting else None
        if self._waiting_samples <= self._limit:
            self._room.set()
        if not (self._waiting or self._over or self._closed):
            self._news.clear()
        return taken

    def _ends(self, failure: BaseException | None) -> None:
        if not self._over:
            self._over, self._failure = True, failure
            self._room.set()
            self._news.set()
