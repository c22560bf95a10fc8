"""How long stages take, of all time and of late, in memory that does not grow. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final

__all__ = ["Delays", "Histogram"]

_LOWEST_MS: Final = 0.1
_STEP: Final = 1.1  # so a quantile is right within 10 %
_BUCKETS: Final = 150  # up to 0.1 ms * 1.1^149, about two and a half minutes
_COARSE: Final = 7  # every seventh edge is about twice the one before
_WINDOW_S: Final = 300.0
"""What is recent: the last five to ten minutes. A service runs for months, and people ask how it is now."""


class Histogram:
    """Durations in milliseconds, counted in buckets that grow by a tenth each."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.sum_ms = 0.0
        self.max_ms = 0.0

    def add(self, value_ms: float) -> None:
        """Counts one duration; a negative one (clocks that disagree) counts as zero."""
        value_ms = max(0.0, value_ms)
        place = math.ceil(math.log(value_ms / _LOWEST_MS, _STEP)) if value_ms > _LOWEST_MS else 0
        self._counts[min(place, _BUCKETS - 1)] += 1
        self.count += 1
        self.sum_ms += value_ms
        self.max_ms = max(self.max_ms, value_ms)

    def __add__(self, other: Histogram) -> Histogram:
        """The durations of both."""
        both = Histogram()
        both._counts = [a + b for a, b in zip(self._counts, other._counts, strict=True)]
        both.count, both.sum_ms = self.count + other.count, self.sum_ms + other.sum_ms
        both.max_ms = max(self.max_ms, other.max_ms)
        return both

    def quantile(self, share: float) -> float:
        """A duration that ``share`` of all do not exceed, at most a tenth too long; 0 without any."""
        wanted = share * self.count
        seen = 0
        for place, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_LOWEST_MS * _STEP**place, self.max_ms)
        return 0.0

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Edges in seconds, each about twice the one before, and how many durations do not exceed them."""
        seen = 0
        for place, count in enumerate(self._counts[:-1]):  # the last one has no upper edge
            seen += count
            if place % _COARSE == 0:
                yield _LOWEST_MS * _STEP**place / 1000, seen

    def as_dict(self) -> dict[str, float]:
        """Count, mean, quantiles and maximum in milliseconds."""
        mean = self.sum_ms / self.count if self.count else 0.0
        quantiles = {f"p{round(share * 100)}": self.quantile(share) for share in (0.5, 0.95, 0.99)}
        named = {"mean": mean, **quantiles, "max": self.max_ms}
        return {"count": self.count, **{name: round(value, 1) for name, value in named.items()}}


class Delays:
    """Durations by stage.

    Args:
        clock_s: monotonic seconds.
    """

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self.all_time: dict[str, Histogram] = {}
        self._before: dict[str, Histogram] = {}
        """Of the window before."""
        self._now: dict[str, Histogram] = {}
        self._since_s = clock_s()

    def add(self, stage: str, value_ms: float) -> None:
        """Counts one duration of ``stage``."""
        # A window ends only when there is something for the next: while nothing happens, the last that did is told.
        if self._clock_s() - self._since_s >= _WINDOW_S:
            self._before, self._now, self._since_s = self._now, {}, self._clock_s()
        for counted in (self.all_time, self._now):
            counted.setdefault(stage, Histogram()).add(value_ms)

    @property
    def recent(self) -> Mapping[str, Histogram]:
        """Durations of the last minutes in which there were any."""
        stages = {**self._before, **self._now}
        return {name: self._before.get(name, Histogram()) + self._now.get(name, Histogram()) for name in stages}
