"""How often recognition updates: as often as asked, and less often before it falls behind. Pure."""

from __future__ import annotations

__all__ = ["Cadence"]

_BUSY_SHARE = 0.85
"""Updates may take this much of the time; the rest is for translation, and for what takes longer than the last one."""
_LONGEST_MS = 2000
_WEIGHT = 0.3
"""Of the newest update in the running mean: one slow update does not change the pace, three do."""


class Cadence:
    """New audio that is worth another update, in milliseconds.

    Args:
        wanted_ms: what the settings ask for; never less than this.
    """

    def __init__(self, wanted_ms: int) -> None:
        self._wanted_ms = wanted_ms
        self._mean_ms = 0.0

    @property
    def now_ms(self) -> int:
        """The cadence for the next update."""
        return max(self._wanted_ms, min(_LONGEST_MS, round(self._mean_ms / _BUSY_SHARE)))

    def took(self, update_ms: float) -> None:
        """An update took ``update_ms``, the wait for its turn included."""
        self._mean_ms += _WEIGHT * (update_ms - self._mean_ms)
