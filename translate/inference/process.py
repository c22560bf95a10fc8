"""Starts the process that the engines live in, watches it, makes lost calls again, and starts it again."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

from translate.inference.backoff import Backoff
from translate.inference.errors import WorkerError, WorkerStopped
from translate.inference.lanes import FreeLanes
from translate.inference.messages import Answer, Call, Load
from translate.inference.spawn import Child, spawn

__all__ = ["EngineProcess"]

log = logging.getLogger(__name__)

_RETRIES: Final = 2
"""Tries of a lost call before it is given up: it may be the call that kills the children."""


class EngineProcess:
    """The engines' process: one child after another. Every method may be called from any thread.

    A call takes the :class:`Child` once, and speaks to that one until it has its answer or has lost it. What a child
    keeps is named by random numbers, so that a call which names something of an earlier child is refused
    (:class:`~translate.inference.errors.NotKeptError`), and never gets what another session keeps.

    Args:
        engines: name -> how the child makes it.
        call_s: a call that takes longer hangs: the child is killed.
        backoff: see :class:`Backoff`.
        died: called with the number of restarts so far whenever a child has died or was killed.
    """

    def __init__(
        self,
        engines: Mapping[str, Load],
        *,
        call_s: float = 60.0,
        backoff: Backoff | None = None,
        died: Callable[[int], None] = lambda restarts: None,
    ) -> None:
        self._engines = dict(engines)
        self._call_s = call_s
        self._backoff = backoff or Backoff()
        self._died = died
        self._lock = threading.Lock()  # over start and stop of the child
        self._lanes = FreeLanes(self._engines)
        self._stopped = threading.Event()
        self._suspects = 0
        """Calls that were lost with a child and are made again; while there are any, calls are made one at a time."""
        self._count, self._alone = threading.Lock(), threading.Lock()
        self._living: list[Child] = []  # for the finalizer, which must not hold this object
        weakref.finalize(self, _end_all, self._living)
        self._child = self._started(1)

    @property
    def restarts(self) -> int:
        """Children that died or were killed."""
        return self._child.epoch - 1

    @property
    def pid(self) -> int | None:
        """Process id of the child."""
        return self._child.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether there is a child that has not died."""
        return self._child.is_alive

    def call(self, engine: str, call: Call) -> Any:
        """The result of ``call``; made again in a new child if the child dies of it or with it.

        Raises:
            WorkerError: the child died or hung at every try.
            WorkerStopped: the process was stopped.
            NotKeptError: the call names what this child does not keep.
            Exception: whatever the engine raised.
        """
        with self._lanes.taken(engine) as lane:
            answer = self._try(engine, lane, call, alone=self._suspects > 0) or self._retry(engine, lane, call)
        if answer is None:
            raise WorkerError(f"the engines' process failed again and again on one {engine} call; it was given up")
        if answer.error is not None:
            raise answer.error
        return answer.value

    def stop(self) -> None:
        """End the child; calls that wait fail with :class:`WorkerStopped`. Idempotent."""
        self._stopped.set()
        with self._lock:
            _end_all(self._living)

    def _retry(self, engine: str, lane: int, call: Call) -> Answer | None:
        """Make a lost call again, with no other call in the child: if that dies again, it was this call's doing."""
        with self._count:
            self._suspects += 1
        try:
            for _ in range(_RETRIES):
                if (answer := self._try(engine, lane, call, alone=True)) is not None:
                    return answer
            return None
        finally:
            with self._count:
                self._suspects -= 1

    def _try(self, engine: str, lane: int, call: Call, *, alone: bool) -> Answer | None:
        """The answer; ``None``: the child died or hung, and there is another by now."""
        with self._alone if alone else contextlib.nullcontext():
            if self._stopped.is_set():
                raise WorkerStopped("the engines' process was stopped")
            child = self._child
            try:
                answer = child.ask(engine, lane, call, self._call_s)
            except (EOFError, OSError):
                self._replace(child, "died")
                return None
            if answer is None:
                self._replace(child, f"did not answer for {self._call_s:g} s")
            return answer

    def _replace(self, child: Child, why: str) -> None:
        """Start another child, unless another thread has done so since ``child``."""
        with self._lock:
            if self._child is not child or self._stopped.is_set():
                return
            _end_all(self._living)
            lived_s = time.monotonic() - child.started_s
            wait_s = self._backoff.after(lived_s)
            log.error(
                "the engines' process %s after %.0f s (exit status %s); starting it again%s",
                why, lived_s, child.process.returncode, f" in {wait_s:g} s" if wait_s else "",
            )  # fmt: skip
            self._stopped.wait(wait_s)
            if not self._stopped.is_set():
                try:
                    self._child = self._started(child.epoch + 1)
                except OSError as error:  # no memory for a process; the next try finds the dead child again
                    log.error("the engines' process cannot be started: %s", error.strerror or error)
                    return
        try:
            self._died(child.epoch)
        except Exception:
            log.exception("whoever is told of the death of the engines' process failed")

    def _started(self, epoch: int) -> Child:
        child = spawn(self._engines, epoch)
        self._living.append(child)
        return child


def _end_all(children: list[Child]) -> None:
    while children:
        children.pop().end()
