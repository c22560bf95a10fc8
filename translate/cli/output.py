"""Standard output for tables."""

from __future__ import annotations

import sys

from rich.console import Console

__all__ = ["console"]

_PIPED_COLUMNS = 140


def console(piped_columns: int = _PIPED_COLUMNS) -> Console:
    """Standard output, as wide as the terminal.

    Args:
        piped_columns: width of what goes into a file or a pipe, where rich would assume 80 and cut.
    """
    return Console(width=None if sys.stdout.isatty() else piped_columns, highlight=False)
