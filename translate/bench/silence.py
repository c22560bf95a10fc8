"""Words written where nobody speaks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from translate.bench.record import Run
from translate.bench.screen import compared, revisions

__all__ = ["Silence", "measure"]


@dataclass(frozen=True, slots=True)
class Silence:
    """Over some runs without speech."""

    minutes: float
    committed: int
    """Words that stand in the end."""
    shown: int
    """Words of the longest text shown in each segment, committed or not."""
    noisy: Mapping[str, int]
    """Committed words of the recordings in which there were any."""

    @property
    def words_per_minute(self) -> float:
        """Committed words for a minute."""
        return self.committed / self.minutes if self.minutes else 0.0


def measure(runs: Sequence[Run], lang: str) -> Silence:
    """What recognition in ``lang`` wrote of recordings in which nobody speaks."""
    split = compared(lang)
    committed = shown = 0
    noisy = {}
    for run in runs:
        last: dict[int, int] = {}
        most: dict[int, int] = {}
        for _, revision in revisions(run.entries, None):
            last[revision.segment] = len(split(revision.committed))
            seen = len(split(revision.committed + revision.tail))
            most[revision.segment] = max(seen, most.get(revision.segment, 0))
        committed += sum(last.values())
        shown += sum(most.values())
        if any(last.values()):
            noisy[run.recording.id] = sum(last.values())
    return Silence(sum(run.recording.seconds for run in runs) / 60, committed, shown, noisy)
