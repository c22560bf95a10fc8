"""The gate of a service that other devices can reach: nobody is admitted without a token."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Final

from translate.errors import Busy, NotAllowedError, StateError
from translate.protocol import LISTENER, OPERATOR, SPEAKER
from translate.server.access.gate import Gate, Grant, Invite, Role
from translate.server.access.links import Links, qr_for_page
from translate.server.access.rate_limiter import RateLimiter
from translate.server.access.token_refresh import TokenRefresh
from translate.server.access.tokens import Token, Tokens

__all__ = ["INVITE_S", "PlainGate", "TokenGate"]

INVITE_S: Final = 30 * 86_400
"""How long an invitation is good when nobody says otherwise."""
_ADMITTED_AS: Final[dict[Role, tuple[Role, ...]]] = {
    LISTENER: (LISTENER,),
    SPEAKER: (SPEAKER, LISTENER),
    OPERATOR: (OPERATOR, SPEAKER, LISTENER),
}
"""Roles that the token of a role is good for."""
_DOING: Final[dict[Role, str]] = {LISTENER: "reading", SPEAKER: "speaking", OPERATOR: "operating"}

log = logging.getLogger(__name__)


class TokenGate:
    """See :class:`translate.server.access.gate.Gate`. Other processes may change the records.

    Args:
        tokens: the records.
        links: where other devices reach the service.
        failures_per_min: refusals that one address hears the reason of; then it is only told to wait. A good token is
            good all the same: behind one address may be many people, and the tokens are too long to be guessed.
        clock_s: monotonic seconds.
        time_s: Unix time.
    """

    def __init__(
        self,
        tokens: Tokens,
        links: Links,
        *,
        failures_per_min: int = 20,
        clock_s: Callable[[], float] = time.monotonic,
        time_s: Callable[[], float] = time.time,
    ) -> None:
        self._tokens = tokens
        self._links = links
        self._time_s = time_s
        self._failures = RateLimiter(failures_per_min / 60, failures_per_min, clock_s=clock_s)
        self._refresh = TokenRefresh(tokens)

    async def refresh(self) -> None:
        """See :class:`Gate`."""
        await self._refresh.now()

    async def keep_fresh(self) -> None:
        """Looks for changes by other processes until cancelled, so that a revocation is seen within half a second."""
        await self._refresh.run()

    def admit(self, token: str | None, *, role: Role, room: str, peer: str) -> Grant:
        """See :class:`Gate`."""
        record = self._tokens.find(token) if token is not None else None
        reason = self._why_not(token, record, role, room)
        if record is None or reason is not None:
            if not self._failures.allow(peer):
                raise Busy("too many wrong tokens", retry_after_s=math.ceil(self._failures.wait_s(peer)))
            log.info("refused as %s from %s (token %s)", role, peer, record.id if record else "none of ours")
            raise NotAllowedError(reason or "")
        return Grant(role, None if record.room is None else room, record.id, record.expires_s)

    def is_revoked(self, grant: Grant) -> bool:
        """See :class:`Gate`."""
        record = self._tokens.get(grant.token_id)
        return record is None or record.state(self._time_s()) != "good"

    def invite(self, role: Role, room: str, *, valid_s: float | None = None) -> Invite | None:
        """See :class:`Gate`. Without ``valid_s`` the same link comes again for weeks, also after a restart."""
        if self._links.url(role, room, "") is None:
            return None
        try:
            if valid_s is None:
                record = self._tokens.standing(role, room, INVITE_S, "invitation")
            else:
                record = self._tokens.create(role, room, valid_s, "invitation")
        except StateError as error:
            log.error("cannot make an invitation: %s", error)
            return None
        url = self._links.url(role, room, self._tokens.secret(record)) or ""
        return Invite(role, room, url, qr_for_page(url), record.id, record.expires_s)

    def revoke(self, token_id: str, *, room: str | None = None) -> bool:
        """See :class:`Gate`."""
        record = self._tokens.get(token_id)
        if room is not None and (record is None or record.room != room):
            return False
        return self._tokens.revoke(token_id)

    def _why_not(self, token: str | None, record: Token | None, role: Role, room: str) -> str | None:
        if token is None:
            return "a token is needed here: open the link or the QR code that you were given"
        if record is None:
            return "this token is not valid; ask for a new link"
        state = record.state(self._time_s())
        if state == "expired":
            return "this invitation has expired; ask for a new one"
        if state == "revoked":
            return "this invitation was withdrawn; ask for a new one"
        if role not in _ADMITTED_AS[record.role]:
            return f"this invitation is for {_DOING[record.role]}, not for {_DOING[role]}"
        if not record.covers(room):
            return "this invitation is for another room"
        return None


class PlainGate:
    """The gate for clients that connect over plain HTTP from other machines, which others can read: listeners only.

    Args:
        gate: checks the tokens.
        secure: the secure address, for messages.
    """

    def __init__(self, gate: Gate, secure: Callable[[], str | None]) -> None:
        self._gate = gate
        self._secure = secure

    async def refresh(self) -> None:
        """See :class:`Gate`."""
        await self._gate.refresh()

    def admit(self, token: str | None, *, role: Role, room: str, peer: str) -> Grant:
        """See :class:`Gate`; listeners only."""
        if role != LISTENER:
            address = self._secure()
            where = f"the secure address {address}" if address else "a secure address (sottovoce serve --lan)"
            raise NotAllowedError(f"{_DOING[role]} needs {where}: over plain HTTP others could listen in")
        return self._gate.admit(token, role=role, room=room, peer=peer)

    def is_revoked(self, grant: Grant) -> bool:
        """See :class:`Gate`."""
        return self._gate.is_revoked(grant)

    def invite(self, role: Role, room: str, *, valid_s: float | None = None) -> Invite | None:
        """See :class:`Gate`; listeners do not invite."""
        return None

    def revoke(self, token_id: str, *, room: str | None = None) -> bool:
        """See :class:`Gate`; listeners do not revoke."""
        return False
