"""What this process and those that it started use: CPU time and memory. Elsewhere than on Linux: our own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Usage", "descendants", "family_cpu_s", "family_rss_bytes", "rss_bytes", "usage_of"]

_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process, or several together, hold."""

    rss_bytes: int
    handles: int
    threads: int
    cpu_s: float


def usage_of(pids: Iterable[int]) -> Usage:
    """What these processes hold together, as far as they live; pages that they share count for each. Linux only."""
    total = [0, 0, 0, 0]
    for pid in pids:
        try:
            words = _stat(pid)
            handles = sum(1 for _ in (_PROC / str(pid) / "fd").iterdir())
        except OSError:  # it has ended
            continue
        # Fields of proc(5), counted from the third: 14 utime, 15 stime, 20 num_threads, 24 rss.
        now = (int(words[21]), handles, int(words[17]), int(words[11]) + int(words[12]))
        total = [a + b for a, b in zip(total, now, strict=True)]
    pages, handles, threads, ticks = total
    return Usage(pages * os.sysconf("SC_PAGE_SIZE"), handles, threads, ticks / os.sysconf("SC_CLK_TCK"))


def family_cpu_s() -> float:
    """CPU seconds of this process, of its children that have ended, and of all that descend from it and live."""
    ended = os.times()
    ticks = sum(_ticks(pid) for pid in descendants(os.getpid()))
    own_s = time.process_time() + ended.children_user + ended.children_system
    return own_s + (ticks / os.sysconf("SC_CLK_TCK") if ticks else 0.0)


def rss_bytes() -> int | None:
    """Resident memory of this process; ``None`` where the system does not say."""
    try:
        return _pages(os.getpid()) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def family_rss_bytes() -> int | None:
    """Resident memory of this process and all that descend from it; pages that they share count for each."""
    try:
        pages = [_pages(pid) for pid in (os.getpid(), *descendants(os.getpid()))]
    except OSError:
        return None
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> Iterator[int]:
    """Processes that ``pid`` has started, and those that they have, as far as they live."""
    for path in _PROC.glob(f"{pid}/task/*/children"):
        try:
            children = [int(word) for word in path.read_text("ascii").split()]
        except OSError:  # the thread has ended meanwhile
            continue
        for child in children:
            yield child
            yield from descendants(child)


def _ticks(pid: int) -> int:
    """Of a process and its ended children; 0 if it has ended itself: then it is among the parent's."""
    try:
        return sum(map(int, _stat(pid)[11:15]))
    except OSError:
        return 0


def _stat(pid: int) -> list[str]:
    """The fields from the third on: the second, the name, may have spaces in it."""
    return (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()


def _pages(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text("ascii").split()[1])
    except FileNotFoundError:
        if pid == os.getpid():
            raise
        return 0  # it has ended meanwhile
