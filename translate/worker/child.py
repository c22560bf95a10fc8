"""The engines' process: a thread a pipe, each with one engine that it loads at its first call."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from translate.errors import SottovoceError
from translate.worker.messages import Answer, Call, Kept, Load

__all__ = ["run"]


def run(pipes: Sequence[tuple[Connection, Load]]) -> None:
    """Serve until any pipe is closed, which means that the service is gone.

    Args:
        pipes: one for each engine, with how to make it.
    """
    # Ctrl-C and a service manager's SIGTERM go to the whole group; the service still needs us for the last words.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threads = [threading.Thread(target=_serve, args=pipe, name=pipe[1].factory, daemon=True) for pipe in pipes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(pipe: Connection, load: Load) -> None:
    bench = _Bench(load)
    try:
        while True:
            answer = bench.answer(pipe.recv())
            try:
                pipe.send(answer)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                pipe.send(Answer(error=RuntimeError(f"the answer cannot be sent: {error}")))
    except (EOFError, OSError):
        os._exit(0)  # nobody is left to serve, whatever other threads compute


class _Bench:
    """One engine and the objects that are kept of its results."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._engine: Any = None
        self._kept: dict[int, Any] = {}
        self._number = 0

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
        if self._engine is None:
            module, _, name = self._load.factory.partition(":")
            self._engine = getattr(import_module(module), name)(*self._load.args)
        if call.attributes:
            return {name: getattr(self._engine, name) for name in call.attributes}
        if not call.method:
            return None
        args = [self._kept[arg.number] if isinstance(arg, Kept) else arg for arg in call.args]
        result = getattr(self._engine, call.method)(*args, **call.kwargs)
        if not call.keep:
            return result
        self._number += 1
        self._kept[self._number] = result
        return Kept(self._number)
