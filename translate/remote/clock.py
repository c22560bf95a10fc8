"""The server's session clock, seen from here."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from translate.latency import SessionClock
from translate.protocol import Pong

__all__ = ["ServerClock"]

_EXCHANGES: Final = 32
"""Only the latest count: two clocks run apart by seconds a day."""


class ServerClock(SessionClock):
    """The server's session clock, as far as pings tell (Cristian's algorithm).

    Args:
        now_s: a monotonic clock in seconds; tests inject their own.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now_s)
        self._exchanges: deque[tuple[float, float]] = deque(maxlen=_EXCHANGES)
        """Round trip and offset of each, in milliseconds."""
        self._offset_ms = 0.0

    def now_ms(self) -> float:
        return super().now_ms() + self._offset_ms

    def local_ms(self) -> float:
        """This machine's time, zero at the beginning."""
        return super().now_ms()

    def pong(self, pong: Pong) -> None:
        """Of the latest exchanges, half of the shortest round trip is the best guess of the way."""
        here_ms = self.local_ms()
        self._exchanges.append((here_ms - pong.client_ms, pong.server_ms - (pong.client_ms + here_ms) / 2))
        self._offset_ms = min(self._exchanges)[1]

    def restart(self) -> None:
        """Another session, another zero."""
        self._exchanges.clear()
