"""Standard output: for tables, and for the captions of a talk that goes on when nobody reads them any more."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "console"]

_PIPED_COLUMNS = 140


def console(piped_columns: int = _PIPED_COLUMNS) -> Console:
    """Standard output, as wide as the terminal.

    Args:
        piped_columns: width of what goes into a file or a pipe, where rich would assume 80 and cut.
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else piped_columns, highlight=False)


class Output:
    """A standard stream that may go away: a pipe whose reader ends, a terminal whose window is closed, a full disk.

    What cannot be written is dropped from then on, so that a talk can come to its end and be kept.

    Args:
        stream: where to write.
        lost: called once, when nothing can be written any more.
    """

    def __init__(self, stream: TextIO, lost: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._lost = lost
        self.error: OSError | None = None
        """Why nothing can be written any more."""

    def line(self, text: str) -> None:
        """Write ``text`` and a newline."""
        click.echo(text, file=self.file)

    @property
    def file(self) -> IO[str]:
        """This, as libraries want it."""
        return cast("IO[str]", self)

    def write(self, text: str) -> int:
        """As of a text file; raises nothing."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """As of a text file; raises nothing."""
        self._try(self._stream.flush)

    def check(self) -> None:
        """Raise why nothing can be written any more, if that is so."""
        if self.error is not None:
            raise self.error

    def abandon(self) -> None:
        """What is still to be written goes nowhere; else it would fail again, noisily, when Python ends."""
        if self.error is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _try(self, act: Callable[[], object]) -> None:
        if self.error is not None:
            return
        try:
            act()
        except OSError as error:
            self.error = error
            self._lost()
