"""Which pipes of the engines' process no call uses now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from queue import LifoQueue

from translate.inference.messages import Load

__all__ = ["FreeLanes"]


class FreeLanes:
    """The free lanes of each engine; the one used last comes first. Every method may be called from any thread."""

    def __init__(self, engines: Mapping[str, Load]) -> None:
        self._free: dict[str, LifoQueue[int]] = {name: LifoQueue() for name in engines}
        for name, load in engines.items():
            for lane in reversed(range(load.lanes)):
                self._free[name].put(lane)

    @contextlib.contextmanager
    def taken(self, engine: str) -> Iterator[int]:
        """A lane of ``engine`` that nobody else has; waits for one."""
        lane = self._free[engine].get()
        try:
            yield lane
        finally:
            self._free[engine].put(lane)
