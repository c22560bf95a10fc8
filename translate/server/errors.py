"""Errors that only a server meets."""

from __future__ import annotations

from translate.errors import ConfigError, SottovoceError

__all__ = ["AddressError", "HelloTimeoutError", "RoomTakenError"]


class AddressError(ConfigError):
    """The server cannot listen on the address: in use, not allowed, or none of this machine's."""

    code = "address"


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
