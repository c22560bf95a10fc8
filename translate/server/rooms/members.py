"""The members of a room, as the room sees them."""

from __future__ import annotations

from typing import Protocol

from translate.errors import SottovoceError
from translate.protocol import Parcel, Role
from translate.server.rooms.resumption import ResumeSlot

__all__ = ["Member"]


class Member(Protocol):
    """A connection as its room sees it. Nothing here waits: each member has a queue of its own."""

    slot: ResumeSlot

    @property
    def role(self) -> Role | None:
        """``None``: not known yet."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that it reads."""

    @property
    def follows_audience(self) -> bool:
        """Whether it wants to be told who reads."""

    @property
    def is_closing(self) -> bool:
        """Whether its connection is closed, or about to be."""

    def deliver(self, parcel: Parcel) -> None:
        """Takes an event."""

    def session_changed(self) -> None:
        """Another session has begun in the room, or other speech is expected."""

    def fail(self, error: SottovoceError) -> None:
        """Sends the error and closes."""

    def close(self, code: int, reason: str) -> None:
        """Closes when everything queued is sent."""
