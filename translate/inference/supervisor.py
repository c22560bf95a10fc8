"""Starts the engines' process, watches it, and starts it again."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import LifoQueue
from typing import Any, Final

from translate.inference.child import run
from translate.inference.errors import WorkerError, WorkerStopped
from translate.inference.messages import Answer, Call, Load

__all__ = ["Backoff", "Worker"]

log = logging.getLogger(__name__)

_SPAWN: Final = multiprocessing.get_context("spawn")  # a fork would copy CTranslate2's threads half alive
_Place = tuple[str, int]
"""An engine and one of its pipes."""
_RETRIES: Final = 2
"""Tries of a lost call before it is given up: it may be the call that kills the children."""


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next start. Pure: the caller brings the time.

    A child that lived ``steady_s`` starts afresh; otherwise each wait is twice the one before, up to ``most_s``.
    """

    first_s: float = 0.0
    next_s: float = 0.5
    most_s: float = 30.0
    steady_s: float = 60.0
    failures: int = 0
    """Children in a row that died young."""

    def after(self, lived_s: float) -> float:
        """Seconds to wait after the death of a child that lived ``lived_s``."""
        self.failures = 1 if lived_s >= self.steady_s else self.failures + 1
        if self.failures == 1:
            return self.first_s
        return float(min(self.next_s * 2 ** min(self.failures - 2, 30), self.most_s))


class Worker:
    """The engines' process and the pipes to it. Every method may be called from any thread.

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
        self._free: dict[str, LifoQueue[int]] = {name: _lanes(load.lanes) for name, load in engines.items()}
        """By engine, its pipes that no call uses now; the one used last comes first."""
        self._stopped = threading.Event()
        self._suspects = 0
        """Calls that were lost with a child and are made again; while there are any, calls are made one at a time."""
        self._count, self._alone = threading.Lock(), threading.Lock()
        self.epoch = 0
        """Counts children; what an earlier one kept is gone."""
        self._started_s = 0.0
        self._process: SpawnProcess | None = None
        self._children: list[SpawnProcess] = []  # the one that lives, for the finalizer
        weakref.finalize(self, _kill_all, self._children)
        self._pipes: dict[str, list[Connection]] = {}
        self._start()

    @property
    def restarts(self) -> int:
        """Children that died or were killed."""
        return self.epoch - 1

    @property
    def pid(self) -> int | None:
        """Process id of the child."""
        return self._process.pid if self._process is not None else None

    @property
    def is_alive(self) -> bool:
        """Whether there is a child that has not died."""
        process = self._process
        return process is not None and process.is_alive()

    def call(self, engine: str, make: Callable[[int], Call]) -> Any:
        """The result of a call; made again in a new child if the child dies of it or with it.

        Args:
            engine: its name.
            make: the call for the child of the given epoch (what it kept is only known there).

        Raises:
            WorkerError: the child died or hung at every try.
            WorkerStopped: the worker was stopped.
            Exception: whatever the engine raised.
        """
        lane = self._free[engine].get()
        try:
            done, answer = self._try((engine, lane), make, alone=self._suspects > 0)
            if not done:
                done, answer = self._retry((engine, lane), make)
        finally:
            self._free[engine].put(lane)
        if not done or answer is None:
            raise WorkerError(f"the engines' process failed again and again on one {engine} call; it was given up")
        if answer.error is not None:
            raise answer.error
        return answer.value

    def stop(self) -> None:
        """End the child; calls that wait fail with :class:`WorkerStopped`."""
        self._stopped.set()
        with self._lock:
            self._end()

    def _retry(self, place: _Place, make: Callable[[int], Call]) -> tuple[bool, Answer | None]:
        """Make a lost call again, with no other call in the child: if that dies again, it was this call's doing."""
        with self._count:
            self._suspects += 1
        try:
            for _ in range(_RETRIES):
                done, answer = self._try(place, make, alone=True)
                if done:
                    break
            return done, answer
        finally:
            with self._count:
                self._suspects -= 1

    def _try(self, place: _Place, make: Callable[[int], Call], *, alone: bool) -> tuple[bool, Answer | None]:
        """Whether the child lived to answer, and the answer."""
        with self._alone if alone else contextlib.nullcontext():
            epoch = self.epoch
            try:
                answer = self._ask(place, make(epoch))
            except (EOFError, OSError):
                self._replace(epoch, "died")
                return False, None
            if answer is None:
                self._replace(epoch, f"did not answer for {self._call_s:g} s")
            return answer is not None, answer

    def _ask(self, place: _Place, call: Call) -> Answer | None:
        if self._stopped.is_set():
            raise WorkerStopped("the engines' process was stopped")
        engine, lane = place
        pipe = self._pipes[engine][lane]
        pipe.send(call)
        if not pipe.poll(self._call_s):
            return None
        answer: Answer = pipe.recv()
        return answer

    def _replace(self, epoch: int, why: str) -> None:
        """Start another child, unless another thread has done so since ``epoch``."""
        with self._lock:
            if self.epoch != epoch or self._stopped.is_set():
                return
            process = self._process
            self._end()
            status = process.exitcode if process is not None else None
            lived_s = time.monotonic() - self._started_s
            wait_s = self._backoff.after(lived_s)
            log.error(
                "the engines' process %s after %.0f s (exit status %s); starting it again%s",
                why, lived_s, status, f" in {wait_s:g} s" if wait_s else "",
            )  # fmt: skip
            self._died(self.epoch)
            self._stopped.wait(wait_s)
            if not self._stopped.is_set():
                self._start()

    def _start(self) -> None:
        ours: dict[str, list[Connection]] = {}
        theirs: list[tuple[list[Connection], Load]] = []
        for name, load in self._engines.items():
            pairs = [_SPAWN.Pipe() for _ in range(load.lanes)]
            ours[name] = [our for our, _ in pairs]
            theirs.append(([their for _, their in pairs], load))
        process = _SPAWN.Process(target=run, args=(theirs,), name="engines", daemon=True)
        process.start()
        for pipe in [pipe for pipes, _ in theirs for pipe in pipes]:
            pipe.close()  # else the end of the child would not close it
        self._children.append(process)
        self._process, self._pipes, self._started_s = (
            process,
            ours,
            time.monotonic(),
        )  # old pipes close when nobody reads
        self.epoch += 1

    def _end(self) -> None:
        _kill_all(self._children)


def _lanes(count: int) -> LifoQueue[int]:
    free: LifoQueue[int] = LifoQueue()
    for lane in reversed(range(count)):
        free.put(lane)
    return free


def _kill_all(children: list[SpawnProcess]) -> None:
    while children:
        child = children.pop()
        child.kill()  # it holds nothing that could be lost
        child.join()
