"""Progress for people: a bar when ``rich`` and a terminal are there, plain lines otherwise."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["Progress"]

T = TypeVar("T")


class Progress:
    """Where the steps report to; ``log`` also appends to a JSON-lines file when there is one."""

    def __init__(self, log_path: Path | None = None, *, quiet: bool = False) -> None:
        self._log_path = log_path
        self._quiet = quiet
        self._bar = sys.stderr.isatty() and not quiet

    def say(self, line: str) -> None:
        if not self._quiet:
            print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)

    def log(self, **facts: Any) -> None:
        """Say the facts on one line and append them to the log."""
        shown = (f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in facts.items())
        self.say("  ".join(shown))
        if self._log_path is not None:
            with self._log_path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%S"), **facts}) + "\n")

    def track(self, items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
        """Yield the items, showing how far it is."""
        if self._bar:
            try:
                from rich.progress import track
            except ImportError:
                pass
            else:
                yield from track(items, description=what, total=total)
                return
        said = time.monotonic()
        for number, item in enumerate(items):
            if time.monotonic() - said > 10:
                said = time.monotonic()
                self.say(f"{what}: {number}" + (f" of {total}" if total else ""))
            yield item
