"""What runs in the engines' process: a thread a pipe. An engine is loaded at its first call; it may have several pipes.

Started by :func:`translate.inference.spawn.spawn`. Standard input brings, pickled, the descriptors of the pipes of each
engine and how to make it.
"""

from __future__ import annotations

import os
import pickle
import secrets
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from translate.errors import SottovoceError
from translate.inference.errors import NotKeptError
from translate.inference.messages import Answer, Call, Kept, Load
from translate.own_process import prepare_process

__all__ = ["ServedEngine", "main", "run"]


def main() -> None:
    """Set up the libraries, read what to serve from standard input, and serve it."""
    prepare_process()
    # Ctrl-C and a service manager's SIGTERM go to the whole group; the service still needs us for the last words.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        wanted: list[tuple[list[int], Load]] = pickle.load(sys.stdin.buffer)
    except EOFError:  # the service was gone before it had said anything
        return
    run([([Connection(fd) for fd in fds], load) for fds, load in wanted])


def run(engines: Sequence[tuple[Sequence[Connection], Load]]) -> None:
    """Serve until any pipe is closed, which means that the service is gone.

    Args:
        engines: the pipes of each, with how to make it.
    """
    threads = [
        threading.Thread(target=_serve, args=(pipe, served), name=load.factory, daemon=True)
        for pipes, load in engines
        for served in [ServedEngine(load)]
        for pipe in pipes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(pipe: Connection, served: ServedEngine) -> None:
    try:
        while True:
            number, call = pipe.recv()
            answer = served.answer(call)
            try:
                pipe.send((number, answer))
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                pipe.send((number, Answer(error=RuntimeError(f"the answer cannot be sent: {error}"))))
    except (EOFError, OSError):
        os._exit(0)  # nobody is left to serve, whatever other threads compute


class ServedEngine:
    """One engine and the objects that are kept of its results, for all threads that serve it."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loading = threading.Lock()
        self._engine: Any = None
        self._kept: dict[int, Any] = {}

    def answer(self, call: Call) -> Answer:
        """The answer to ``call``; never raises."""
        try:
            return Answer(self._do(call))
        except SottovoceError as error:
            return Answer(error=error)
        except Exception as error:
            # A foreign exception may not be picklable, and its traceback never is.
            told = "".join(traceback.format_exception_only(error)).strip()
            return Answer(error=RuntimeError(f"{call.method or 'load'}: {told}"))

    def _do(self, call: Call) -> Any:
        for number in call.forget:
            self._kept.pop(number, None)
        args = [self._meant(arg) for arg in call.args]
        with self._loading:
            if self._engine is None:
                module, _, name = self._load.factory.partition(":")
                self._engine = getattr(import_module(module), name)(*self._load.args)
        if call.attributes:
            return {name: getattr(self._engine, name) for name in call.attributes}
        if not call.method:
            return None
        result = getattr(self._engine, call.method)(*args, **call.kwargs)
        if not call.keep:
            return result
        number = secrets.randbits(128)
        self._kept[number] = result
        return Kept(number)

    def _meant(self, arg: Any) -> Any:
        if not isinstance(arg, Kept):
            return arg
        try:
            return self._kept[arg.number]
        except KeyError:
            raise NotKeptError("the engines' process keeps no such object") from None
