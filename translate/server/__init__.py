"""The service: pages and wire protocol on one port."""

from translate.server.app import Address, Server
from translate.server.backend import Backend, SessionLike
from translate.server.errors import AddressError, HelloTimeoutError, RoomTakenError

__all__ = [
    "Address",
    "AddressError",
    "Backend",
    "HelloTimeoutError",
    "RoomTakenError",
    "Server",
    "SessionLike",
]
