"""The gate: admits clients by their tokens. Asked by a connection before it follows a hello."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from translate.protocol.roles import Role

__all__ = ["Gate", "Grant", "Invite", "OpenGate", "Role"]


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights of a client, from its admission until the token behind it expires or is revoked."""

    role: Role
    room: str | None = None
    """The only room; ``None``: any."""
    token_id: str | None = None
    """Of the token, for revocation; not secret. ``None``: none was needed."""
    expires_s: float | None = None
    """Unix time after which the connection is to be closed; ``None``: never."""


@dataclass(frozen=True, slots=True)
class Invite:
    """A link into a room for another device."""

    role: Role
    room: str
    url: str = field(repr=False)
    """With the token in its fragment, which browsers do not send."""
    qr: str = field(repr=False)
    """The URL as a QR code: ``data:image/svg+xml`` URI."""
    token_id: str | None = None
    expires_s: float | None = None


class Gate(Protocol):
    """Checks tokens and makes them.

    :meth:`admit` and :meth:`is_revoked` look at records in memory: they are for the event loop. :meth:`invite` and
    :meth:`revoke` write files and may wait seconds for a lock: they are for a thread.
    """

    async def refresh(self) -> None:
        """Waits until the records are as another process may have left them; to be awaited before :meth:`admit`.

        Reads files in a thread. If they cannot be read, the records stay as they are.
        """
        ...

    def admit(self, token: str | None, *, role: Role, room: str, peer: str) -> Grant:
        """The rights of a client that asks for ``role`` in ``room``.

        Args:
            token: as sent; ``None``: none.
            role: what the client wants to be.
            room: where.
            peer: its address, for limiting failed tries.

        Raises:
            NotAllowedError: the token is missing, forged, expired, revoked, or of another role or room (4401).
            Busy: too many failed tries from this address; retryable later.
        """
        ...

    def is_revoked(self, grant: Grant) -> bool:
        """Whether the token behind ``grant`` has been revoked or has expired since."""
        ...

    def invite(self, role: Role, room: str, *, valid_s: float | None = None) -> Invite | None:
        """A link for another device; ``None``: other devices cannot reach this service."""
        ...

    def revoke(self, token_id: str, *, room: str | None = None) -> bool:
        """Makes the token worthless; whether it was known.

        Args:
            room: only if the token is for this room; ``None``: whatever it is for.
        """
        ...


class OpenGate:
    """Admits everybody in any role: for a service that only this machine can reach."""

    async def refresh(self) -> None:
        """See :class:`Gate`."""

    def admit(self, token: str | None, *, role: Role, room: str, peer: str) -> Grant:
        """See :class:`Gate`."""
        return Grant(role)

    def is_revoked(self, grant: Grant) -> bool:
        """See :class:`Gate`."""
        return False

    def invite(self, role: Role, room: str, *, valid_s: float | None = None) -> Invite | None:
        """See :class:`Gate`."""
        return None

    def revoke(self, token_id: str, *, room: str | None = None) -> bool:
        """See :class:`Gate`."""
        return False
