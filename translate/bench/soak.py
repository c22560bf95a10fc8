"""A soak: hours of real speech through the real service, and whether it is at the end as it was at the beginning.

What is here is pure: the measurements of one interval, and the comparison of the first tenth with the last. Talking is
in :mod:`translate.bench.soak_talk`, the service in :mod:`translate.bench.soak_service`, the run of it all in
:mod:`translate.bench.soak_run`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from translate.bench.quality import Errors
from translate.bench.spread import Spread
from translate.usage import Usage

__all__ = ["Check", "Pace", "Sample", "checks", "line", "table"]

_TENTHS: Final = 10
_GROWTH: Final = 1.10
"""Memory may be so many times what it was, or :data:`_SPARE_BYTES` more: the allocator's arenas fill up slowly."""
_SPARE_BYTES: Final = 30 << 20
_SPARE_HANDLES: Final = 8
_SPARE_THREADS: Final = 4
_SLOWER: Final = 1.25
_SLOWEST: Final = 0.5
_WORSE: Final = 0.03
"""Word errors may be this much of all words more; a tenth holds some hundred words of each recording at least."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one interval was like."""

    at_s: float
    """From the start to the interval's end."""
    steady: bool
    """The pace had been found, so that this interval counts."""
    rate: float
    """Speed of speech, 1: as it was spoken."""
    load: float
    """Load average of the machine, one minute."""
    audio_s: float
    """Speech that was recognised in the interval, over all speakers."""
    server: Usage
    worker: Usage
    """All processes that the server has started."""
    commit: Spread | None
    """Milliseconds from the moment at which a word's end was sent to the text that commits it."""
    errors: Errors | None
    """Of recordings with a published transcript that ended in the interval."""
    sessions: int
    """That ended in the interval as they should."""
    restarts: int
    """Of the engines' process, so far."""
    notices: int
    """To speakers, so far: connections lost, speech left out."""
    taken_back: int
    """Committed texts that a listener saw changed, so far."""

    @property
    def cpu_s(self) -> float:
        """CPU time so far of the service and its processes."""
        return self.server.cpu_s + self.worker.cpu_s


class Pace:
    """The speed of speech that the machine sustains, found in the first minutes and lowered when it must be. Pure.

    Args:
        rate: to begin with.
        most: never faster.
        late_ms: a median commit latency above this is too much.
    """

    def __init__(self, rate: float = 1.0, *, most: float = 8.0, late_ms: float = 2000.0) -> None:
        self.rate = rate
        self._most = most
        self._late_ms = late_ms
        self.found = False
        """The search is over: from now on only slower, when speech is far too late."""

    def heard(self, commit_ms: float | None) -> None:
        """The median commit latency of the last moments; ``None``: nothing was committed."""
        # Where speech is slowed down, words are later for that alone: the sound that a word waits for comes later.
        late = math.inf if commit_ms is None else commit_ms * min(1.0, self.rate) / self._late_ms
        if late > (2.0 if self.found else 1.0):
            self.rate = max(_SLOWEST, self.rate * 0.9)
        elif late < 0.8 and not self.found:
            self.rate = min(self._most, self.rate * 1.1)


@dataclass(frozen=True, slots=True)
class Check:
    """One figure in the first tenth and in the last."""

    name: str
    first: str
    last: str
    good: bool
    allowed: str


def checks(samples: Sequence[Sample], missed: int) -> list[Check]:
    """The first tenth of the steady intervals against the last.

    Args:
        samples: in order.
        missed: final texts that a speaker saw and a listener of the room did not, or differently.
    """
    steady = [sample for sample in samples if sample.steady] or list(samples)
    if not steady:
        return [Check("speech", "none", "none", False, "some")]
    size = max(1, len(steady) // _TENTHS)
    first, last = steady[:size], steady[-size:]
    found = [
        _memory("server memory", first, last, lambda s: s.server.rss_bytes),
        _memory("engines memory", first, last, lambda s: s.worker.rss_bytes),
        _count("server handles", first, last, lambda s: s.server.handles, _SPARE_HANDLES),
        _count("engines handles", first, last, lambda s: s.worker.handles, _SPARE_HANDLES),
        _count("server threads", first, last, lambda s: s.server.threads, _SPARE_THREADS),
        _count("engines threads", first, last, lambda s: s.worker.threads, _SPARE_THREADS),
        _errors(first, last),
        _latency(first, last),
    ]
    end = samples[-1]
    never = {
        "engines restarted": end.restarts,
        "texts taken back": end.taken_back,
        "texts a listener missed": missed,
        "notices to speakers": end.notices,
    }
    return found + [Check(name, "", str(count), count == 0, "0") for name, count in never.items()]


def _memory(name: str, first: Sequence[Sample], last: Sequence[Sample], of: Callable[[Sample], int]) -> Check:
    before, after = (statistics.median(map(of, part)) for part in (first, last))
    allowed = max(before * _GROWTH, before + _SPARE_BYTES)
    return Check(name, _mb(before), _mb(after), after <= allowed, f"up to {_mb(allowed)}")


def _count(
    name: str, first: Sequence[Sample], last: Sequence[Sample], of: Callable[[Sample], int], spare: int
) -> Check:
    before, after = (statistics.median(map(of, part)) for part in (first, last))
    return Check(name, f"{before:g}", f"{after:g}", after <= before + spare, f"up to {before + spare:g}")


def _errors(first: Sequence[Sample], last: Sequence[Sample]) -> Check:
    before, after = (_rate([s.errors for s in part if s.errors is not None]) for part in (first, last))
    if before is None or after is None:
        return Check("word errors", _percent(before), _percent(after), False, "known in both")
    good = after <= before + _WORSE
    return Check("word errors", _percent(before), _percent(after), good, f"up to {_percent(before + _WORSE)}")


def _latency(first: Sequence[Sample], last: Sequence[Sample]) -> Check:
    """At the pace of speech, as slower speech is later for that alone; a busier machine may be later in proportion."""
    before, after = (
        _median([s.commit.median * min(1.0, s.rate) for s in part if s.commit is not None]) for part in (first, last)
    )
    if before is None or after is None:
        return Check("commit latency", _seconds(before), _seconds(after), False, "known in both")
    busier = max(1.0, statistics.mean(s.load for s in last) / max(1.0, statistics.mean(s.load for s in first)))
    allowed = before * _SLOWER * busier
    return Check("commit latency", _seconds(before), _seconds(after), after <= allowed, f"up to {_seconds(allowed)}")


def _rate(errors: Sequence[Errors]) -> float | None:
    words = sum(one.reference for one in errors)
    return sum(one.rate * one.reference for one in errors) / words if words else None


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _mb(value: float) -> str:
    return f"{value / 1e6:.0f} MB"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"


def _seconds(value_ms: float | None) -> str:
    return "-" if value_ms is None else f"{value_ms / 1000:.2f} s"


def line(sample: Sample) -> str:
    """For a person who watches."""
    commit = sample.commit
    late = f"{_seconds(commit.median)} / {_seconds(commit.p95)}" if commit is not None else "-"
    errors = _percent(sample.errors.rate) if sample.errors is not None and sample.errors.reference else "-"
    server, worker = sample.server, sample.worker
    return (
        f"{sample.at_s / 60:6.1f} min{'' if sample.steady else ' (finding the pace)'}  pace {sample.rate:.2f}"
        f"  load {sample.load:.1f}  commit {late}  errors {errors}  memory {_mb(server.rss_bytes)} + "
        f"{_mb(worker.rss_bytes)}  handles {server.handles} + {worker.handles}"
        f"  threads {server.threads} + {worker.threads}"
    )


def table(samples: Sequence[Sample], found: Sequence[Check]) -> Table:
    """The verdict, for people."""
    if not samples:
        return Table(title="Soak: nothing was measured")
    steady = [sample for sample in samples if sample.steady] or list(samples)
    hours = sum(sample.audio_s for sample in samples) / 3600
    made = Table(title="Soak: the first tenth and the last", title_justify="left", title_style="bold")
    for column in ("", "first", "last", "allowed", ""):
        made.add_column(column, justify="left" if not column else "right")
    for check in found:
        made.add_row(check.name, check.first, check.last, check.allowed, "good" if check.good else "BAD")
    size = max(1, len(steady) // _TENTHS)
    for name, of in (("pace", lambda s: s.rate), ("load average", lambda s: s.load)):
        made.add_row(
            name,
            *(f"{statistics.mean(map(of, part)):.2f}" for part in (steady[:size], steady[-size:])),
            "",
            "as it was",
        ) if steady else None
    bad = [check.name for check in found if not check.good]
    verdict = "the same at the end as at the beginning" if not bad else f"NOT the same: {', '.join(bad)}"
    sessions = sum(sample.sessions for sample in samples)
    made.caption = f"{hours:.2f} hours of speech in {samples[-1].at_s / 60:.0f} min, {sessions} sessions"
    if spoken_s := sum(sample.audio_s for sample in samples[1:]):
        made.caption += f", {(samples[-1].cpu_s - samples[0].cpu_s) / spoken_s:.2f} CPU s for a second of speech"
    made.caption += f"\n{verdict}"
    made.caption_justify = "left"
    return made
