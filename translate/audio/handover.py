"""From the sound card's thread to the event loop: bounded, and never waiting in the thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["Block", "Handover"]


@dataclass(frozen=True, slots=True)
class Block:
    """What one callback brought; ``frames`` is ``None`` where there was no room for them."""

    frames: npt.NDArray[np.float32] | None
    count: int
    """Frames, kept or lost."""
    captured_ms: float
    """Session-clock time at which the last frame was captured."""
    received_ms: float
    flagged: bool = False
    """The driver says that sound was lost before this block."""


class Handover:
    """A queue of blocks with one writer thread and one reader task.

    Args:
        loop: the reader's event loop.
        limit_ms: the longest time between the oldest block kept and the newest.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_ms: float) -> None:
        self._loop = loop
        self._limit_ms = limit_ms
        self._blocks: deque[Block] = deque()
        self._lock = threading.Lock()
        self._news = asyncio.Event()
        self._over = False

    def put(self, block: Block) -> None:
        """Hand over a block, in any thread; without room, only its length is kept."""
        with self._lock:
            if self._blocks and block.received_ms - self._blocks[0].received_ms > self._limit_ms:
                last = self._blocks[-1]
                if last.frames is None:
                    self._blocks[-1] = replace(block, frames=None, count=last.count + block.count)
                else:
                    self._blocks.append(replace(block, frames=None))
                return
            self._blocks.append(block)
        self._tell()

    def end(self) -> None:
        """Nothing more will come: :meth:`get` need not wait for it. In any thread."""
        self._over = True
        self._tell()

    async def get(self, timeout_ms: float) -> Block | None:
        """The oldest block; ``None`` if there is none in time, and once after :meth:`end`."""
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                while not self._blocks and not self._over:
                    self._news.clear()
                    await self._news.wait()  # may be old news, of a block that was taken without waiting
        except TimeoutError:
            return None
        with self._lock:
            if self._blocks:
                return self._blocks.popleft()
        self._over = False
        return None

    def _tell(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the loop was closed without closing the source: nobody is there to hear
            self._over = True
