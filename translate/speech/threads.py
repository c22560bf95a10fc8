"""How many threads pay for an inference of Whisper, and how many inferences at once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["Lanes", "lanes_for", "lanes_of", "threads_for"]

_SMALL_BYTES: Final = 200_000_000
"""Models up to base (145 MB in half precision). They decode a token in less time than a second thread takes to wake:
on two cores an update of base takes 165 ms, and 212 of CPU, with one thread, 218 and 324 with two; with a beam of
5 it takes 296 and 532 ms. The encoder alone would gain a little: 46 and 40 ms."""
_MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Lanes:
    """How recognition shares the machine: ``count`` sessions at once, each with ``threads``."""

    count: int
    threads: int
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)


def threads_for(folder: Path, wanted: int) -> int:
    """Threads for the model in ``folder``.

    Args:
        wanted: by the settings; 0: as many as pay. Where there is no model, loading it will say so.
    """
    if wanted:
        return wanted
    model = folder / "model.bin"
    is_small = not model.is_file() or model.stat().st_size < _SMALL_BYTES
    return 1 if is_small else min(_MOST, os.cpu_count() or 1)


def lanes_for(threads: int) -> int:
    """How many sessions may be recognised at once, with ``threads`` each, before they are in each other's way."""
    return max(1, min(_MOST, (os.cpu_count() or 1) // threads))


def lanes_of(folder: Path, wanted: int) -> Lanes:
    """How recognition with the model in ``folder`` shares this machine; ``wanted`` as for :func:`threads_for`."""
    threads = threads_for(folder, wanted)
    return Lanes(lanes_for(threads), threads)
