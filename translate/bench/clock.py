"""The clocks of a measurement: real time, or a virtual time that charges what was computed.

On the virtual clock, waiting costs nothing and computing costs what it took. The very same session runs on it: only the
event loop differs. A machine that needs 0.3 s for a second of speech gets through an hour in 18 minutes, a machine that
needs 2 s shows how it falls behind. What other processes do while the session would only wait does not count, and what
they take from its computing counts as little as can be (see :mod:`translate.bench.stopwatch`).

Calls to engines are charged one after the other, as if the machine did one at a time: with more cores than one
inference uses, real time is better than what this clock says.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Literal, TypeVar

from translate.bench.stopwatch import Stopwatch

__all__ = ["Clock", "VirtualLoop", "run"]

Clock = Literal["real", "virtual"]
T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps over every wait and moves on by what is computed.

    Args:
        stopwatch: says what to charge for a computation. Tests inject their own.
    """

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        self._now_s = 0.0
        self._since_s = stopwatch.loop_s()
        """Stopwatch reading up to which all work is in ``_now_s``."""
        self._engines_free_s = 0.0
        super().__init__(_Selector(self._jump))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s + self._stopwatch.loop_s() - self._since_s

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run ``func`` now, and hand over its result when a machine that does one call at a time would have it.

        Calls for the default executor (``None``: files, sockets) are not charged.
        """
        future: asyncio.Future[T] = self.create_future()
        began_s, stop = self._stopwatch.loop_s(), self._stopwatch.start()
        result: T | None = None
        failure: Exception | None = None
        try:
            result = func(*args)
        except Exception as error:  # handed to whoever awaits it
            failure = error
        took_s = stop()
        self._since_s += self._stopwatch.loop_s() - began_s  # the loop itself did not work meanwhile
        due_s = self.time()
        if executor is not None:
            due_s = self._engines_free_s = max(due_s, self._engines_free_s) + took_s
        self.call_at(due_s, _settle, future, result, failure)
        return future

    def _jump(self, wait_s: float) -> None:
        self._now_s = self.time() + wait_s
        self._since_s = self._stopwatch.loop_s()


def _settle(future: asyncio.Future[Any], result: Any, failure: Exception | None) -> None:
    if future.done():  # cancelled
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for a time to come, says that it has come."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # only something from outside can go on with this
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self._jump(max(0.0, timeout))
        return ready


def run(main: Coroutine[Any, Any, T], clock: Clock, stopwatch: Stopwatch | None = None) -> T:
    """The result of ``main``, run on ``clock``."""
    factory = (lambda: VirtualLoop(stopwatch or Stopwatch())) if clock == "virtual" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)
