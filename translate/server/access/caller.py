"""The client at the other end of a connection, as far as its rights depend on how it connects."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass

__all__ = ["Caller", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Address and encryption of a client's connection."""

    address: str
    """For limits and logs; empty when the connection is closed already."""
    is_secure: bool
    """Whether the connection is over TLS."""

    @classmethod
    def of(cls, transport: asyncio.BaseTransport) -> Caller:
        """The client of ``transport``."""
        peer = transport.get_extra_info("peername")
        return cls(str(peer[0]) if peer else "", transport.get_extra_info("sslcontext") is not None)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to ``host``, an address or ``localhost``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
