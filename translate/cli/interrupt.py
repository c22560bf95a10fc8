"""Ctrl-C and SIGTERM while a session runs: the first one ends its source, so that what was said still comes out."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from translate.audio import AudioSource

__all__ = ["Interrupt", "ends"]


class Interrupt:
    """Which signal came, if any."""

    number: signal.Signals | None = None

    @property
    def exit_status(self) -> int:
        """What a process that was interrupted exits with by custom; 0: it was not."""
        return 0 if self.number is None else 128 + self.number


@contextmanager
def ends(source: AudioSource) -> Iterator[Interrupt]:
    """Inside, the first SIGINT or SIGTERM closes ``source``; a second one ends the process as it does anywhere.

    Where the event loop cannot watch signals (Windows), Ctrl-C stays a ``KeyboardInterrupt``.
    """
    loop = asyncio.get_running_loop()
    interrupt = Interrupt()
    closing: list[asyncio.Task[None]] = []

    def forget() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)

    def stop(number: signal.Signals) -> None:
        forget()
        interrupt.number = number
        closing.append(loop.create_task(source.aclose()))

    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
    try:
        yield interrupt
    finally:
        forget()
