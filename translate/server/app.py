"""The server: pages and WebSocket on one port, from start to a stop that loses nothing."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.typing import Subprotocol

from translate.config import Config
from translate.errors import Busy
from translate.protocol import SUBPROTOCOL
from translate.resources import web_folder
from translate.server.backend import Backend
from translate.server.connection import CLOSE_S, Connection
from translate.server.errors import AddressError
from translate.server.metrics import Metrics
from translate.server.rooms import Rooms
from translate.server.site import Site
from translate.server.static import Pages

__all__ = ["Address", "Server"]

FINALS_S: Final = 2.0
"""Time that sessions have for their last words when the server stops."""
SEND_BUFFER_BYTES: Final = 65_536
"""Of each connection in the kernel: more only hides that a client does not read."""

log = logging.getLogger(__name__)
# websockets logs whole messages at DEBUG; what was said must not be logged
_wire_log = logging.getLogger("translate.server.wire")
_wire_log.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Of the pages, for a person on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def _tracked_in(transports: set[asyncio.BaseTransport]) -> type[ServerConnection]:
    """A connection class that keeps its transport in ``transports``, also before its HTTP request has come."""

    class Tracked(ServerConnection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            transports.add(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            transports.discard(self.transport)

    return Tracked


def _why_not(error: Exception, host: str, port: int) -> str:
    """One line for a person about an address that cannot be used."""
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what listens there or choose another port"
    if number == errno.EACCES:
        return f"port {port} needs more rights; choose one from 1024"
    if number == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"{host} is not an address of this machine"
    return f"cannot listen on {host} port {port}: {error}"


class Server:
    """A server that has not started, runs, or has stopped.

    Args:
        config: settings.
        backend: opens sessions.
        web: folder of the pages; ``None``: those that ship.
    """

    def __init__(self, config: Config, backend: Backend, *, web: Path | None = None) -> None:
        self._config = config
        self._metrics = Metrics()
        self._rooms = Rooms(config, backend, self._metrics)
        self._connections: set[Connection] = set()
        self._transports: set[asyncio.BaseTransport] = set()
        self._server: WebSocketServer | None = None
        self._stopping = False
        self._site = Site(
            Pages(web or web_folder()),
            origins=config.server.origins,
            is_ready=lambda: not self._stopping,
            stats=self.stats,
            languages=self._rooms.offer.as_json,
        )

    async def start(self) -> Address:
        """Listens from now on.

        Raises:
            AddressError: the address cannot be used.
        """
        host, port, limits = self._config.server.host, self._config.server.port, self._config.limits
        try:
            self._server = await serve_websocket(
                self._serve,
                host,
                port,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                process_request=self._site.respond,
                server_header=None,
                open_timeout=max(limits.hello_ms / 1000, 1.0),
                ping_interval=None,  # connections probe by themselves
                close_timeout=CLOSE_S,
                max_size=max(limits.text_frame_bytes, limits.audio_frame_bytes),
                max_queue=4,
                write_limit=16_384,
                logger=_wire_log,
                create_connection=_tracked_in(self._transports),
                start_serving=False,
            )
        except (OSError, OverflowError) as error:
            raise AddressError(_why_not(error, host, port)) from error
        for listening in self._server.sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # accepted ones inherit it
        await self._server.start_serving()
        log.info("listening on %s port %d", host, port)
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        return Address(bound_host, bound_port)

    async def stop(self) -> None:
        """Takes no more clients, sends the last words, closes with 1001. Takes three seconds at most."""
        if self._server is None or self._stopping:
            return
        self._stopping = True
        self._server.close(close_connections=False)
        await self._rooms.finish(FINALS_S)
        for connection in tuple(self._connections):
            connection.close(1001, "the server stops")
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._server.wait_closed()
        except TimeoutError:
            for transport in tuple(self._transports):
                if isinstance(transport, asyncio.WriteTransport):
                    transport.abort()
            await self._server.wait_closed()

    def stats(self) -> dict[str, Any]:
        """What ``/stats`` tells."""
        roles = [connection.role for connection in self._connections]
        return {
            "ready": not self._stopping,
            "sessions": self._rooms.sessions,
            "rooms": sum(1 for _ in self._rooms),
            "connections": len(self._connections),
            "speakers": roles.count("speaker"),
            "listeners": roles.count("listener"),
            **self._metrics.as_dict(),
        }

    async def _serve(self, socket_: ServerConnection) -> None:
        connection = Connection(socket_, self._rooms, self._config, self._metrics)
        most = self._config.limits.connections
        full = len(self._connections) >= most
        self._connections.add(connection)
        self._metrics.counts["connections_total"] += 1
        try:
            await connection.run(refuse=Busy(f"all {most} connections are taken; try again later") if full else None)
        finally:
            self._connections.discard(connection)
