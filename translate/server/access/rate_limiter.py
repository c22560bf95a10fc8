"""How often an address may do something: token buckets in memory that does not grow."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["RateLimiter"]


class RateLimiter:
    """A bucket of ``burst`` tokens for every address, refilled at ``rate_per_s``.

    Args:
        rate_per_s: what an address may do in the long run.
        burst: what it may do at once.
        clock_s: monotonic seconds.
        addresses: how many are remembered; the one not seen for longest is forgotten, and so starts with a full bucket.
    """

    def __init__(
        self, rate_per_s: float, burst: float, *, clock_s: Callable[[], float] = time.monotonic, addresses: int = 4096
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock_s = clock_s
        self._most = addresses
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._buckets)

    def allow(self, address: str) -> bool:
        """Whether ``address`` may do it once more now; counts it if so."""
        left, now_s = self._left(address)
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left, now_s)
        self._buckets.move_to_end(address)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return allowed

    def wait_s(self, address: str) -> float:
        """Seconds until ``address`` may do it again; 0: now."""
        left, _ = self._left(address)
        return max(0.0, 1 - left) / self._rate_per_s

    def _left(self, address: str) -> tuple[float, float]:
        now_s = self._clock_s()
        left, then_s = self._buckets.get(address, (self._burst, now_s))
        return min(self._burst, left + max(0.0, now_s - then_s) * self._rate_per_s), now_s
