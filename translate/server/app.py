"""The server: pages and WebSocket on one port, from start to a stop that loses nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import ServerConnection

from translate.config import Config
from translate.errors import Busy
from translate.protocol import LISTENER, SPEAKER
from translate.protocol.closing import CLOSE_S
from translate.resources import web_folder
from translate.server.access.caller import Caller
from translate.server.access.gate import Gate
from translate.server.backend import Backend
from translate.server.http.open_files import allow_open_files
from translate.server.http.site import Site
from translate.server.http.static import Pages
from translate.server.metrics.exposition import exposition
from translate.server.metrics.metrics import Load, Metrics
from translate.server.network import Address, Network
from translate.server.rooms.connection import Connection
from translate.server.rooms.rooms import Rooms

__all__ = ["Address", "Server"]

FINALS_S: Final = 2.0
"""Time that sessions have for their last words when the server stops."""
_RETRY_S: Final = 30.0


class Server:
    """A server that has not started, runs, or has stopped.

    Args:
        config: settings.
        backend: opens sessions.
        web: folder of the pages; ``None``: those that ship.
        gate: who may come in; ``None``: see :class:`~translate.server.network.Network`.

    Raises:
        StateError: keys or tokens cannot be read or kept.
    """

    def __init__(self, config: Config, backend: Backend, *, web: Path | None = None, gate: Gate | None = None) -> None:
        self._config = config
        self._backend = backend
        self._metrics = Metrics()
        self._metrics.load = self.load
        self._metrics.restarts = backend.restarts
        self._rooms = Rooms(config, backend, self._metrics)
        self._connections: set[Connection] = set()
        self._address: Address | None = None
        self._stopping = False
        self._network = Network(config, refused=lambda: self._count("refused_connects_total"), gate=gate)
        self._site = Site(
            Pages(web or web_folder()),
            self._network.access,
            authority=self._network.authority,
            info=self._network.info,
            hosts=self._network.hosts(),
            origins=self._network.origins(),
            is_ready=lambda: not self._stopping and self.trouble() is None,
            stats=self.stats,
            metrics=lambda: exposition(self._metrics),
            languages=self._rooms.offer.as_json,
        )

    async def start(self) -> Address:
        """Listens from now on.

        Raises:
            AddressError: an address or a port cannot be used.
        """
        allow_open_files(self._config.limits.connections)
        self._address = await self._network.open(self._serve, self._site.respond)
        return self._address

    async def stop(self) -> None:
        """Takes no more clients, sends the last words, closes with 1001. Takes three seconds at most."""
        if self._address is None or self._stopping:
            return
        self._stopping = True
        self._network.close()
        await self._rooms.finish(FINALS_S)
        for connection in tuple(self._connections):
            connection.close(1001, "the server stops")
        await self._network.wait_closed(CLOSE_S)
        await self._rooms.aclose()

    @property
    def network(self) -> Network:
        """Who may come in, and how."""
        return self._network

    @property
    def metrics(self) -> Metrics:
        """What it counts."""
        return self._metrics

    def reconfigure(self, config: Config) -> None:
        """Takes over settings that need no restart (see :func:`translate.config.reload.merge`)."""
        self._config = config
        self._rooms.reconfigure(config)

    def stuck(self) -> str | None:
        """What has stood still for longer than ``service.stuck_ms``, for the log; ``None``: nothing."""
        for room in self._rooms:
            if room.live is not None and room.live.stalled_ms > self._config.service.stuck_ms:
                return f"session {room.live.id} has stood still for {room.live.stalled_ms / 1000:.0f} s"
        return None

    def trouble(self) -> str | None:
        """Why no session can be expected to go well; ``None``: they can."""
        return self.stuck() or self._rooms.broken

    def load(self) -> Load:
        """What it has to do now."""
        present = tuple(self._connections)
        read = [lang for one in present if one.role == LISTENER for lang in one.targets or ("spoken",)]
        return Load(
            ready=not self._stopping and self.trouble() is None,
            sessions=self._rooms.sessions,
            rooms=sum(1 for _ in self._rooms),
            connections=Counter(one.role or "unknown" for one in present),
            listeners=Counter(read),
            model=str(getattr(self._backend, "model", "")),
        )

    def stats(self) -> dict[str, Any]:
        """What ``/stats`` tells."""
        load = self.load()
        return {
            "ready": load.ready,
            "stuck": self.trouble(),
            "capacity": self._rooms.most,
            "sessions": load.sessions,
            "rooms": load.rooms,
            "connections": len(self._connections),
            "speakers": load.connections.get(SPEAKER, 0),
            "listeners": load.connections.get(LISTENER, 0),
            "listeners_by_language": dict(sorted(load.listeners.items())),
            "model": load.model,
            "cost": self._rooms.cost(),
            **self._metrics.as_dict(),
        }

    def _count(self, name: str) -> None:
        self._metrics.counts[name] += 1

    async def _serve(self, socket_: ServerConnection) -> None:
        gate = self._network.access.gate_for(Caller.of(socket_.transport))
        connection = Connection(socket_, self._rooms, self._config, self._metrics, gate, self.stats)
        most = self._config.limits.connections
        full = len(self._connections) >= most
        self._connections.add(connection)
        self._metrics.counts["connections_total"] += 1
        try:
            refusal = Busy(f"all {most} connections are taken", retry_after_s=_RETRY_S)
            await connection.run(refuse=refusal if full else None)
        finally:
            self._connections.discard(connection)
