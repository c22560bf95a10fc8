"""A listening socket that admits a bounded number of connections, and lets the rest wait in the kernel."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from translate.server.http.pending import Peer, PendingConnections
from translate.tasks import Supervisor

__all__ = ["GuardedSocket"]

_TURN: Final = 32  # connections in one turn of the event loop
_FULL_S: Final = 0.05
"""So long no connection is accepted when too many are pending."""
_TROUBLE_S: Final = 1.0
"""The same when the system has no more file numbers or memory for a connection."""

log = logging.getLogger(__name__)


class GuardedSocket(socket.socket):
    """What asyncio takes for a listening socket.

    It is one end of a pair that becomes readable when a connection has been admitted. asyncio would accept every
    connection, and cannot be told to pause; hundreds of phones that come back at once would all be pending together.

    Args:
        listening: bound, listens; taken over.
        pending: decides which connections are admitted.
    """

    def __init__(self, listening: socket.socket, pending: PendingConnections) -> None:
        ours, self._wake = socket.socketpair()
        super().__init__(ours.family, ours.type, ours.proto, fileno=ours.detach())
        self._wake.setblocking(False)
        self._listening = listening
        self._pending = pending
        self._admitted: deque[tuple[socket.socket, Peer]] = deque()
        self._tasks = Supervisor("listening socket")
        self._pause = self._tasks.timer(self._resume, "pause")

    def listen(self, backlog: int = 0, /) -> None:
        """Accepts connections from now on."""
        self._resume()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection that was admitted. Raises ``BlockingIOError``: there is none now."""
        self.recv(1)
        return self._admitted.popleft()

    def getsockname(self) -> Any:
        """Where it really listens."""
        return self._listening.getsockname()

    def close(self) -> None:
        """Accepts no more connections."""
        is_paused = self._pause.is_running
        self._tasks.close()
        if not is_paused and self._listening.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listening)
        for one in (self._listening, self._wake, *(one for one, _ in self._admitted)):
            one.close()
        super().close()

    def _resume(self) -> None:
        asyncio.get_running_loop().add_reader(self._listening, self._accept_waiting)

    def _wait(self, pause_s: float) -> None:
        asyncio.get_running_loop().remove_reader(self._listening)
        self._pause.start(pause_s)

    def _accept_waiting(self) -> None:
        for _ in range(_TURN):
            if self._pending.is_full:
                self._wait(_FULL_S)
                return
            try:
                accepted, peer = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("cannot take a connection: %s", error.strerror)
                self._wait(_TROUBLE_S)
                return
            one = _PendingSocket(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
            if self._pending.add(peer, one):
                one.closed = partial(self._pending.remove, peer)
                self._admitted.append((one, peer))
                self._wake.send(b"\0")
            else:
                one.close()


class _PendingSocket(socket.socket):
    """A connection that tells when it is closed."""

    closed: Callable[[], None] = staticmethod(lambda: None)

    def close(self) -> None:
        super().close()
        self.closed()
