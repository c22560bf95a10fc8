"""The engines' process: a thread a pipe; an engine is loaded at its first call, and may have several pipes."""

from __future__ import annotations

import itertools
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
from translate.inference.messages import Answer, Call, Kept, Load
from translate.own_process import prepare_process

__all__ = ["run"]


def run(engines: Sequence[tuple[Sequence[Connection], Load]]) -> None:
    """Serve until any pipe is closed, which means that the service is gone.

    Args:
        engines: the pipes of each, with how to make it.
    """
    prepare_process()
    # Ctrl-C and a service manager's SIGTERM go to the whole group; the service still needs us for the last words.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threads = [
        threading.Thread(target=_serve, args=(pipe, bench), name=load.factory, daemon=True)
        for pipes, load in engines
        for bench in [_Bench(load)]
        for pipe in pipes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(pipe: Connection, bench: _Bench) -> None:
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
    """One engine and the objects that are kept of its results, for all threads that serve it."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loading = threading.Lock()
        self._engine: Any = None
        self._kept: dict[int, Any] = {}
        self._numbers = itertools.count(1)

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
        with self._loading:
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
        number = next(self._numbers)
        self._kept[number] = result
        return Kept(number)
