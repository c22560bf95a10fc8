"""Open ports: pages and WebSocket on every listening socket, with patience for slow clients and none for idle ones."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from translate.config import Limits
from translate.protocol import SUBPROTOCOL
from translate.server.binding import BACKLOG
from translate.server.connection import CLOSE_S
from translate.server.guard import GuardedSocket
from translate.server.lobby import Lobby

__all__ = ["Ports", "is_secure", "peer_address"]

RESPONSE_S: Final = 30.0
"""Time that a client has for fetching a file; the longest is some hundred kilobytes."""
HEAD_BYTES: Final = 32_768
"""Of a whole request; browsers send about one."""

# websockets logs whole messages at DEBUG; what was said must not be logged
_wire_log = logging.getLogger("translate.server.wire")
_wire_log.setLevel(logging.WARNING)

Respond = Callable[[ServerConnection, Request], Awaitable[Response | None]]


def is_secure(connection: ServerConnection) -> bool:
    """Whether it came over TLS."""
    return connection.transport.get_extra_info("sslcontext") is not None


def peer_address(connection: ServerConnection) -> str:
    """The client's address, for limits and logs; empty when it has gone already."""
    peer = connection.remote_address
    return str(peer[0]) if peer else ""


class Ports:
    """All ports of one server.

    Args:
        handler: runs a WebSocket connection to its end.
        respond: answers plain requests; see :meth:`translate.server.site.Site.respond`.
        limits: bounds.
        lobby: where connections wait that have not become a WebSocket.
    """

    def __init__(
        self, handler: Callable[[ServerConnection], Awaitable[None]], respond: Respond, limits: Limits, lobby: Lobby
    ) -> None:
        self._handler = handler
        self._respond = respond
        self._limits = limits
        self._lobby = lobby
        self._transports: set[asyncio.BaseTransport] = set()
        self._servers: list[WebSocketServer] = []

    async def open(self, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Serves on a bound socket, which it takes over."""
        encrypted: dict[str, Any] = {}
        if tls is not None:
            encrypted = {"ssl": tls, "ssl_handshake_timeout": self._request_s, "ssl_shutdown_timeout": RESPONSE_S}
        server = await serve_websocket(
            self._seat,
            sock=GuardedSocket(listening, self._lobby),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            process_request=self._answer,
            server_header=None,
            open_timeout=RESPONSE_S,  # that of the request is _Client's
            ping_interval=None,  # connections probe by themselves
            close_timeout=CLOSE_S,
            max_size=max(self._limits.text_frame_bytes, self._limits.audio_frame_bytes),
            max_queue=4,
            write_limit=16_384,
            logger=_wire_log,
            create_connection=_client_class(self._transports, self._request_s),
            backlog=BACKLOG,
            **encrypted,
        )
        self._servers.append(server)

    def close(self) -> None:
        """Takes no more clients."""
        for server in self._servers:
            server.close(close_connections=False)

    async def wait_closed(self, timeout_s: float) -> None:
        """Waits for the clients that there are; cuts off those that take longer."""
        waiting = asyncio.gather(*(server.wait_closed() for server in self._servers))
        done, _ = await asyncio.wait({waiting}, timeout=timeout_s)
        if not done:
            for transport in tuple(self._transports):
                if isinstance(transport, asyncio.WriteTransport):
                    transport.abort()
        await waiting

    @property
    def _request_s(self) -> float:
        return max(self._limits.hello_ms / 1000, 1.0)

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        response = await self._respond(connection, request)
        if response is not None:
            connection.close_timeout = RESPONSE_S  # websockets cuts a response off that is not read by then
        return response

    async def _seat(self, connection: ServerConnection) -> None:
        self._lobby.leave(connection.remote_address)
        await self._handler(connection)


def _client_class(transports: set[asyncio.BaseTransport], request_s: float) -> type[ServerConnection]:
    """A connection that keeps its transport in ``transports`` and is cut off when its request is late or too long."""

    class Client(ServerConnection):
        _head_bytes = 0
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            transports.add(transport)
            self._deadline = self.loop.call_later(request_s, self._check)

        def data_received(self, data: bytes) -> None:
            if self.request is None:
                self._head_bytes += len(data)
                if self._head_bytes > HEAD_BYTES:
                    self.transport.abort()
                    return
            super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            transports.discard(self.transport)
            if self._deadline is not None:
                self._deadline.cancel()

        def _check(self) -> None:
            if self.request is None:
                self.transport.abort()

    return Client
