"""What one client is shown of a session: its languages, and its display mode."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from translate.events import Event, Lag, Transcript, Translation
from translate.protocol.log import TextEvent, TextKey, text_key
from translate.protocol.messages import Mode

__all__ = ["View"]


class View:
    """Decides about each event whether a client is sent it, and how.

    In the mode ``calm`` no tails are shown, and a revision that commits nothing new is left out.

    Args:
        targets: languages whose translations the client reads.
        mode: ``fast`` or ``calm``.
    """

    def __init__(self, targets: Iterable[str] = (), mode: Mode = "fast") -> None:
        self.targets = tuple(dict.fromkeys(targets))
        self.mode: Mode = mode
        self._shown: dict[TextKey, int] = {}  # length of the committed text of open segments

    def admit(self, event: Event) -> Event | None:
        """``event`` as the client is to see it; ``None``: not at all."""
        if isinstance(event, Lag) and event.lang is not None and event.lang not in self.targets:
            return None
        if isinstance(event, (Transcript, Translation)):
            return self.admit_text(event)
        return event

    def admit_text(self, event: TextEvent) -> TextEvent | None:
        """The same for a text."""
        if isinstance(event, Translation) and event.lang not in self.targets:
            return None
        if self.mode == "fast":
            return event
        key = text_key(event)
        if event.final:
            self._shown.pop(key, None)
            return event
        if len(event.committed) <= self._shown.get(key, 0):
            return None
        self._shown[key] = len(event.committed)
        return dataclasses.replace(event, tail="")
