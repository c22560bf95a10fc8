"""What a room remembers of what was said, so that a client can resume and a newcomer can read on.

The log holds the newest revision of each segment and language: an older one is superseded, because ``committed`` of a
later revision begins with that of an earlier one. So nothing committed is lost until the log is full of finished
segments; then the oldest go first, and the log knows how far back it reaches.
"""

from __future__ import annotations

import dataclasses
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from translate.events import Transcript, Translation
from translate.protocol.messages import Snapshot, SnapshotTranscript, SnapshotTranslation
from translate.protocol.parcel import Parcel

__all__ = ["Cursor", "ReplayLog", "TextEvent", "continued", "snapshots", "text_key"]

TextEvent = Transcript | Translation
TextKey = tuple[str, int, str]

SNAPSHOT_SEGMENTS: Final = 200
"""Segments in one snapshot message, so that a frame stays of moderate size."""


def text_key(event: TextEvent) -> TextKey:
    """What a later revision of the same text has in common with ``event``."""
    return (type(event).__name__, event.segment, event.lang)


def continued(event: TextEvent, last: TextEvent | None) -> TextEvent | None:
    """``event`` as it may follow ``last``, the newest known revision of the same text.

    A session keeps the promises of a text by itself. But a language that nobody reads for a while is translated by
    somebody new afterwards, who knows nothing of what was said of a segment before. Then committed text stands, a
    revision that would take it back is left out, and a final that would do so closes the segment as it is.

    Returns:
        ``None``: nothing may follow, or nothing new is said.
    """
    if last is None:
        return event
    if last.final:
        return None
    if not event.committed.startswith(last.committed):
        if not event.final:
            return None
        event = dataclasses.replace(event, committed=last.committed)
    return event if event.rev > last.rev else dataclasses.replace(event, rev=last.rev + 1)


class ReplayLog:
    """The newest text of each segment and language, numbered without gaps as it came.

    Args:
        capacity: most texts kept.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._texts: OrderedDict[TextKey, Parcel] = OrderedDict()  # ordered by number
        self._last = 0
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def last_seq(self) -> int:
        """Number of the newest event; 0: none yet."""
        return self._last

    def append(self, event: TextEvent) -> Parcel:
        """Keeps ``event`` in place of its older revision; returns it with its number."""
        self._last += 1
        key = text_key(event)
        self._texts.pop(key, None)
        parcel = self._texts[key] = Parcel(event, self._last)
        if len(self._texts) > self._capacity:
            _, oldest = self._texts.popitem(last=False)
            self._forgotten = oldest.number or 0
        return parcel

    def newest(self, key: TextKey) -> TextEvent | None:
        """The newest revision of a text (see :func:`text_key`); ``None``: not there, or forgotten."""
        parcel = self._texts.get(key)
        return _text(parcel) if parcel is not None else None

    def replay(self, last_seq: int) -> list[Parcel] | None:
        """What came after ``last_seq``, oldest first; superseded revisions are left out.

        ``None``: something that came after ``last_seq`` has been forgotten (or ``last_seq`` is none of this log's), so
        the client needs a snapshot.
        """
        if last_seq < self._forgotten or last_seq > self._last:
            return None
        newer: list[Parcel] = []
        for parcel in reversed(self._texts.values()):
            if (parcel.number or 0) <= last_seq:
                break
            newer.append(parcel)
        newer.reverse()
        return newer

    def latest(self) -> list[TextEvent]:
        """All texts kept, by segment, each transcript before its translations."""
        events = [_text(parcel) for parcel in self._texts.values()]
        return sorted(events, key=lambda event: (event.segment, isinstance(event, Translation), event.lang))


def _text(parcel: Parcel) -> TextEvent:
    assert isinstance(parcel.message, (Transcript, Translation))  # nothing else is kept
    return parcel.message


_FORGOTTEN: Final = -1


class Cursor:
    """Which log number a client had reached at each message of its own stream.

    A client counts messages (pings, notices and languages that it does not read make its numbers differ from the
    log's), so to resume after its ``last_seq`` the server must know which text that was.

    Args:
        capacity: most messages remembered.
        start: log number at which the client joined.
    """

    __slots__ = ("_capacity", "_numbers", "_seqs", "_start")

    def __init__(self, capacity: int, start: int) -> None:
        self._capacity = capacity
        self._start = start
        self._seqs = array("Q")
        self._numbers = array("Q")

    def sent(self, seq: int, number: int) -> None:
        """Message ``seq`` of the client's stream carried text ``number`` of the log; both only grow."""
        self._seqs.append(seq)
        self._numbers.append(number)
        if len(self._seqs) > 2 * self._capacity:
            self.keep(self._capacity)

    def keep(self, messages: int) -> None:
        """Remembers the newest ``messages`` and forgets those before."""
        excess = len(self._seqs) - messages
        if excess > 0:
            self._start = _FORGOTTEN
            del self._seqs[:excess]
            del self._numbers[:excess]

    def reached(self, last_seq: int) -> int:
        """Newest log number that a client knows which has received everything up to ``last_seq``.

        A client that is further behind than remembered gets a number that no log can replay from.
        """
        place = bisect_right(self._seqs, last_seq)
        return self._numbers[place - 1] if place else self._start


def snapshots(events: Iterable[TextEvent], admit: Callable[[TextEvent], TextEvent | None]) -> Iterator[Snapshot]:
    """Snapshot messages of the ``events`` that ``admit`` lets through (as it changes them)."""
    segments: list[SnapshotTranscript | SnapshotTranslation] = []
    for event in events:
        shown = admit(event)
        if shown is None:
            continue
        segments.append(_segment(shown))
        if len(segments) == SNAPSHOT_SEGMENTS:
            yield Snapshot(segments=tuple(segments), last_seq=0)
            segments = []
    if segments:
        yield Snapshot(segments=tuple(segments), last_seq=0)


def _segment(event: TextEvent) -> SnapshotTranscript | SnapshotTranslation:
    if isinstance(event, Transcript):
        return SnapshotTranscript(
            segment=event.segment,
            rev=event.rev,
            lang=event.lang,
            committed=event.committed,
            tail=event.tail,
            final=event.final,
            start_ms=event.start_ms,
            end_ms=event.end_ms,
        )
    return SnapshotTranslation(
        segment=event.segment,
        rev=event.rev,
        lang=event.lang,
        committed=event.committed,
        tail=event.tail,
        final=event.final,
        source_rev=event.source_rev,
    )
