"""What a room keeps of its clients so that they can come back."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Final, NamedTuple

from translate.protocol import Cursor

__all__ = ["Seat", "Seats"]


_IN_FLIGHT: Final = 512
"""Messages that can be on their way to a client when its connection breaks: who has gone is not further behind."""


class Seat(NamedTuple):
    """One client's place."""

    token: str
    cursor: Cursor
    targets: tuple[str, ...]


class Seats:
    """Those who are here, and the latest of those who have gone.

    Args:
        remembered: messages whose place in the log is remembered of each client.
        most_gone: how many of those who have gone are remembered.
    """

    def __init__(self, remembered: int, most_gone: int) -> None:
        self._remembered = remembered
        self._most_gone = most_gone
        self._here: dict[str, Seat] = {}
        self._gone: OrderedDict[str, Seat] = OrderedDict()

    def new(self, start: int, targets: tuple[str, ...]) -> Seat:
        """A seat for a client that has the log up to number ``start``."""
        return Seat(secrets.token_urlsafe(18), Cursor(self._remembered, start), targets)

    def find(self, token: str | None) -> Seat | None:
        """The seat that a client held before, here or gone."""
        return None if token is None else self._here.get(token) or self._gone.get(token)

    def take(self, seat: Seat) -> None:
        """Somebody sits there, or reads other languages there than before."""
        self._here[seat.token] = seat

    def leave(self, seat: Seat) -> None:
        """It is empty; whoever has its token may come back to it."""
        self._here.pop(seat.token, None)
        seat.cursor.keep(_IN_FLIGHT)
        self._gone[seat.token] = seat
        while len(self._gone) > self._most_gone:
            self._gone.popitem(last=False)
