"""Median, 95th percentile and worst of what was measured. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Spread"]


@dataclass(frozen=True, slots=True)
class Spread:
    """How measured values spread; ``worst`` is the largest. In the unit of the values."""

    count: int
    median: float
    p95: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """The spread of ``values``, percentiles interpolated linearly; ``None`` of nothing."""
        if not len(values):
            return None
        median, p95, worst = (float(v) for v in np.percentile(np.asarray(values, float), (50, 95, 100)))
        return cls(len(values), median, p95, worst)
