"""What one client is shown of a session: its languages, and its display mode."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from translate.events import Transcript, Translation
from translate.modes import FAST, Mode
from translate.protocol.log import TextEvent, TextKey, text_key
from translate.protocol.parcel import Parcel

__all__ = ["View"]


class View:
    """Decides about each event whether a client is sent it, and how.

    In the mode ``calm`` no tails are shown, and a revision that commits nothing new is left out.

    Args:
        targets: languages whose translations the client reads.
        mode: ``fast`` or ``calm``.
    """

    __slots__ = ("_shown", "mode", "targets")

    def __init__(self, targets: Iterable[str] = (), mode: Mode = FAST) -> None:
        self.targets = tuple(dict.fromkeys(targets))
        self.mode: Mode = mode
        self._shown: dict[TextKey, int] = {}  # length of the committed text of open segments

    def admit(self, parcel: Parcel) -> Parcel | None:
        """An event as the client is to see it; ``None``: not at all."""
        if parcel.lang is not None and parcel.lang not in self.targets:
            return None
        if self.mode == FAST:
            return parcel
        event = parcel.message
        if not isinstance(event, (Transcript, Translation)):
            return parcel
        return parcel.calm if self._shows(event) else None

    def admit_text(self, event: TextEvent) -> TextEvent | None:
        """The same for a text alone."""
        if not self._shows(event):
            return None
        return event if self.mode == FAST or not event.tail else dataclasses.replace(event, tail="")

    def _shows(self, event: TextEvent) -> bool:
        if isinstance(event, Translation) and event.lang not in self.targets:
            return False
        if self.mode == FAST:
            return True
        key = text_key(event)
        if event.final:
            self._shown.pop(key, None)
            return True
        if len(event.committed) <= self._shown.get(key, 0):
            return False
        self._shown[key] = len(event.committed)
        return True
