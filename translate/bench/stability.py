"""How much of what was shown was taken back. Pure.

Normalised erasure (Arivazhagan et al. 2020, "Re-translation versus Streaming for Simultaneous Translation"): tokens
deleted from the screen over all updates, divided by the tokens of the final text. 0: nothing ever changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translate.bench.record import Run
from translate.bench.screen import Revision, Screen, common_prefix, revisions, tokens, updates

__all__ = ["Stability", "measure"]


@dataclass(frozen=True, slots=True)
class Stability:
    """Over some runs, of the transcripts or of the translations into one language."""

    erased_tokens: int
    final_tokens: int
    taken_back: int
    """Committed tokens that a later revision of their segment changed or dropped. Anything but 0 is a fault."""

    @property
    def normalised_erasure(self) -> float:
        """Tokens erased for a token that stayed."""
        return self.erased_tokens / self.final_tokens if self.final_tokens else 0.0


def measure(runs: Sequence[Run], lang: str | None = None) -> Stability:
    """Stability of the translations into ``lang``; ``None``: of the transcripts."""
    erased = final = taken_back = 0
    for run in runs:
        split = tokens(lang or run.recording.lang)
        screen = Screen(split)
        for _, update in updates(run.entries, lang):
            change = screen.show(update)
            erased += len(change.before) - common_prefix(change.before, change.after)
        final += len(screen.text)
        last: dict[int, Revision] = {}
        for _, revision in revisions(run.entries, lang):
            if (before := last.get(revision.segment)) is not None:
                taken_back += _lost(before, revision, len(split(before.committed)))
            last[revision.segment] = revision
    return Stability(erased, final, taken_back)


def _lost(before: Revision, after: Revision, count: int) -> int:
    """How many of the ``count`` committed tokens of ``before`` are not in ``after`` where they were."""
    if after.committed.startswith(before.committed):
        return 0
    kept = common_prefix(before.committed.split(), after.committed.split())
    return max(1, count - kept)
