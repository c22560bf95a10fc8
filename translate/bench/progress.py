"""How far a measurement has come, for who waits for it."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import Progress as Bar

__all__ = ["Progress"]


class Progress:
    """A bar on standard error, where that is a terminal."""

    def __init__(self) -> None:
        self._bar = Bar(console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("bench", total=None)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def expect(self, seconds: float) -> None:
        """How much audio there is to go through."""
        self._bar.update(self._task, total=seconds)

    def tick(self, done: str, seconds: float) -> None:
        """So much of it is done."""
        self._bar.update(self._task, description=done, advance=seconds)
