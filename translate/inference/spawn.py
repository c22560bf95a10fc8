"""Starts the engines' process: a child, and the pipes to it, as one value that never changes."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from multiprocessing.spawn import get_executable

from translate.errors import ConfigError
from translate.inference.messages import Answer, Call, Load

__all__ = ["Child", "spawn"]

_CHILD = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from translate.inference.child import main
main()
"""
_numbers = itertools.count(1)
_FITS_BYTES = 32_768
"""So much a pipe takes at once, also when nobody reads."""


@dataclass(frozen=True, slots=True)
class Child:
    """One engines' process and the pipes to it: who holds this talks to that process or to none."""

    epoch: int
    """Counts children; the first is 1."""
    process: subprocess.Popen[bytes]
    pipes: Mapping[str, tuple[Connection, ...]] = field(repr=False)
    """By engine, one pipe for each of its lanes. They close when the last call lets go of them."""
    started_s: float
    """When it was started, on the monotonic clock."""

    @property
    def is_alive(self) -> bool:
        """Whether it has not died."""
        return self.process.poll() is None

    def ask(self, engine: str, lane: int, call: Call, wait_s: float) -> Answer | None:
        """The answer to ``call``; ``None``: there was none for ``wait_s``. One thread at a time on each lane.

        Raises:
            EOFError: the child is dead.
            OSError: the same.
        """
        pipe = self.pipes[engine][lane]
        number = next(_numbers)
        until_s = time.monotonic() + wait_s
        self._send(pipe, (number, call), wait_s)
        while pipe.poll(max(0.0, until_s - time.monotonic())):
            answered, answer = pipe.recv()
            if answered == number:
                found: Answer = answer
                return found
            # else it answers a call whose caller was interrupted (Ctrl-C) while it waited
        return None

    def _send(self, pipe: Connection, message: tuple[int, Call], wait_s: float) -> None:
        data = ForkingPickler.dumps(message)
        if len(data) <= _FITS_BYTES:
            pipe.send_bytes(data)
            return
        # A child that does not read blocks whoever sends more than the pipe holds.
        hangs = threading.Timer(wait_s, self.process.kill)
        hangs.daemon = True
        hangs.start()
        try:
            pipe.send_bytes(data)
        finally:
            hangs.cancel()

    def end(self) -> int:
        """Kill it, which loses nothing, since it holds nothing; returns its exit status."""
        self.process.kill()
        return self.process.wait()


def spawn(engines: Mapping[str, Load], epoch: int) -> Child:
    """Start a child that serves ``engines``.

    A program of its own, and not :mod:`multiprocessing`, which would run the main module of whoever embeds us again.

    Raises:
        ConfigError: this system cannot hand pipes to a child so.
    """
    if os.name != "posix":
        raise ConfigError("engines in a process of their own need Linux or macOS; leave isolated out")
    pairs = {name: [Pipe() for _ in range(load.lanes)] for name, load in engines.items()}
    theirs = {name: [their for _, their in of] for name, of in pairs.items()}
    wanted = [([pipe.fileno() for pipe in theirs[name]], load) for name, load in engines.items()]
    try:
        process = subprocess.Popen(
            [get_executable(), "-P", "-c", _CHILD],  # -P: no module of the working folder is taken for one of ours
            stdin=subprocess.PIPE,
            pass_fds=[fd for fds, _ in wanted for fd in fds],
        )
    finally:
        for pipe in itertools.chain.from_iterable(theirs.values()):
            pipe.close()  # else the end of the child would not close it
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:  # it died at once: the first call will say so
        pickle.dump(sys.path, process.stdin)
        pickle.dump(wanted, process.stdin)
    ours = {name: tuple(our for our, _ in of) for name, of in pairs.items()}
    return Child(epoch, process, ours, time.monotonic())
