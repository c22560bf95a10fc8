"""Errors that only a server meets."""

from __future__ import annotations

from translate.errors import ConfigError, SottovoceError

__all__ = ["AddressError", "ClientGoneError", "HelloTimeoutError", "RoomTakenError", "server_mistake"]


def server_mistake() -> SottovoceError:
    """What a client is told of an unforeseen error, whose place only the log holds."""
    return SottovoceError("the server made a mistake; its log says which")


class AddressError(ConfigError):
    """The server cannot listen on the address: in use, not allowed, or none of this machine's."""

    code = "address"


class ClientGoneError(SottovoceError):
    """A connection ended while something was made ready for it. Nobody is told: there is nobody."""

    code = "client_gone"


class HelloTimeoutError(SottovoceError):
    """A client connected and said nothing."""

    code = "hello_timeout"
    close_code = 4408
    retryable = True


class RoomTakenError(SottovoceError):
    """Somebody else speaks in the room."""

    code = "room_taken"
    close_code = 4409
    retryable = True
