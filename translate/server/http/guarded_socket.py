"""A listening socket with a guard: asks the lobby about every connection, and lets the rest wait in the kernel."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from translate.server.http.pending import Lobby, Peer

__all__ = ["GuardedSocket"]

_TURN: Final = 32  # connections in one turn of the event loop
_FULL_S: Final = 0.05
"""So long nobody is let in when the lobby is full."""
_TROUBLE_S: Final = 1.0
"""The same when the system has no more file numbers or memory for a connection."""

log = logging.getLogger(__name__)


class GuardedSocket(socket.socket):
    """What asyncio takes for a listening socket.

    It is one end of a pair that becomes readable when somebody has been let in. asyncio would accept whoever comes, and
    cannot be told to pause; a hall full of phones that come back at once would be in the lobby together.

    Args:
        listening: bound, listens; taken over.
        lobby: who may stay.
    """

    def __init__(self, listening: socket.socket, lobby: Lobby) -> None:
        ours, self._bell = socket.socketpair()
        super().__init__(ours.family, ours.type, ours.proto, fileno=ours.detach())
        self._bell.setblocking(False)
        self._listening = listening
        self._lobby = lobby
        self._admitted: deque[tuple[socket.socket, Peer]] = deque()
        self._pause: asyncio.TimerHandle | None = None

    def listen(self, backlog: int = 0, /) -> None:
        """Lets people in from now on."""
        self._resume()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next one who was let in. Raises ``BlockingIOError``: there is none now."""
        self.recv(1)
        return self._admitted.popleft()

    def getsockname(self) -> Any:
        """Where it really listens."""
        return self._listening.getsockname()

    def close(self) -> None:
        """Lets nobody in any more."""
        if self._pause is not None:
            self._pause.cancel()
        elif self._listening.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listening)
        for one in (self._listening, self._bell, *(guest for guest, _ in self._admitted)):
            one.close()
        super().close()

    def _resume(self) -> None:
        self._pause = None
        asyncio.get_running_loop().add_reader(self._listening, self._let_in)

    def _wait(self, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        self._pause = loop.call_later(pause_s, self._resume)

    def _let_in(self) -> None:
        for _ in range(_TURN):
            if self._lobby.is_full:
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
            guest = _Guest(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
            if self._lobby.enter(peer, guest):
                guest.gone = partial(self._lobby.leave, peer)
                self._admitted.append((guest, peer))
                self._bell.send(b"\0")
            else:
                guest.close()


class _Guest(socket.socket):
    """A connection that tells when it is closed."""

    gone: Callable[[], None] = staticmethod(lambda: None)

    def close(self) -> None:
        super().close()
        self.gone()
