"""What the server counts: load, errors, and latency of every stage in memory that does not grow."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from translate.events import Event, Lag, Marks, Transcript, Translation

__all__ = ["Histogram", "Metrics", "rss_bytes"]

_LOWEST_MS: Final = 0.1
_STEP: Final = 1.1  # so a quantile is right within 10 %
_BUCKETS: Final = 150  # up to 0.1 ms * 1.1^149, about two and a half minutes

_STAGES: Final = (
    ("receive", "capture", "received"),
    ("vad", "received", "vad"),
    ("asr_wait", "vad", "asr_start"),
    ("asr", "asr_start", "asr_end"),
    ("mt_wait", "asr_end", "mt_start"),
    ("mt", "mt_start", "mt_end"),
)


class Histogram:
    """Durations in milliseconds, counted in buckets that grow by a tenth each."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.sum_ms = 0.0
        self.max_ms = 0.0

    def add(self, value_ms: float) -> None:
        """Counts one duration; a negative one (clocks that disagree) counts as zero."""
        value_ms = max(0.0, value_ms)
        place = math.ceil(math.log(value_ms / _LOWEST_MS, _STEP)) if value_ms > _LOWEST_MS else 0
        self._counts[min(place, _BUCKETS - 1)] += 1
        self.count += 1
        self.sum_ms += value_ms
        self.max_ms = max(self.max_ms, value_ms)

    def quantile(self, share: float) -> float:
        """A duration that ``share`` of all do not exceed, at most a tenth too long; 0 without any."""
        wanted = share * self.count
        seen = 0
        for place, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(_LOWEST_MS * _STEP**place, self.max_ms)
        return 0.0

    def as_dict(self) -> dict[str, float]:
        """Count, mean, quantiles and maximum in milliseconds."""
        mean = self.sum_ms / self.count if self.count else 0.0
        quantiles = {f"p{round(share * 100)}": self.quantile(share) for share in (0.5, 0.95, 0.99)}
        named = {"mean": mean, **quantiles, "max": self.max_ms}
        return {"count": self.count, **{name: round(value, 1) for name, value in named.items()}}


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self.counts: Counter[str] = Counter()
        """``connections_total``, ``sessions_total``, ``merged_total`` and the like."""
        self.errors: Counter[str] = Counter()
        """By the ``code`` of the typed error; ``too_slow`` counts clients that were shed."""
        self._lag_ms: dict[str, int] = {}
        self._latency: dict[str, Histogram] = {}

    def event(self, event: Event) -> None:
        """Counts what a session said, once however many read it."""
        if isinstance(event, (Transcript, Translation)):
            for stage, start, end in _STAGES:
                start_ms, end_ms = getattr(event.marks, start), getattr(event.marks, end)
                if start_ms is not None and end_ms is not None:
                    self.duration(stage, end_ms - start_ms)
        elif isinstance(event, Lag):
            self._lag_ms[event.stage] = event.behind_ms

    def sent(self, marks: Marks, sent_ms: float) -> None:
        """Counts one text that was handed to one client's socket."""
        made_ms = marks.mt_end if marks.mt_end is not None else marks.asr_end
        if made_ms is not None:
            self.duration("send", sent_ms - made_ms)
        if marks.capture is not None:
            self.duration("capture_to_sent", sent_ms - marks.capture)

    def duration(self, stage: str, value_ms: float) -> None:
        """Counts one duration of ``stage``."""
        self._latency.setdefault(stage, Histogram()).add(value_ms)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON types; holds nothing of what was said."""
        return {
            "uptime_s": round(time.monotonic() - self._started_s, 1),
            "rss_bytes": rss_bytes(),
            **dict(sorted(self.counts.items())),
            "errors": dict(sorted(self.errors.items())),
            "lag_ms": dict(sorted(self._lag_ms.items())),
            "latency_ms": {stage: histogram.as_dict() for stage, histogram in self._latency.items()},
        }


def rss_bytes() -> int | None:
    """Resident memory of this process; ``None`` where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
