"""How long a computation takes on a machine that does nothing else, measured on one that does.

Linux tells for each thread how long it was ready to run and had to wait for a core (``schedstat``). What the thread
that waited longest waited is taken off the time that passed. That is the least that other processes can have cost: two
threads that wait one after the other are charged for one of the waits. Elsewhere nothing is taken off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Stopwatch"]

_THREADS = Path("/proc/self/task")


class Stopwatch:
    """Two kinds of time, in seconds."""

    def loop_s(self) -> float:
        """CPU time of the calling thread: what an event loop itself has worked."""
        return time.thread_time()

    def start(self) -> Callable[[], float]:
        """Begin to time a call into an engine, whose threads may be many; what is returned ends it."""
        waited_s = _waited_s()
        began_s = time.perf_counter()

        def stop() -> float:
            took_s = time.perf_counter() - began_s
            lost_s = max((now - waited_s.get(thread, 0.0) for thread, now in _waited_s().items()), default=0.0)
            return max(0.0, took_s - lost_s)

        return stop


def _waited_s() -> dict[str, float]:
    """For each thread of this process, how long it has waited for a core."""
    found = {}
    try:
        for thread in _THREADS.iterdir():
            try:
                found[thread.name] = int((thread / "schedstat").read_bytes().split()[1]) / 1e9
            except (OSError, IndexError, ValueError):  # it ended meanwhile; or a kernel without these figures
                continue
    except OSError:  # not Linux
        return {}
    return found
