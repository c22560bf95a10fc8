"""Who asks: the other end of a connection, as far as access depends on it."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass

__all__ = ["Caller", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of a connection."""

    address: str
    """For limits and logs; empty when it has gone already."""
    is_secure: bool
    """Whether it came over TLS."""

    @classmethod
    def of(cls, transport: asyncio.BaseTransport) -> Caller:
        """Whoever is at the other end of ``transport``."""
        peer = transport.get_extra_info("peername")
        return cls(str(peer[0]) if peer else "", transport.get_extra_info("sslcontext") is not None)


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name or an address) is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
