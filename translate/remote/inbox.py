"""What a server says, as events without repetitions, whatever happens to the connection. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from translate.events import Transcript, Translation
from translate.protocol import ServerHello, ServerMessage, Snapshot, SnapshotTranscript, TextEvent, text_key

__all__ = ["Inbox"]


class Inbox:
    """Passes each revision of a text once; its segments' numbers go on when the server begins anew (``log``)."""

    def __init__(self) -> None:
        self._log: str | None = None
        self._first = 0
        self._next = 0
        self._newest: dict[tuple[str, int, str], TextEvent] = {}

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
        key = text_key(text)
        last = self._newest.get(key)
        if last is None or (text.rev > last.rev and not last.final):
            self._newest[key] = text
            number = self._first + text.segment
            self._next = max(self._next, number + 1)
            yield dataclasses.replace(text, segment=number)
