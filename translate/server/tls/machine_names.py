"""What this machine is called, and at which addresses the LAN reaches it."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import ifaddr

__all__ = ["IPAddress", "Names", "look", "routed_addresses"]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

_MOST: Final = 32  # a host of containers has hundreds of bridges; a certificate should stay small
_VIRTUAL: Final = re.compile(r"(?:docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|podman|lxc)")
_PROBES: Final = (  # nothing is sent: connecting UDP only asks which address would be used; RFC 5737 and 3849 names
    (socket.AF_INET, "198.51.100.1"),
    (socket.AF_INET6, "2001:db8::1"),
)


@dataclass(frozen=True, slots=True)
class Names:
    """Names and addresses of this machine at one moment."""

    host: str
    """First label of the host name, lower case."""
    full: str
    """The host name as the system has it, lower case; often the same."""
    interfaces: tuple[Interface, ...]
    """Addresses other than loopback and link-local, with their networks; the one for links first."""
    more: tuple[str, ...] = ()
    """Further names that lead here, as somebody says who runs the name service."""

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """Of :attr:`interfaces`."""
        return tuple(interface.ip for interface in self.interfaces)

    @property
    def mdns(self) -> str:
        """The name that multicast DNS gives this machine."""
        return f"{self.host}.local"

    @property
    def dns(self) -> tuple[str, ...]:
        """All names, without doubles."""
        return tuple(dict.fromkeys(("localhost", self.host, self.mdns, self.full, *self.more)))

    @property
    def link_host(self) -> str:
        """What a phone can reach without any name service: the address by which others are reached."""
        return str(self.addresses[0]) if self.interfaces else "localhost"


def look(
    adapters: Callable[[], Sequence[ifaddr.Adapter]] | None = None,
    preferred: Callable[[], list[str]] | None = None,
    *,
    more: tuple[str, ...] = (),
) -> Names:
    """The names and addresses of now; asks no name service.

    Args:
        adapters: of network interfaces; ``None``: those of this machine.
        preferred: addresses by which other hosts are reached; ``None``: what the routes of this machine say.
        more: see :class:`Names`.
    """
    full = socket.gethostname().lower().rstrip(".")
    full = full if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", full) else "localhost"
    first = (preferred or routed_addresses)()
    found: dict[IPAddress, tuple[tuple[bool, bool, bool, int], Interface]] = {}
    for place, adapter in enumerate((adapters or _adapters)()):
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            interface = ipaddress.ip_interface(f"{text}/{ip.network_prefix}")
            if interface.ip.is_loopback or interface.ip.is_link_local or interface.ip.is_multicast:
                continue
            routed = text in first
            virtual = not routed and bool(_VIRTUAL.match(adapter.nice_name))
            found.setdefault(interface.ip, ((virtual, interface.version == 6, not routed, place), interface))
    ranked = sorted(found.values(), key=lambda pair: pair[0])  # people can type an IPv4 address
    return Names(full.partition(".")[0], full, tuple(interface for _, interface in ranked[:_MOST]), more)


def _adapters() -> list[ifaddr.Adapter]:
    return list(ifaddr.get_adapters())


def routed_addresses() -> list[str]:
    """Source addresses of the default routes."""
    found = []
    for family, probe in _PROBES:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asked:
                asked.connect((probe, 9))
                found.append(str(asked.getsockname()[0]))
        except OSError:
            continue  # no route there
    return found
