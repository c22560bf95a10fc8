"""An event loop on which waiting takes no time, so that tests of timers are quick and come out the same every time."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["VirtualTimeLoop", "settled", "virtual_time"]


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time stands still while callbacks run, and jumps to the next timer when none can. Threads run inline."""

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__(_Selector(self._jump))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.now_s

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Calls ``func`` at once; the result is there in the next turn of the loop."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    @property
    def is_settled(self) -> bool:
        """Whether nothing can run before time passes, but for the caller."""
        return not self._ready  # type: ignore[attr-defined]

    def _jump(self, wait_s: float) -> None:
        self.now_s += wait_s


class _Selector(selectors.DefaultSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and for no timer: nothing would ever happen")
        if timeout > 0:
            self._jump(timeout)
        return []


async def settled(most_turns: int = 10_000) -> None:
    """Waits until nothing can run before time passes."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    for _ in range(most_turns):
        await asyncio.sleep(0)
        if loop.is_settled:
            return
    raise AssertionError("something runs without end and without waiting")


def virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Decorator: runs an asynchronous test on a loop of its own with virtual time, at most an hour of it."""

    @functools.wraps(test)
    def run(*args: Any, **named: Any) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(3600):
                await test(*args, **named)

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(bounded())

    return run
