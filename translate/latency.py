"""The session clock, and the mapping from a remote speaker's sample positions to it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from translate.events import RATE_HZ

__all__ = ["CaptureClock", "SessionClock", "ms_of"]


def ms_of(position: int) -> float:
    """The place of a sample position in the stream, in milliseconds."""
    return position * 1000 / RATE_HZ


class SessionClock:
    """Monotonic milliseconds, zero when the session starts.

    Args:
        now_s: a monotonic clock in seconds; tests inject their own.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._start_s = now_s()

    def now_ms(self) -> float:
        """Milliseconds since the session started."""
        return (self._now_s() - self._start_s) * 1000


class CaptureClock:
    """When a sample was captured, for a live source that only says which sample it is.

    A chunk can arrive late but never before it was spoken, so the least ``arrival - length of the stream so far`` seen
    lately is the best estimate of the moment when the stream's first sample was captured. Only lately: a sender whose
    sound card runs slow, or that pauses, moves that moment. What the network takes at its fastest cannot be told from
    the speaker's clock alone and is not counted; clients measure it with ping and pong.
    """

    def __init__(self, window_ms: float = 30_000) -> None:
        self._window_ms = window_ms
        self._lately = [math.inf, math.inf]
        """The least offset of the window before, and of this one."""
        self._since_ms = -math.inf

    def capture_ms(self, end: int, received_ms: float) -> float:
        """Session-clock time of the sample before position ``end``, which arrived at ``received_ms``."""
        if received_ms - self._since_ms >= self._window_ms:
            self._lately = [self._lately[1], math.inf]
            self._since_ms = received_ms
        self._lately[1] = min(self._lately[1], received_ms - ms_of(end))
        return min(self._lately) + ms_of(end)
