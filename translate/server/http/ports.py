"""Open ports: pages and WebSocket on every listening socket, with patience for slow clients and none for idle ones."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, cast

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from translate.config import Limits
from translate.protocol import SUBPROTOCOL
from translate.protocol.closing import CLOSE_S
from translate.server.access.caller import Caller
from translate.server.http.binding import BACKLOG
from translate.server.http.guarded_socket import GuardedSocket
from translate.server.http.http_connection import RESPONSE_S, HttpConnection, Respond, Rules
from translate.server.http.pending import PendingConnections

__all__ = ["Ports"]

# websockets logs whole messages at DEBUG; what was said must not be logged
_wire_log = logging.getLogger("translate.server.wire")
_wire_log.setLevel(logging.WARNING)


class Ports:
    """All ports of one server.

    Args:
        handler: runs a WebSocket connection to its end.
        respond: answers requests; see :meth:`translate.server.http.site.Site.respond`.
        limits: bounds.
        pending: connections that have not become a WebSocket.
    """

    def __init__(
        self,
        handler: Callable[[ServerConnection], Awaitable[None]],
        respond: Respond,
        limits: Limits,
        pending: PendingConnections,
    ) -> None:
        self._handler = handler
        self._limits = limits
        self._pending = pending
        self._transports = weakref.WeakSet[asyncio.Transport]()
        self._connections = weakref.WeakSet[HttpConnection]()
        self._rules = Rules(respond, self._arrived, self._may_go_on, request_s=max(limits.hello_ms / 1000, 1.0))
        self._servers: list[WebSocketServer] = []

    async def open(self, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Serves on a bound socket, which it takes over."""
        encrypted: dict[str, Any] = {}
        if tls is not None:
            encrypted = {"ssl": tls, "ssl_handshake_timeout": self._rules.request_s, "ssl_shutdown_timeout": RESPONSE_S}
        server = await serve_websocket(
            self._serve,
            sock=GuardedSocket(listening, self._pending),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            process_request=self._answer,
            server_header=None,
            open_timeout=RESPONSE_S,
            ping_interval=None,  # connections probe by themselves
            close_timeout=CLOSE_S,
            max_size=max(self._limits.text_frame_bytes, self._limits.audio_frame_bytes),
            max_queue=4,
            write_limit=16_384,
            logger=_wire_log,
            create_connection=cast("type[ServerConnection]", self._connection),
            backlog=BACKLOG,
            **encrypted,
        )
        self._servers.append(server)

    def close(self) -> None:
        """Takes no more clients."""
        for server in self._servers:
            server.close(close_connections=False)
        for connection in tuple(self._connections):
            connection.leave()

    async def wait_closed(self, timeout_s: float) -> None:
        """Waits for the clients that there are; cuts off those that take longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._closed()
        except TimeoutError:
            for transport in tuple(self._transports):
                transport.abort()
            await self._closed()

    async def _closed(self) -> None:
        for server in self._servers:
            await server.wait_closed()

    def _connection(self, *args: Any, **options: Any) -> HttpConnection:
        """Takes the place of websockets' connection until the client asks for a WebSocket."""
        return HttpConnection(self._rules, lambda: ServerConnection(*args, **options))

    def _arrived(self, connection: HttpConnection) -> None:
        self._connections.add(connection)
        self._transports.add(connection.transport)

    def _may_go_on(self, transport: asyncio.Transport) -> bool:
        return self._pending.keep(transport.get_extra_info("peername"))

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """The refusal of a WebSocket; ``None``: there is none."""
        response = await self._rules.respond(Caller.of(connection.transport), request)
        if response is not None:
            response.headers["Connection"] = "close"
            connection.close_timeout = RESPONSE_S  # websockets cuts a response off that is not read by then
        return response

    async def _serve(self, connection: ServerConnection) -> None:
        self._pending.remove(connection.remote_address)
        await self._handler(connection)
