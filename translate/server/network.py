"""The network side of a server: its open ports, its names, and its access policy."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from websockets.asyncio.server import ServerConnection

from translate import __version__
from translate.config import Config
from translate.errors import SottovoceError
from translate.server.access.caller import is_loopback
from translate.server.access.gate import Gate
from translate.server.access.link_address import LinkAddress
from translate.server.access.links import Links, base_url
from translate.server.access.policy import AccessPolicy
from translate.server.access.start_links import StartLinks
from translate.server.http.binding import bind, bind_all
from translate.server.http.http_connection import Respond
from translate.server.http.pending import PendingConnections
from translate.server.http.ports import Ports
from translate.server.tls.authority import Authority
from translate.server.tls.certificates import Certificates
from translate.server.tls.lan import Lan
from translate.server.tls.machine_names import look
from translate.state import lan_folder
from translate.tasks import Supervisor

__all__ = ["Address", "Network"]

_AGAIN_S: Final = 5.0
"""Pause before work that has failed is begun again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Of the pages, for a person on this machine."""
        return base_url("http", {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host), self.port)


class Network:
    """Ports are opened by :meth:`open`.

    Args:
        config: settings.
        refused: called for every connection that is refused before it has asked for anything.
        gate: checks clients; ``None``: all are admitted if only this machine can connect, else those with a token.

    Raises:
        ConfigError: ``server.link_host`` is no host and no URL.
        StateError: keys or tokens cannot be read or kept.
    """

    def __init__(self, config: Config, *, refused: Callable[[], None] = lambda: None, gate: Gate | None = None) -> None:
        self._config = config
        server = config.server
        given = server.link_host
        self._link_address = LinkAddress.parse(given) if given is not None else None
        self._pending = PendingConnections(config.limits, refused=refused)
        self._lan = Lan(server, Certificates(lan_folder(), look=self._look())) if server.lan else None
        self.access = AccessPolicy(
            is_open=not server.lan and is_loopback(server.host),
            failures_per_min=config.limits.failed_tokens,
            gate=gate,
        )
        """Who may do what."""
        self._address = Address(server.host, server.port)
        self._ports: Ports | None = None
        self._tasks = Supervisor("network")

    @property
    def authority(self) -> Authority | None:
        """Whom devices have to trust for HTTPS; ``None``: there is no HTTPS here."""
        return self._lan.certificates.authority if self._lan is not None else None

    @property
    def waiting(self) -> int:
        """Connections that have not become a WebSocket yet."""
        return len(self._pending)

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
        plain_port = self._address.port if to_all or not is_loopback(server.host) else None
        secure_port = secure[0].getsockname()[1] if secure else None
        base = self._link_address.base if self._link_address is not None else None
        self.access.open(Links(self._link_host, secure_port, plain_port, base))
        self._tasks.keep(self.access.keep_fresh, "tokens", pause_s=_AGAIN_S)
        self._ports = ports = Ports(handler, respond, self._config.limits, self._pending)
        for one in plain:
            await ports.open(one)
        log.info("listening on %s port %d", self._address.host, self._address.port)
        if self._lan is not None and secure_port is not None:
            for one in secure:
                await ports.open(one, self._lan.certificates.context)
            self._lan.start(secure_port, plain_port, base)
            log.info("listening for HTTPS on all addresses, port %d", secure_port)
        return self._address

    def close(self) -> None:
        """Takes no more clients."""
        if self._ports is not None:
            self._ports.close()

    async def wait_closed(self, timeout_s: float) -> None:
        """Waits for the clients that there are; cuts off those that take longer."""
        await self._tasks.aclose()
        if self._lan is not None:
            await self._lan.stop()
        if self._ports is not None:
            await self._ports.wait_closed(timeout_s)

    def info(self) -> dict[str, Any]:
        """What ``/info`` tells."""
        links = self.access.links
        secure = {} if links.secure is None else {"secure_url": links.secure}
        authority = self.authority
        known = {} if authority is None else {"authority_sha256": authority.fingerprint}
        return {
            "name": self._config.server.name or f"Sottovoce on {self._host_name()}",
            "version": __version__,
            **secure,
            "has_authority": authority is not None,
            **known,
            "tokens": self.access.needs_tokens,
        }

    async def start_links(self) -> StartLinks | None:
        """Links for the person who started the service; ``None``: nobody needs a token. Raises ``StateError``."""
        authority = self.authority
        fingerprint = None if authority is None else authority.fingerprint
        return await asyncio.to_thread(self.access.start_links, self._address.url, fingerprint)

    def origins(self) -> tuple[str, ...]:
        """Web origins whose pages may connect: the configured ones, and that of the reverse proxy in the links."""
        own = self._link_address.origin if self._link_address is not None else None
        return (*self._config.server.origins, *(() if own is None else (own,)))

    def hosts(self) -> tuple[str, ...]:
        """Names of this machine beside those that only a local network can have."""
        given = self._link_address
        return (self._host_name(), *(() if given is None else (given.host.lower(),)))

    def _look(self) -> Callable[..., Any]:
        """Looks at the names of this machine, that of the links among them if it is one."""
        name = self._link_address.name if self._link_address is not None else None
        return partial(look, more=(name,)) if name is not None else look

    def _link_host(self) -> str:
        if self._link_address is not None:
            return self._link_address.host
        return self._lan.certificates.names.link_host if self._lan is not None else look().link_host

    def _host_name(self) -> str:
        return self._lan.certificates.names.full if self._lan is not None else socket.gethostname().lower()


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
