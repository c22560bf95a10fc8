"""How long to wait before the next child is started. Pure."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next start: the caller brings the time.

    A child that lived ``steady_s`` starts afresh; otherwise each wait is twice the one before, up to ``most_s``.
    """

    first_s: float = 0.0
    next_s: float = 0.5
    most_s: float = 30.0
    steady_s: float = 60.0
    failures: int = 0
    """Children in a row that died young."""

    def after(self, lived_s: float) -> float:
        """Seconds to wait after the death of a child that lived ``lived_s``."""
        self.failures = 1 if lived_s >= self.steady_s else self.failures + 1
        if self.failures == 1:
            return self.first_s
        return float(min(self.next_s * 2 ** min(self.failures - 2, 30), self.most_s))
