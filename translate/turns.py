"""Fair turns at an engine: one call at a time, first come first served, never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Turns"]

T = TypeVar("T")


class Turns:
    """A worker thread of an engine. Every session waits for at most one call, so the order of asking is fair.

    CTranslate2 releases the GIL while it computes, and uses the threads that the engine was given for one call; a
    second call at the same time would only make both slower.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, call: Callable[[], T]) -> T:
        """The result of ``call``, run in the engine's thread. Cancelled: the call still ends, its result is dropped."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """Let the running call end; take no more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
