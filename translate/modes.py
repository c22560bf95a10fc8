"""How a translation is shown while its sentence is not over."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["CALM", "FAST", "Mode"]

Mode = Literal["fast", "calm"]
FAST: Final = "fast"
"""With the tail, which later revisions may replace."""
CALM: Final = "calm"
"""Only text that will not change any more."""
