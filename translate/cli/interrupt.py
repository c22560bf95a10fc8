"""Signals while a session runs: the first one ends its source, so that what was said still comes out."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from translate.tasks import Supervisor

if TYPE_CHECKING:
    from translate.audio import AudioSource

__all__ = ["Interrupt", "ends"]

_STOP: Final = (signal.SIGINT, signal.SIGTERM)
_HANGUP: Final[signal.Signals | None] = getattr(signal, "SIGHUP", None)
"""The window of the terminal was closed. Windows has no such signal."""


class Interrupt:
    """Ends a source once, and knows which signal came, if any.

    Args:
        source: closed by :meth:`stop`.
        tasks: owns the closing.
    """

    def __init__(self, source: AudioSource, tasks: Supervisor) -> None:
        self._source = source
        self._tasks = tasks
        self._stopped = False
        self.number: signal.Signals | None = None

    @property
    def exit_status(self) -> int:
        """What a process that was interrupted exits with by custom; 0: it was not."""
        return 0 if self.number is None else 128 + self.number

    @property
    def is_hangup(self) -> bool:
        """Whether the terminal is gone."""
        return self.number is not None and self.number == _HANGUP

    def stop(self) -> None:
        """Close the source: what it has given so far is still worked through. Idempotent."""
        if not self._stopped:
            self._stopped = True
            self._tasks.start(self._source.aclose(), "close the source")


@asynccontextmanager
async def ends(source: AudioSource) -> AsyncIterator[Interrupt]:
    """Inside, the first SIGINT, SIGTERM or SIGHUP closes ``source``.

    A second SIGINT or SIGTERM ends the process as it does anywhere. A second SIGHUP does nothing: a shell passes the
    one that it gets on to all that it has started, which have got it already. A SIGHUP that is ignored (``nohup``)
    stays so.

    Where the event loop cannot watch signals (Windows), Ctrl-C stays a ``KeyboardInterrupt``.
    """
    loop = asyncio.get_running_loop()
    tasks = Supervisor("the end of the source")
    interrupt = Interrupt(source, tasks)
    hears_hangup = _HANGUP is not None and signal.getsignal(_HANGUP) != signal.SIG_IGN
    hangup = (_HANGUP,) if _HANGUP is not None and hears_hangup else ()

    def forget(numbers: tuple[signal.Signals, ...]) -> None:
        for number in numbers:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)

    def stop(number: signal.Signals) -> None:
        if interrupt.number is None:
            interrupt.number = number
        forget(_STOP)
        interrupt.stop()

    with suppress(NotImplementedError):
        for number in (*_STOP, *hangup):
            loop.add_signal_handler(number, stop, number)
    try:
        yield interrupt
    finally:
        forget((*_STOP, *hangup))
        await tasks.aclose()
