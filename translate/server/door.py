"""The door: from a knock at a port to a client with rights: which ports are open, and who may do what there."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import ServerConnection

from translate import __version__
from translate.config import Config
from translate.errors import ConfigError, SottovoceError
from translate.server.access.gate import Gate, Invite, OpenGate
from translate.server.access.links import DEFAULT_ROOM, Links, base_url, link
from translate.server.access.token_gate import INVITE_S, PlainGate, TokenGate
from translate.server.access.tokens import Tokens
from translate.server.http.binding import bind, bind_all
from translate.server.http.http_connection import Caller, Respond
from translate.server.http.pending import Lobby
from translate.server.http.ports import Ports
from translate.server.lan import Lan
from translate.server.tls.authority import Authority
from translate.server.tls.certificates import Certificates
from translate.server.tls.machine_names import Names, look
from translate.state import state_folder

__all__ = ["Address", "Door", "Ways", "lan_folder"]

_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*", re.ASCII)

log = logging.getLogger(__name__)


def lan_folder() -> Path:
    """Where the authority, certificates and tokens are kept."""
    return state_folder() / "lan"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Of the pages, for a person on this machine."""
        return base_url("http", {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host), self.port)


@dataclass(frozen=True, slots=True)
class Ways:
    """The links of a service that asks for tokens; all hold a token and are for a screen, not for a log."""

    here: str = field(repr=False)
    """Everything, for the person at this machine."""
    operate: str = field(repr=False)
    """The operator's page, on this machine."""
    listen: Invite | None
    speak: Invite | None
    install: str | None
    """How devices come to trust the authority; holds no token."""
    fingerprint: str | None
    """Of the authority's certificate (SHA-256)."""


class Door:
    """Opens with :meth:`open`.

    Args:
        config: settings.
        refused: called for every connection that the lobby turns away.
        gate: who may come in; ``None``: whoever can connect if that is only this machine, else who has a token.

    Raises:
        ConfigError: ``server.link_host`` is no name and no address.
        StateError: keys or tokens cannot be read or kept.
    """

    def __init__(self, config: Config, *, refused: Callable[[], None] = lambda: None, gate: Gate | None = None) -> None:
        self._config = config
        server = config.server
        self._lobby = Lobby(config.limits, refused=refused)
        self._lan = Lan(server, Certificates(lan_folder(), look=_look(server.link_host))) if server.lan else None
        self._is_open = not server.lan and _is_loopback(server.host)
        self._tokens = None if self._is_open or gate is not None else Tokens(lan_folder())
        self._links = Links(lambda: "localhost", None)
        self._gate: Gate = gate or OpenGate()
        self._plain_gate = PlainGate(self._gate, lambda: self._links.secure)
        self._address = Address(server.host, server.port)
        self._ports: Ports | None = None

    @property
    def authority(self) -> Authority | None:
        """Whom devices have to trust for HTTPS; ``None``: there is no HTTPS here."""
        return self._lan.certificates.authority if self._lan is not None else None

    @property
    def waiting(self) -> int:
        """Connections that have not become a WebSocket yet."""
        return len(self._lobby)

    async def open(self, handler: Callable[[ServerConnection], Awaitable[None]], respond: Respond) -> Address:
        """Listens from now on; where a person at this machine goes.

        Raises:
            AddressError: an address or a port cannot be used.
        """
        server = self._config.server
        to_all = server.lan and server.plain_listeners
        plain = bind_all(server.port) if to_all else await bind(server.host, server.port)
        try:
            secure = bind_all(server.secure_port) if server.lan else []
        except SottovoceError:
            _close(plain)
            raise
        self._address = Address(*plain[0].getsockname()[:2])
        plain_port = self._address.port if to_all or not _is_loopback(server.host) else None
        secure_port = secure[0].getsockname()[1] if secure else None
        self._links = Links(self._link_host, secure_port, plain_port)
        if self._tokens is not None:
            per_min = self._config.limits.failed_tokens
            self._gate = TokenGate(self._tokens, self._links, failures_per_min=per_min)
            self._plain_gate = PlainGate(self._gate, lambda: self._links.secure)
        self._ports = ports = Ports(handler, respond, self._config.limits, self._lobby)
        for one in plain:
            await ports.open(one)
        log.info("listening on %s port %d", self._address.host, self._address.port)
        if self._lan is not None and secure_port is not None:
            for one in secure:
                await ports.open(one, self._lan.certificates.context)
            self._lan.start(secure_port, plain_port)
            log.info("listening for HTTPS on all addresses, port %d", secure_port)
        return self._address

    def close(self) -> None:
        """Takes no more clients."""
        if self._ports is not None:
            self._ports.close()

    async def wait_closed(self, timeout_s: float) -> None:
        """Waits for the clients that there are; cuts off those that take longer."""
        if self._lan is not None:
            await self._lan.stop()
        if self._ports is not None:
            await self._ports.wait_closed(timeout_s)

    def gate_for(self, caller: Caller) -> Gate:
        """Who checks this client: over plain HTTP from another machine, nobody but listeners may come."""
        private = caller.is_secure or _is_loopback(caller.address)
        return self._gate if private or self._is_open else self._plain_gate

    def may_look(self, caller: Caller, authorization: str | None) -> bool:
        """Whether a client may see statistics: from this machine anybody, from elsewhere who operates."""
        if self._is_open or _is_loopback(caller.address):
            return True
        token = _bearer(authorization)
        if token is None:
            return False
        try:
            self.gate_for(caller).admit(token, role="operator", room=DEFAULT_ROOM, peer=caller.address)
        except SottovoceError:
            return False
        return True

    def invite(self, caller: Caller, authorization: str | None, room: str) -> Invite | None:
        """The listeners' way into ``room``, for whoever may speak there; ``None``: other devices cannot come.

        Raises:
            NotAllowedError, Busy: as :meth:`Gate.admit`.
        """
        gate = self.gate_for(caller)
        gate.admit(_bearer(authorization), role="speaker", room=room, peer=caller.address)
        return gate.invite("listener", room)

    def info(self) -> dict[str, Any]:
        """What ``/info`` tells."""
        secure = {} if self._links.secure is None else {"secure_url": self._links.secure}
        tokens = self._tokens is not None
        authority = self.authority
        known = {} if authority is None else {"authority_sha256": authority.fingerprint}
        name = self._config.server.name or f"Sottovoce on {self._host_name()}"
        return {
            "name": name,
            "version": __version__,
            **secure,
            "has_authority": authority is not None,
            **known,
            "tokens": tokens,
        }

    def ways(self) -> Ways | None:
        """Links for the person who started the service; ``None``: nobody needs a token. Raises ``StateError``."""
        if self._tokens is None:
            return None
        secret = self._tokens.secret(self._tokens.standing("operator", None, INVITE_S, "this machine"))
        authority = self.authority
        return Ways(
            here=link(self._address.url, "speaker", None, secret),
            operate=link(self._address.url, "operator", None, secret),
            listen=self._gate.invite("listener", DEFAULT_ROOM),
            speak=self._gate.invite("speaker", DEFAULT_ROOM),
            install=None if self._links.secure is None else f"{self._links.secure}install",
            fingerprint=None if authority is None else authority.fingerprint,
        )

    def hosts(self) -> tuple[str, ...]:
        """Names of this machine beside those that only a local network can have."""
        given = self._config.server.link_host
        return tuple(name.lower() for name in (self._host_name(), given) if name)

    def _link_host(self) -> str:
        if self._lan is not None:
            return self._lan.link_host
        return self._config.server.link_host or look().link_host

    def _host_name(self) -> str:
        return self._lan.certificates.names.full if self._lan is not None else socket.gethostname().lower()


def _bearer(authorization: str | None) -> str | None:
    """The token of an ``Authorization`` header (RFC 6750), if it has one."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _look(link_host: str | None) -> Callable[[], Names]:
    """Looks at the names of this machine, ``link_host`` among them if it is one."""
    if link_host is None:
        return look
    try:
        ipaddress.ip_address(link_host)
    except ValueError:
        if not _NAME.fullmatch(link_host):
            raise ConfigError(f"server.link_host: {link_host!a} is neither a host name nor an address") from None
        return partial(look, more=(link_host.lower(),))
    return look


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
