"""Pending connections, which have been accepted and are no WebSocket yet: bounds on how many, and how often.

One address that connects a hundred times a second, opens connections and says nothing, or says it a byte a second,
must not keep others out. Refusal happens at once, before a TLS handshake costs anything.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from translate.config import Limits
from translate.server.access.rate_limiter import RateLimiter

__all__ = ["Peer", "PendingConnections"]

BURST_S: Final = 10
"""So many seconds' worth of connections may come at once: a page is some forty requests, over some six of them."""
PATIENCE_S: Final = 5.0
"""A connection pending for so long is closed when there are too many; before that, others wait in the kernel."""
_HERE: Final = ("127.0.0.1", "::1")  # who can connect from here can do worse than connect often

Peer = tuple[Any, ...]
"""Address, port, and for IPv6 two numbers more."""


class _Pending(NamedTuple):
    connection: socket.socket
    since_s: float


class PendingConnections:
    """Counts pending connections; when there are too many, the oldest is closed.

    Args:
        limits: how many.
        limiter: how often; ``None``: as ``limits`` say.
        refused: called for every connection that is refused or closed for another.
        clock_s: monotonic seconds.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        limiter: RateLimiter | None = None,
        refused: Callable[[], None] = lambda: None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        if limiter is None:
            limiter = RateLimiter(limits.connects_per_s, BURST_S * limits.connects_per_s)
        self._limiter = limiter
        self._refused = refused
        self._clock_s = clock_s
        self._waiting: OrderedDict[Peer, _Pending] = OrderedDict()
        self._of_address: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no connection can be accepted now: there are too many, and none is old enough to be closed."""
        if len(self._waiting) < self._limits.unfinished:
            return False
        oldest = next(iter(self._waiting.values()))
        return self._clock_s() - oldest.since_s < PATIENCE_S

    def add(self, peer: Peer, connection: socket.socket) -> bool:
        """Adds a new connection, for which the oldest may be closed; whether it is admitted."""
        address = peer[0]
        if address not in _HERE:
            if not self._limiter.allow(address):
                self._refused()
                return False
            if self._of_address[address] >= self._limits.unfinished_per_address:
                self._evict(next(waiting for waiting in self._waiting if waiting[0] == address))
        if len(self._waiting) >= self._limits.unfinished:
            self._evict(next(iter(self._waiting)))
        self._waiting[peer] = _Pending(connection, self._clock_s())
        self._of_address[address] += 1
        return True

    def keep(self, peer: Peer | None) -> bool:
        """Whether one that has been answered may be kept to ask for more: that counts as another connection.

        No connection is kept for later while half of what may be pending is.
        """
        found = self._waiting.get(peer) if peer is not None else None
        if peer is None or found is None or 2 * len(self._waiting) > self._limits.unfinished:
            return False
        if peer[0] not in _HERE and not self._limiter.allow(peer[0]):
            return False
        self._waiting[peer] = found._replace(since_s=self._clock_s())
        self._waiting.move_to_end(peer)
        return True

    def remove(self, peer: Peer) -> None:
        """It has become a WebSocket, or is closed."""
        if self._waiting.pop(peer, None) is None:
            return
        self._of_address[peer[0]] -= 1
        if not self._of_address[peer[0]]:
            del self._of_address[peer[0]]

    def _evict(self, peer: Peer) -> None:
        with contextlib.suppress(OSError):
            self._waiting[peer].connection.shutdown(socket.SHUT_RDWR)  # its transport reads the end and closes it
        self.remove(peer)
        self._refused()
