"""Texts of a room: numbered on from talk to talk, kept for those who come later, stamped and packed for sending."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from translate.events import Transcript, Translation
from translate.protocol import Mode, Parcel, ReplayLog, TextEvent, View, continued, snapshots, text_key

__all__ = ["RoomTexts"]

_MOST_SNAPSHOTS = 32
"""Combinations of languages and mode whose snapshot is kept."""


class RoomTexts:
    """The log of a room and the numbering of its segments, which outlive a talk.

    Args:
        capacity: most texts kept.
    """

    def __init__(self, capacity: int) -> None:
        self.log = ReplayLog(capacity)
        self.log_id = secrets.token_hex(4)
        """Names the numbering of the segments."""
        self._first_segment = 0
        """Number in the room of the first segment of this talk."""
        self._next_segment = 0
        self._snapshots: dict[tuple[tuple[str, ...], Mode], tuple[int, list[Parcel]]] = {}

    def talk_begins(self) -> None:
        """Segments of the session that begins are numbered on."""
        self._first_segment = self._next_segment

    def numbered(self, text: TextEvent) -> TextEvent:
        """A text of the session with its number in the room."""
        return dataclasses.replace(text, segment=text.segment + self._first_segment)

    def append(self, text: TextEvent, now_ms: Callable[[], float] | None) -> Parcel | None:
        """Keeps ``text``, as it may follow what was said; ``None``: nothing may, or it says nothing new.

        Args:
            text: with its number in the room.
            now_ms: session clock, for the mark ``sent``; ``None``: nobody speaks.
        """
        following = continued(text, self.log.newest(text_key(text)))
        if following is None:
            return None
        if isinstance(following, Transcript) and not following.final and following.words:
            following = dataclasses.replace(following, words=())  # only a final one has them on the wire
        if now_ms is not None:
            following = dataclasses.replace(following, marks=dataclasses.replace(following.marks, sent=now_ms()))
        self._next_segment = max(self._next_segment, following.segment + 1)
        return self.log.append(following)

    def snapshot(self, targets: tuple[str, ...], mode: Mode) -> list[Parcel]:
        """What was said, for somebody who has just come; made once for all who read the same."""
        key = (tuple(sorted(targets)), mode)
        made_at, parcels = self._snapshots.get(key, (-1, []))
        if made_at != self.log.last_seq:
            if len(self._snapshots) > _MOST_SNAPSHOTS:
                self._snapshots.clear()
            messages = list(snapshots(self.log.latest(), View(targets, mode).admit_text))
            number = self.log.last_seq  # a client has all of it when it has the last message
            parcels = [Parcel(one, number if one is messages[-1] else None) for one in messages]
            self._snapshots[key] = (number, parcels)
        return parcels

    def translations(self) -> list[Translation]:
        """The newest translations, by segment."""
        return [text for text in self.log.latest() if isinstance(text, Translation)]
