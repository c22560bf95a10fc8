"""Which languages somebody reads: what a session translates into, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from translate.tasks import Supervisor, Timer

__all__ = ["Subscriptions"]


class Subscriptions:
    """Counts the readers of each language in a room.

    The languages of a reader whose connection broke are kept for a while: one who comes back has missed nothing.

    Args:
        changed: called when the set of languages has changed.
        tasks: owner of the timers.
    """

    def __init__(self, changed: Callable[[], None], tasks: Supervisor) -> None:
        self._changed = changed
        self._tasks = tasks
        self._counts: dict[str, int] = {}
        """Readers of each language; 0: it is only kept."""
        self._kept: dict[str, Timer] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """What is read or kept, in the order in which it was first asked for."""
        return tuple(self._counts)

    def add(self, languages: Iterable[str]) -> None:
        """Somebody reads ``languages`` from now on."""
        self.change((), languages)

    def remove(self, languages: Iterable[str], *, keep_ms: int = 0) -> None:
        """Somebody reads them no longer; each is kept for ``keep_ms`` from now."""
        languages = tuple(languages)
        for lang in languages if keep_ms > 0 else ():
            if lang not in self._kept:
                self._kept[lang] = self._tasks.timer(lambda lang=lang: self._let_go(lang), f"kept language {lang}")  # type: ignore[misc]
            self._kept[lang].start(keep_ms / 1000)
        self.change(languages, ())

    def change(self, before: Iterable[str], after: Iterable[str]) -> None:
        """Somebody who read ``before`` reads ``after`` now."""
        known = set(self._counts)
        for lang in after:
            self._counts[lang] = self._counts.get(lang, 0) + 1
        for lang in before:
            self._counts[lang] -= 1
        self._settle(known)

    def _let_go(self, lang: str) -> None:
        del self._kept[lang]
        self._settle(set(self._counts))

    def _settle(self, known: set[str]) -> None:
        for lang in [lang for lang, count in self._counts.items() if count <= 0 and lang not in self._kept]:
            del self._counts[lang]
        if set(self._counts) != known:
            self._changed()
