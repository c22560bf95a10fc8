"""What a room keeps of its clients so that they can come back."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Final, NamedTuple

from translate.protocol import Cursor

__all__ = ["ResumeSlot", "ResumeSlots"]

_IN_FLIGHT: Final = 512
"""Messages that can be on their way to a client when its connection breaks: who has gone is not further behind."""


class ResumeSlot(NamedTuple):
    """What one client needs to resume."""

    token: str
    cursor: Cursor
    """Which text of the room's log each message of the client's connection was."""
    targets: tuple[str, ...]


class ResumeSlots:
    """The slots of the clients that are connected, and of the latest of those that have gone.

    Args:
        remembered: messages whose place in the log is remembered of each client.
        most_gone: how many of those who have gone are remembered.
    """

    def __init__(self, remembered: int, most_gone: int) -> None:
        self._remembered = remembered
        self._most_gone = most_gone
        self._connected: dict[str, ResumeSlot] = {}
        self._gone: OrderedDict[str, ResumeSlot] = OrderedDict()

    def new(self, start: int, targets: tuple[str, ...]) -> ResumeSlot:
        """A slot for a client that has the log up to number ``start``; kept from :meth:`keep` on."""
        return ResumeSlot(secrets.token_urlsafe(18), Cursor(self._remembered, start), targets)

    def find(self, token: str | None) -> ResumeSlot | None:
        """The slot of an earlier connection of a client, whether that is known to have ended or not."""
        return None if token is None else self._connected.get(token) or self._gone.get(token)

    def keep(self, slot: ResumeSlot) -> None:
        """The slot's client is connected, or reads other languages than before."""
        self._connected[slot.token] = slot

    def release(self, slot: ResumeSlot) -> None:
        """The slot's client has gone; whoever has its token may resume."""
        self._connected.pop(slot.token, None)
        slot.cursor.keep(_IN_FLIGHT)
        self._gone[slot.token] = slot
        while len(self._gone) > self._most_gone:
            self._gone.popitem(last=False)
