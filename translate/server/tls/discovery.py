"""The service by name on the local network: mDNS and DNS-SD (RFC 6762, 6763), announced and found."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zeroconf import Error as ZeroconfError
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from translate import __version__
from translate.errors import ConfigError
from translate.server.access.link_address import LinkAddress
from translate.server.access.links import base_url
from translate.server.tls.machine_names import Names, look

__all__ = ["SERVICE", "Announcement", "Announcer", "Found", "find"]

SERVICE: Final = "_sottovoce._tcp.local."
_NAME_BYTES: Final = 58
"""A DNS label has 63; five are left for the number that a second service of that name gets."""
_LONGEST_URL: Final = 200
"""A string of a TXT record has 255 bytes."""
_ASK_MS: Final = 1500

log = logging.getLogger(__name__)
logging.getLogger("zeroconf").setLevel(logging.ERROR)  # it warns, with a traceback, of every interface that is down


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the network is told."""

    name: str
    names: Names
    secure_port: int
    plain_port: int | None
    """Where listeners may come over plain HTTP; ``None``: nowhere."""
    fingerprint: str
    """SHA-256 of the authority's certificate; not proof, as anybody can announce anything."""
    base: str | None = None
    """URL that links lead to; ``None``: the addresses at these ports."""

    def info(self) -> AsyncServiceInfo:
        """As zeroconf wants it."""
        said = {"version": __version__, "authority": self.fingerprint.replace(":", "").lower()}
        if self.plain_port is not None:
            said["plain"] = str(self.plain_port)
        if self.base is not None and len(self.base) <= _LONGEST_URL:
            said["url"] = self.base
        return AsyncServiceInfo(
            SERVICE,
            f"{_label(self.name)}.{SERVICE}",
            port=self.secure_port,
            properties=said,
            server=f"{self.names.mdns}.",
            parsed_addresses=[str(address) for address in self.names.addresses],
        )


class Announcer:
    """Tells the network that the service is there, until it is closed.

    Args:
        interfaces: addresses of network interfaces to use; ``None``: all.
    """

    def __init__(self, interfaces: Sequence[str] | None = None) -> None:
        self._interfaces = interfaces
        self._zeroconf: AsyncZeroconf | None = None

    async def announce(self, announcement: Announcement) -> None:
        """Announces, in place of what was announced before. A network that does not let it is logged, no more."""
        await self.close()
        if not announcement.names.addresses:
            return
        try:
            self._zeroconf = _zeroconf(self._interfaces if self._interfaces is not None else announcement.names)
            await _stay_local(self._zeroconf)
            await (await self._zeroconf.async_register_service(announcement.info(), allow_name_change=True))
        except (OSError, ZeroconfError) as error:
            log.warning("cannot announce the service by mDNS: %s", str(error))
            await self.close()

    async def close(self) -> None:
        """Says that the service is gone."""
        if self._zeroconf is not None:
            zeroconf, self._zeroconf = self._zeroconf, None
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()


@dataclass(frozen=True, slots=True)
class Found:
    """A service on the network, as it describes itself."""

    name: str
    host: str
    addresses: tuple[str, ...]
    """IPv4 first."""
    secure_port: int
    plain_port: int | None
    version: str
    authority: str
    """SHA-256 of its authority's certificate, hexadecimal."""
    base: str | None = None
    """HTTPS URL that its links lead to; ``None``: its addresses."""

    @property
    def url(self) -> str:
        """Its secure address."""
        if self.base is not None:
            return self.base
        return base_url("https", self.addresses[0] if self.addresses else self.host, self.secure_port)


async def find(timeout_s: float, interfaces: Sequence[str] | None = None) -> list[Found]:
    """The services that answer within ``timeout_s``, by name.

    Raises:
        OSError: there is no network.
    """
    zeroconf = _zeroconf(interfaces if interfaces is not None else await asyncio.to_thread(look))
    names: set[str] = set()

    def heard(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        (names.discard if state_change is ServiceStateChange.Removed else names.add)(name)

    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE, handlers=[heard])
    try:
        await asyncio.sleep(timeout_s)
        asked = [AsyncServiceInfo(SERVICE, name) for name in sorted(names)]
        async with asyncio.TaskGroup() as asking:
            answers = [asking.create_task(info.async_request(zeroconf.zeroconf, _ASK_MS)) for info in asked]
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()
    return [_found(info) for info, answer in zip(asked, answers, strict=True) if answer.result()]


def _zeroconf(where: Sequence[str] | Names) -> AsyncZeroconf:
    interfaces = [str(address) for address in where.addresses] if isinstance(where, Names) else list(where)
    if not interfaces:
        raise OSError(errno.ENETDOWN, "no network interface is up")
    return AsyncZeroconf(interfaces=interfaces)


async def _stay_local(zeroconf: AsyncZeroconf) -> None:
    """Answers to single askers pass no router: the library answers whoever asks, and RFC 6762 (section 11) wants only
    those answered who are on the same link. Multicasts have a limit of their own."""
    await zeroconf.zeroconf.async_wait_for_start()
    engine = zeroconf.zeroconf.engine
    for wrapped in (*engine.senders, *engine.readers):
        held = wrapped.transport.get_extra_info("socket")
        if held.family == socket.AF_INET or sys.platform == "linux":  # others refuse it where a socket serves both
            held.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
        if held.family == socket.AF_INET6:
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)


def _found(info: AsyncServiceInfo) -> Found:
    said = info.decoded_properties
    plain = said.get("plain") or ""
    return Found(
        name=_shown(info.get_name()),
        host=_shown((info.server or "").rstrip(".")),
        addresses=tuple(info.parsed_scoped_addresses()),
        secure_port=info.port or 0,
        plain_port=int(plain) if plain.isascii() and plain.isdigit() and 0 < int(plain) < 65_536 else None,
        version=_shown(said.get("version")),
        authority=_shown(said.get("authority")),
        base=_secure_base(said.get("url") or ""),
    )


def _secure_base(text: str) -> str | None:
    """The HTTPS URL that a stranger announces, if it is one without tricks."""
    try:
        base = LinkAddress.parse(text).base if text and len(text) <= _LONGEST_URL else None
    except ConfigError:
        return None
    return base if base is not None and base.startswith("https:") else None


def _label(name: str) -> str:
    """``name`` as one DNS label."""
    plain = " ".join("".join(c if c.isprintable() and c != "." else " " for c in name).split()) or "Sottovoce"
    return plain.encode()[:_NAME_BYTES].decode(errors="ignore").strip()


def _shown(text: Any) -> str:
    """What strangers say, fit for a terminal."""
    return "".join(c for c in str(text or "") if c.isprintable())[:100]
