"""Sound from a file, at real pace or as fast as the reader takes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path

from translate.audio.decode import Decoder
from translate.audio.framer import Framer
from translate.config import AudioConfig
from translate.events import RATE_HZ, AudioChunk, Notice
from translate.latency import SessionClock, ms_of

__all__ = ["FileSource"]

_BATCH = RATE_HZ  # samples decoded per hop to a thread: one second, so that memory is flat whatever the file's length


class FileSource:
    """An audio or video file in any format that FFmpeg reads.

    Args:
        path: the file.
        pace: 1.0: real time, as if the file were spoken now; 2.0: twice as fast; 0.0: as fast as the reader takes.
        config: length of the chunks.
    """

    def __init__(self, path: str | PathLike[str], *, pace: float = 0.0, config: AudioConfig | None = None) -> None:
        if not 0.0 <= pace <= 1000.0:
            raise ValueError(f"pace must be from 0 to 1000, not {pace}")
        self._path = Path(path)
        self._pace = pace
        self._config = config or AudioConfig()
        self._closed = asyncio.Event()

    @property
    def live(self) -> bool:
        """True with a pace."""
        return self._pace > 0

    def probe(self) -> int | None:
        """Check, before anything starts, that the file can be read and has audio (blocks for some milliseconds).

        Returns:
            The length that the file gives, in milliseconds (an estimate in some formats); ``None``: it gives none.

        Raises:
            AudioError: one line that says what is wrong.
        """
        with closing(Decoder(self._path)) as decoder:
            return decoder.duration_ms

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """The chunks; then a :class:`Notice` if the file was cut off or damaged. See :class:`AudioSource`.

        With a pace, ``capture_ms`` is when the chunk's end is due by the schedule, whatever its reader does.
        """
        decoder = await asyncio.to_thread(Decoder, self._path)
        try:
            start_ms = clock.now_ms()
            framer = Framer(self._config.chunk_ms)
            ended = False
            while not ended:
                samples = await asyncio.to_thread(decoder.read, _BATCH)
                ended = len(samples) < _BATCH
                chunks = framer.push(samples, 0.0, 0.0)
                for chunk in [*chunks, *framer.flush()] if ended else chunks:
                    due_ms = start_ms + ms_of(chunk.end) / self._pace if self._pace else clock.now_ms()
                    await self._wait_ms(due_ms - clock.now_ms())
                    if self._closed.is_set():
                        return
                    yield replace(chunk, capture_ms=due_ms, received_ms=max(due_ms, clock.now_ms()))
            for notice in decoder.notices():
                yield notice
        finally:
            await asyncio.to_thread(decoder.close)

    async def aclose(self) -> None:
        """See :class:`AudioSource`."""
        self._closed.set()

    async def _wait_ms(self, wait_ms: float) -> None:
        if wait_ms > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), wait_ms / 1000)
