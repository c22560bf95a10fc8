"""The link to a room, as the service prints it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from translate.errors import ConfigError
from translate.protocol.messages import DEFAULT_ROOM

__all__ = ["RoomAddress", "parse_room"]

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class RoomAddress:
    """Where a room is, and what opens it."""

    host: str
    port: int
    secure: bool
    room: str = DEFAULT_ROOM
    token: str | None = None
    path: str = "/"
    """Of the pages, where a reverse proxy offers the service under a path of its own; ends in ``/``."""

    @property
    def authority(self) -> str:
        """Host and port, as in URLs."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def websocket(self) -> str:
        """URL of the wire protocol; holds no token."""
        return f"{'wss' if self.secure else 'ws'}://{self.authority}{self.path}ws"

    def __str__(self) -> str:
        """For messages: without the token."""
        return f"room {self.room!r} at {self.authority}"


def parse_room(url: str) -> RoomAddress:
    """The address in ``https://HOST:PORT/PATH/?room=NAME#t=TOKEN``; ``http``, ``ws`` and ``wss`` do as well.

    Raises:
        ConfigError: it is no such link; the message does not repeat it, since it may hold a token.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"--room takes a link such as https://HOST:8766/?room=NAME#t=TOKEN: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigError("--room takes a link such as https://HOST:8766/?room=NAME#t=TOKEN, as the service prints it")
    return RoomAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        secure=parts.scheme in ("https", "wss"),
        room=parse_qs(parts.query).get("room", [DEFAULT_ROOM])[-1],
        token=parse_qs(parts.fragment).get("t", [None])[-1],
        path=f"/{parts.path.rpartition('/')[0].strip('/')}/".replace("//", "/"),
    )
