"""Access policy: the rights of a client by its connection and its token."""

from __future__ import annotations

from translate.errors import SottovoceError
from translate.protocol import LISTENER, OPERATOR, SPEAKER
from translate.protocol.messages import DEFAULT_ROOM
from translate.server.access.caller import Caller, is_loopback
from translate.server.access.gate import Gate, Invite, OpenGate
from translate.server.access.gate_calls import GateCalls
from translate.server.access.links import Links, link
from translate.server.access.start_links import StartLinks
from translate.server.access.token_gate import INVITE_S, PlainGate, TokenGate
from translate.server.access.tokens import Tokens
from translate.state import lan_folder

__all__ = ["AccessPolicy"]


class AccessPolicy:
    """Decides by gate, transport and address. Until :meth:`open` the links lead nowhere.

    Args:
        is_open: only this machine can connect, so that nobody needs a token.
        failures_per_min: wrong tokens whose reason one address hears.
        gate: decides in place of tokens; for tests.

    Raises:
        StateError: keys or tokens cannot be read or kept.
    """

    def __init__(self, *, is_open: bool, failures_per_min: int, gate: Gate | None = None) -> None:
        self._is_open = is_open
        self._failures_per_min = failures_per_min
        self._tokens = None if is_open or gate is not None else Tokens(lan_folder())
        self._gate: Gate = gate or OpenGate()
        self._links = Links(lambda: "localhost", None)
        self._plain_gate = PlainGate(self._gate, lambda: self._links.secure)

    @property
    def needs_tokens(self) -> bool:
        """Whether a client without a token may do nothing."""
        return self._tokens is not None

    @property
    def links(self) -> Links:
        """How other devices reach the service."""
        return self._links

    def open(self, links: Links) -> None:
        """The service can be reached by ``links`` from now on."""
        self._links = links
        if self._tokens is not None:
            self._gate = TokenGate(self._tokens, links, failures_per_min=self._failures_per_min)
            self._plain_gate = PlainGate(self._gate, lambda: self._links.secure)

    def gate_for(self, caller: Caller) -> Gate:
        """The gate that checks this client: over plain HTTP from another machine, only listeners are admitted."""
        private = caller.is_secure or is_loopback(caller.address)
        return self._gate if private or self._is_open else self._plain_gate

    async def may_read_statistics(self, caller: Caller, authorization: str | None) -> bool:
        """Whether a client may read statistics: anybody on this machine, elsewhere who shows an operator's token.

        Args:
            caller: the client.
            authorization: value of the ``Authorization`` header.
        """
        if self._is_open or is_loopback(caller.address):
            return True
        token = _bearer(authorization)
        if token is None:
            return False
        gate = self.gate_for(caller)
        await gate.refresh()
        try:
            gate.admit(token, role=OPERATOR, room=DEFAULT_ROOM, peer=caller.address)
        except SottovoceError:
            return False
        return True

    async def invite(self, caller: Caller, authorization: str | None, room: str) -> Invite | None:
        """A link for listeners of ``room``, for a client that may speak there; ``None``: other devices cannot connect.

        Raises:
            NotAllowedError, Busy: as :meth:`Gate.admit`.
        """
        gate = self.gate_for(caller)
        await gate.refresh()
        gate.admit(_bearer(authorization), role=SPEAKER, room=room, peer=caller.address)
        return await GateCalls(gate).invite(LISTENER, room)

    async def keep_fresh(self) -> None:
        """Looks for changes of tokens by other processes until cancelled; returns at once where there are none."""
        if isinstance(self._gate, TokenGate):
            await self._gate.keep_fresh()

    def start_links(self, here: str, fingerprint: str | None) -> StartLinks | None:
        """Links for the person who started the service; ``None``: nobody needs a token.

        May write files and wait for a lock: not for the event loop.

        Args:
            here: URL of the pages on this machine.
            fingerprint: of the authority's certificate, if there is one.

        Raises:
            StateError: a token cannot be kept.
        """
        if self._tokens is None:
            return None
        secret = self._tokens.secret(self._tokens.standing(OPERATOR, None, INVITE_S, "this machine"))
        return StartLinks(
            here=link(here, SPEAKER, None, secret),
            operate=link(here, OPERATOR, None, secret),
            listen=self._gate.invite(LISTENER, DEFAULT_ROOM),
            speak=self._gate.invite(SPEAKER, DEFAULT_ROOM),
            install=None if self._links.secure is None else f"{self._links.secure}install",
            fingerprint=fingerprint,
        )


def _bearer(authorization: str | None) -> str | None:
    """The token of an ``Authorization`` header (RFC 6750), if it has one."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
