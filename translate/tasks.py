"""Supervision of asyncio tasks and timers: each has one owner, which ends it and hears of its failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["Supervisor", "Timer", "is_cancelled", "reporting"]

T = TypeVar("T")

log = logging.getLogger(__name__)

Failed = Callable[[str, Exception], None]
"""Called with the name of a task or timer and the exception that ended it."""


class Supervisor:
    """Owns the tasks and timers of one object, such as a room or a connection. Belongs to one event loop.

    An exception that ends a task or a timer's call is reported once to ``failed``; cancellation is not reported.

    Args:
        name: in log messages.
        failed: called with each failure; ``None``: failures are logged.
    """

    def __init__(self, name: str, failed: Failed | None = None) -> None:
        self._name = name
        self._failed = failed if failed is not None else self._log
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[Timer] = set()
        """Those that run; one that does not is nobody's to keep."""
        self._closed = False

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the tasks and timers that run, sorted."""
        timers = (timer.name for timer in self._timers)
        return tuple(sorted([*(task.get_name() for task in self._tasks), *timers]))

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Runs ``work`` as a task until it ends or the supervisor is closed.

        Raises:
            RuntimeError: the supervisor is closed.
        """
        if self._closed:
            work.close()
            raise RuntimeError(f"{self._name} is closed; it cannot start {name}")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, work: Callable[[], Coroutine[Any, Any, None]], name: str, *, pause_s: float) -> asyncio.Task[None]:
        """Runs ``work()`` as a task; each time it fails, reports that and runs it again ``pause_s`` later.

        Raises:
            RuntimeError: the supervisor is closed.
        """

        async def run() -> None:
            while True:
                try:
                    return await work()
                except Exception as error:  # reported to the owner
                    self._report(name, error)
                await asyncio.sleep(pause_s)

        return self.start(run(), name)

    def timer(self, call: Callable[[], None], name: str) -> Timer:
        """A timer that is not started yet. After :meth:`close` it never fires."""
        return Timer(call, name, self)

    def stop(self, task: asyncio.Task[None]) -> None:
        """Cancels one task; does not wait for it."""
        task.cancel()

    def close(self) -> None:
        """Cancels all timers and all tasks but the calling one, and starts no more. Does not wait. Idempotent."""
        self._closed = True
        for timer in tuple(self._timers):
            timer.stop()
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def aclose(self) -> None:
        """Closes, and waits until all tasks but the calling one have ended."""
        self.close()
        others = self._tasks - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._report(task.get_name(), error)

    def _report(self, name: str, error: Exception) -> None:
        try:
            self._failed(name, error)
        except Exception:
            kind = type(error).__name__
            log.exception("%s: the failure of %s (%s) could not be handled", self._name, name, kind)

    def _log(self, name: str, error: Exception) -> None:
        log.error("%s: %s failed", self._name, name, exc_info=error)


class Timer:
    """Calls back once, some time after :meth:`start`; made by :meth:`Supervisor.timer`."""

    def __init__(self, call: Callable[[], None], name: str, owner: Supervisor) -> None:
        self.name = name
        self._call = call
        self._owner = owner
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has neither fired nor been stopped."""
        return self._handle is not None

    def start(self, delay_s: float) -> None:
        """Fires ``delay_s`` from now; an earlier start no longer counts. Ignored once the owner is closed."""
        self.stop()
        if not self._owner._closed:
            self._handle = asyncio.get_running_loop().call_later(delay_s, self._fire)
            self._owner._timers.add(self)

    def stop(self) -> None:
        """Does not fire. Idempotent."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._owner._timers.discard(self)

    def _fire(self) -> None:
        self.stop()
        try:
            self._call()
        except Exception as error:
            self._owner._report(self.name, error)


async def reporting(work: Awaitable[T], report: Callable[[], Awaitable[None]], *, every_s: float) -> T:
    """The result of ``work``; while it runs, ``report`` is called every ``every_s`` seconds.

    Cancelled, or left by an error of ``report``: ``work`` is cancelled, too.
    """
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=every_s))[0]:
            await report()
    finally:
        task.cancel()
    return await task


def is_cancelled() -> bool:
    """In a handler of ``CancelledError``: whether somebody cancels this task, and not something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
