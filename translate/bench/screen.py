"""What a reader sees of a stream of revisions, as tokens, and how each event changes it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from translate.bench.record import Entry
from translate.events import Transcript, Translation
from translate.languages import is_spaced
from translate.speech.hypothesis import normalized

__all__ = ["Change", "Revision", "Screen", "common_prefix", "compared", "revisions", "tokens", "updates"]

Revision = Transcript | Translation


@dataclass(frozen=True, slots=True)
class Change:
    """How one update changed what is seen. Both sides begin with the same token of the whole text."""

    offset: int
    """Tokens of the whole text before ``before`` and ``after``; they belong to closed segments."""
    before: tuple[str, ...]
    after: tuple[str, ...]


class Screen:
    """The segments of one stream one after the other, each as its newest revision has it.

    Segments count as one text: a word that moves from the tail of one segment to the next, because a sentence ended
    between them, stays where it is for the reader.

    Args:
        split: text to tokens.
    """

    def __init__(self, split: Callable[[str], list[str]]) -> None:
        self._split = split
        self._settled: list[str] = []
        self._open: dict[int, Revision] = {}

    def show(self, update: Iterable[Revision]) -> Change:
        """Take revisions that come as one update."""
        before = self._seen()
        for revision in update:
            self._open[revision.segment] = revision
        change = Change(len(self._settled), before, self._seen())
        for segment in sorted(self._open):
            if not self._open[segment].final:
                break
            self._settled += self._split(self._open.pop(segment).committed)
        return change

    @property
    def text(self) -> list[str]:
        """All tokens."""
        return [*self._settled, *self._seen()]

    def _seen(self) -> tuple[str, ...]:
        shown = (self._open[segment] for segment in sorted(self._open))
        return tuple(token for r in shown for token in self._split(r.committed + r.tail))


def revisions(entries: Iterable[Entry], lang: str | None) -> list[tuple[float, Revision]]:
    """The translations into ``lang`` with their times; ``None``: the transcripts."""
    if lang is None:
        return [(entry.at_ms, entry.event) for entry in entries if isinstance(entry.event, Transcript)]
    return [(e.at_ms, e.event) for e in entries if isinstance(e.event, Translation) and e.event.lang == lang]


def updates(entries: Iterable[Entry], lang: str | None) -> Iterator[tuple[float, list[Revision]]]:
    """Revisions that came out of one step of an engine, with the time of the last.

    One decoding can close a segment and open the next. The two events reach a screen in one burst.
    """
    stream = revisions(entries, lang)
    for _, group in groupby(enumerate(stream), key=lambda item: _step(item[0], item[1][1])):
        burst = [timed for _, timed in group]
        yield burst[-1][0], [revision for _, revision in burst]


def _step(place: int, revision: Revision) -> tuple[str, float]:
    ended_ms = revision.marks.asr_end
    if isinstance(revision, Transcript) and ended_ms is not None:
        return "step", ended_ms
    return "single", float(place)


def tokens(lang: str) -> Callable[[str], list[str]]:
    """Splits text of ``lang``: at spaces, or into characters where words are not separated."""
    if is_spaced(lang):
        return str.split
    return lambda text: [c for c in text if not c.isspace()]


def compared(lang: str) -> Callable[[str], list[str]]:
    """As :func:`tokens`, without case and punctuation, and without tokens that are nothing else."""
    split = tokens(lang)
    return lambda text: [plain for token in split(text) if (plain := normalized(token))]


def common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """How many tokens the two begin with in common."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
