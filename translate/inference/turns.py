"""Fair turns at an engine: so many calls at a time, first come first served, never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from translate.inference.errors import WorkerStopped
from translate.tasks import is_cancelled

__all__ = ["Turns"]

T = TypeVar("T")


class Turns:
    """The worker threads of an engine. Every session waits for at most one call, so the order of asking is fair.

    CTranslate2 releases the GIL while it computes.

    Args:
        name: of the threads.
        lanes: calls at a time; more than the machine has cores for would only make all slower.
    """

    def __init__(self, name: str, lanes: int = 1) -> None:
        self._executor = ThreadPoolExecutor(max_workers=lanes, thread_name_prefix=name)

    async def run(self, call: Callable[[], T]) -> T:
        """The result of ``call``, run in a thread of its own. Cancelled: the call ends, and its result is dropped.

        Raises:
            WorkerStopped: closed.
        """
        try:
            turn = asyncio.get_running_loop().run_in_executor(self._executor, call)
        except RuntimeError as error:  # the executor's word for "shut down"
            raise WorkerStopped("the engines were closed") from error
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled() and not is_cancelled():
                raise WorkerStopped("the engines were closed") from None
            raise

    def close(self) -> None:
        """Let the running calls end; take no more. Idempotent."""
        self._executor.shutdown(wait=False, cancel_futures=True)
