"""Number of threads for training, by how many cores other processes use.

A step ends with its slowest thread, so one thread on a busy core slows all of them down.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch

__all__ = ["Pacer"]

_STAT = Path("/proc/stat")
_TICKS_PER_SECOND = 100


def _others_seconds() -> float:
    """CPU seconds that all other processes have used so far."""
    user, nice, system = _STAT.read_text(encoding="ascii").split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / _TICKS_PER_SECOND - time.process_time()


class Pacer:
    """Sets torch's threads between 1 and ``most`` every few seconds, when the machine says how busy it is (Linux)."""

    def __init__(self, most: int, *, cores: int = 0, every_seconds: float = 3.0) -> None:
        self._most = most
        self._cores = cores or os.cpu_count() or 1
        self._every = every_seconds
        self._known = _STAT.exists() and most > 1
        self._time = time.monotonic()
        self._used = _others_seconds() if self._known else 0.0
        torch.set_num_threads(most)

    def tick(self) -> None:
        """Call once a step."""
        now = time.monotonic()
        if not self._known or now - self._time < self._every:
            return
        used = _others_seconds()
        others = (used - self._used) / (now - self._time)
        self._time, self._used = now, used
        wanted = max(1, min(self._most, round(self._cores - others)))
        if wanted != torch.get_num_threads():
            torch.set_num_threads(wanted)
