"""Transcripts that wait for a translation into one language: the newest revision of each segment."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace

from translate.events import Transcript
from translate.pipeline.recognition import Heard

__all__ = ["Mailbox"]


class Mailbox:
    """The newest revision of each segment that waits, oldest segment first; at most ``limit`` segments.

    Normally only superseded revisions are dropped: the newest revision of a segment says all that the earlier ones
    said. A full mailbox either makes :meth:`put` wait, or skips the final segments that wait (:meth:`take_skipped`).

    One task puts and one task gets, on one event loop.

    Args:
        limit: segments that may wait.
        waits: whether :meth:`put` waits while the mailbox is full. A file can wait; live speech cannot, and there
            a slow language must not delay the others.
    """

    def __init__(self, limit: int, *, waits: bool) -> None:
        self._limit = limit
        self._waits = waits
        self._waiting: OrderedDict[int, Heard] = OrderedDict()
        self._skipped: list[Transcript] = []
        self._takes = True
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    def __len__(self) -> int:
        """Segments that wait."""
        return len(self._waiting)

    async def put(self, heard: Heard) -> None:
        """Leave ``heard`` in place of an earlier revision of its segment. After the end it is ignored."""
        segment = heard.transcript.segment
        while self._takes and segment not in self._waiting and len(self._waiting) >= self._limit:
            if not self._waits:
                self._skip()
                continue
            self._writable.clear()
            await self._writable.wait()
        if self._takes:
            self._waiting[segment] = heard
            self._readable.set()

    def finish(self) -> None:
        """Take nothing more; what waits is still handed out."""
        self._takes = False
        self._readable.set()
        self._writable.set()

    def close(self) -> None:
        """Take nothing more, and drop what waits."""
        self._waiting.clear()
        self._skipped.clear()
        self.finish()

    async def get(self) -> Heard | None:
        """The revision to translate next, of the oldest segment; ``None``: there will be no more."""
        while not self._waiting and self._takes:
            self._readable.clear()
            await self._readable.wait()
        if not self._waiting:
            return None
        self._writable.set()
        return self._waiting.popitem(last=False)[1]

    def take_skipped(self) -> tuple[Transcript, ...]:
        """Final transcripts (without their text) that were skipped since the last call, oldest first."""
        skipped, self._skipped = tuple(self._skipped), []
        return skipped

    def _skip(self) -> None:
        """Make room: every final segment that waits is skipped, so that the language is up to date again.

        A segment that is not final is the newest one; where only such segments wait, the oldest goes.
        """
        finals = [number for number, heard in self._waiting.items() if heard.transcript.final]
        if not finals:
            self._waiting.popitem(last=False)
        for number in finals:
            transcript = self._waiting.pop(number).transcript
            self._skipped.append(replace(transcript, committed="", tail="", words=()))
