"""The server's session clock, seen from here."""

from __future__ import annotations

from translate.latency import SessionClock
from translate.protocol import Pong

__all__ = ["ServerClock"]


class ServerClock(SessionClock):
    """The server's session clock, as far as pings tell."""

    def __init__(self) -> None:
        super().__init__()
        self.offset_ms = 0.0
        self._best_ms = float("inf")

    def now_ms(self) -> float:
        return super().now_ms() + self.offset_ms

    def local_ms(self) -> float:
        """This machine's time, zero at the beginning."""
        return super().now_ms()

    def pong(self, pong: Pong) -> None:
        """Half of the shortest round trip is the best guess of the way."""
        here_ms = self.local_ms()
        round_ms = here_ms - pong.client_ms
        if round_ms <= self._best_ms:
            self._best_ms = round_ms
            self.offset_ms = pong.server_ms - (pong.client_ms + here_ms) / 2

    def restart(self) -> None:
        """Another session, another zero."""
        self._best_ms = float("inf")
