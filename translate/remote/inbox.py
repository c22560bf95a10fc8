"""What a server says, as events without repetitions, whatever happens to the connection. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from translate.events import Transcript, Translation
from translate.protocol import ServerHello, ServerMessage, Snapshot, SnapshotTranscript, TextEvent, text_key

__all__ = ["Inbox"]

_REMEMBERED: Final = 2000
"""Segments back from the newest whose revisions are known. What is older has been said long ago, and is not repeated: a
box may speak for months."""


class Inbox:
    """Passes each revision of a text once; its segments' numbers go on when the server begins anew (``log``)."""

    def __init__(self) -> None:
        self._log: str | None = None
        self._first = 0
        self._next = 0
        self._newest: dict[tuple[str, int, str], tuple[int, bool]] = {}
        """Revision of each text, and whether it is the final one; oldest segments first, as nearly as they came."""

    def greet(self, hello: ServerHello) -> None:
        """A connection has begun."""
        log = hello.log or hello.session
        if log != self._log:
            self._log = log
            self._first = self._next
            self._newest.clear()

    def texts(self, message: ServerMessage) -> Iterator[TextEvent]:
        """What ``message`` says that is new."""
        if isinstance(message, (Transcript, Translation)):
            yield from self._new(message)
        elif isinstance(message, Snapshot):
            for part in message.segments:
                if isinstance(part, SnapshotTranscript):
                    fields = (part.segment, part.rev, part.lang, part.committed, part.tail, part.final)
                    yield from self._new(Transcript(*fields, part.start_ms, part.end_ms))
                else:
                    fields = (part.segment, part.rev, part.lang, part.committed, part.tail, part.final)
                    yield from self._new(Translation(*fields, part.source_rev))

    def _new(self, text: TextEvent) -> Iterator[TextEvent]:
        number = self._first + text.segment
        if number < self._next - _REMEMBERED:
            return
        key = text_key(text)
        rev, final = self._newest.get(key, (-1, False))
        if text.rev > rev and not final:
            self._newest[key] = (text.rev, text.final)
            self._next = max(self._next, number + 1)
            self._forget()
            yield dataclasses.replace(text, segment=number)

    def _forget(self) -> None:
        """Lets go of what is too old; a late text of an old segment stands among the newer, and goes with them."""
        oldest = self._next - _REMEMBERED
        while self._newest and self._first + next(iter(self._newest))[1] < oldest:
            del self._newest[next(iter(self._newest))]
