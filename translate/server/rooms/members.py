"""Who is in a room, as the room sees it."""

from __future__ import annotations

from typing import Protocol

from translate.errors import SottovoceError
from translate.protocol import Parcel
from translate.server.rooms.resumption import Seat

__all__ = ["Member"]


class Member(Protocol):
    """A connection as its room sees it. Nothing here waits: each member has a queue of its own."""

    seat: Seat

    @property
    def role(self) -> str | None:
        """``speaker``, ``listener`` or ``operator``."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that it reads."""

    @property
    def follows_audience(self) -> bool:
        """Whether it wants to be told who reads."""

    def deliver(self, parcel: Parcel) -> None:
        """Takes an event."""

    def session_changed(self) -> None:
        """Another session has begun in the room, or other speech is expected."""

    def fail(self, error: SottovoceError) -> None:
        """Sends the error and closes."""
