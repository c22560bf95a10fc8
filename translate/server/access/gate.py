"""Who may come in: what the connection asks before it obeys a hello."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from translate.protocol.roles import Role

__all__ = ["Gate", "Grant", "Invite", "OpenGate", "Role"]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client may do, from now until the token behind it expires or is revoked."""

    role: Role
    room: str | None = None
    """The only room; ``None``: any."""
    token_id: str | None = None
    """Of the token, for revocation; not secret. ``None``: none was needed."""
    expires_s: float | None = None
    """Unix time after which the connection is to be closed; ``None``: never."""


@dataclass(frozen=True, slots=True)
class Invite:
    """How another device gets into a room."""

    role: Role
    room: str
    url: str = field(repr=False)
    """With the token in its fragment, which browsers do not send."""
    qr: str = field(repr=False)
    """The URL as a QR code: ``data:image/svg+xml`` URI."""
    token_id: str | None = None
    expires_s: float | None = None


class Gate(Protocol):
    """Checks tokens and makes them."""

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
        """A way in for another device; ``None``: other devices cannot reach this service."""
        ...

    def revoke(self, token_id: str, *, room: str | None = None) -> bool:
        """Makes the token worthless; whether it was known.

        Args:
            room: only if the token is for this room; ``None``: whatever it is for.
        """
        ...


class OpenGate:
    """Lets everybody in as what they ask for: for a service that only this machine can reach."""

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
