"""Listening sockets: of an address that is given, or of all addresses of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import Any, Final

from translate.server.errors import AddressError

__all__ = ["BACKLOG", "bind", "bind_all"]

SEND_BUFFER_BYTES: Final = 65_536
"""Of each connection in the kernel: more only hides that a client does not read."""
BACKLOG: Final = 1024
"""Connections that wait in the kernel: all phones of an audience reconnect at once after a restart."""


async def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets at every address that ``host`` stands for, all on one port (0: any free one).

    Raises:
        AddressError: the address is none of this machine's, or the port is in use or needs more rights.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressError(_why_not(error, host, port)) from error
    return _bound(list(dict.fromkeys((family, address) for family, _, _, _, address in found)), host, port)


def bind_all(port: int) -> list[socket.socket]:
    """Sockets at all addresses, IPv4 and, where there is any, IPv6.

    Raises:
        AddressError: the port is in use or needs more rights.
    """
    bound = _bound([(socket.AF_INET, ("0.0.0.0", port))], "all addresses", port)
    with contextlib.suppress(AddressError):  # no IPv6 here, or somebody else on that port: IPv4 is enough
        bound += _bound([(socket.AF_INET6, ("::", bound[0].getsockname()[1]))], "all addresses", port)
    return bound


def _bound(places: list[tuple[int, Any]], host: str, port: int) -> list[socket.socket]:
    bound: list[socket.socket] = []
    try:
        for family, address in places:
            one = socket.socket(family, socket.SOCK_STREAM)
            bound.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # accepted ones inherit it
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.setblocking(False)
            wanted = bound[0].getsockname()[1] if len(bound) > 1 else address[1]
            one.bind((address[0], wanted, *address[2:]))
            one.listen(BACKLOG)  # now: two sockets of one port can be bound, and only one of them listen
    except (OSError, OverflowError) as error:
        for one in bound:
            one.close()
        raise AddressError(_why_not(error, host, port)) from error
    return bound


def _why_not(error: Exception, host: str, port: int) -> str:
    """One line for a person about an address that cannot be used."""
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what listens there or choose another port"
    if number == errno.EACCES:
        return f"port {port} needs more rights; choose one from 1024"
    if number == errno.EADDRNOTAVAIL or isinstance(error, (socket.gaierror, UnicodeError)):
        return f"{host} is not an address of this machine"
    return f"cannot listen on {host} port {port}: {error}"
