"""Which languages somebody reads: what a session translates into, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

__all__ = ["Readers"]


class Readers:
    """Counts the readers of each language in a room.

    A language whose last reader's connection broke is kept for a while, so that one who comes back has missed nothing.

    Args:
        changed: called when the set of languages has changed.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._counts: Counter[str] = Counter()
        self._kept: dict[str, asyncio.TimerHandle] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """What is read, in the order in which it was first asked for."""
        return tuple(self._counts)

    def add(self, languages: Iterable[str]) -> None:
        """Somebody reads ``languages`` from now on."""
        self.change((), languages)

    def remove(self, languages: Iterable[str], *, keep_ms: int = 0) -> None:
        """Somebody reads them no longer; each is kept for ``keep_ms`` if that was its last reader."""
        last = [lang for lang in languages if self._counts[lang] == 1 and lang not in self._kept]
        if keep_ms > 0:
            for lang in last:
                self._counts[lang] += 1
                self._kept[lang] = asyncio.get_running_loop().call_later(keep_ms / 1000, self._let_go, lang)
        self.change(languages, ())

    def change(self, before: Iterable[str], after: Iterable[str]) -> None:
        """Somebody who read ``before`` reads ``after`` now."""
        known = set(self._counts)
        self._counts.update(after)
        self._counts.subtract(before)
        for lang in [lang for lang, count in self._counts.items() if count <= 0]:
            del self._counts[lang]
        if set(self._counts) != known:
            self._changed()

    def close(self) -> None:
        """Keeps nothing any longer."""
        for timer in self._kept.values():
            timer.cancel()
        self._kept.clear()

    def _let_go(self, lang: str) -> None:
        del self._kept[lang]
        self.change((lang,), ())
