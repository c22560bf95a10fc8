"""A source that somebody watches while it is played: for progress, and for what it costs meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from translate.audio import AudioSource
from translate.bench.material import Recording
from translate.bench.record import Captions, Open
from translate.events import RATE_HZ, AudioChunk, Notice
from translate.latency import SessionClock

__all__ = ["WatchedSource", "told", "watched"]

_TOLD_EVERY = 2 * RATE_HZ


class WatchedSource:
    """Gives what ``source`` gives, and calls ``passed`` every ``step`` samples.

    Args:
        passed: told the samples since it was called last.
    """

    def __init__(self, source: AudioSource, step: int, passed: Callable[[int], None]) -> None:
        self._source = source
        self._step = step
        self._passed = passed
        self.live = source.live

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """See :class:`translate.audio.AudioSource`."""
        told = 0
        async for item in self._source.stream(clock):
            if isinstance(item, AudioChunk) and item.end - told >= self._step:
                self._passed(item.end - told)
                told = item.end
            yield item

    async def aclose(self) -> None:
        """See :class:`translate.audio.AudioSource`."""
        await self._source.aclose()


def watched(open_captions: Open, step: int, passed: Callable[[int], None]) -> Open:
    """Captions as ``open_captions`` makes them, of a source that is watched."""

    def opened(source: AudioSource, recording: Recording) -> Captions:
        return open_captions(WatchedSource(source, step, passed), recording)

    return opened


def told(open_captions: Open, what: str, done: Callable[[str, float], None]) -> Open:
    """Captions whose progress is told as the recording is played, which may last for an hour.

    Args:
        done: hears ``what``, and how many seconds of it have been played since it was called last.
    """
    return watched(open_captions, _TOLD_EVERY, lambda samples: done(what, samples / RATE_HZ))
