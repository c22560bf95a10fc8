"""What the server counts: load, errors, and latency of every stage in memory that does not grow."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from translate.events import RATE_HZ, EndOfStream, Event, Lag, Marks, Notice, Transcript, Translation
from translate.notice_codes import TRANSCRIPTS_FAILED
from translate.protocol import Paint
from translate.server.metrics.delays import Delays, Histogram
from translate.server.metrics.device_health import DEVICE_HEALTH
from translate.server.metrics.guard import Guard
from translate.usage import family_cpu_s, family_rss_bytes

__all__ = ["Load", "Metrics"]

_SHED_ERRORS: Final = ("busy", "too_slow")
_STAGES: Final = (
    ("receive", "capture", "received"),
    ("vad", "received", "vad"),
    ("asr_wait", "vad", "asr_start"),
    ("asr", "asr_start", "asr_end"),
    ("mt_wait", "asr_end", "mt_start"),
    ("mt", "mt_start", "mt_end"),
)


@dataclass(frozen=True, slots=True)
class Load:
    """What a server has to do at this moment."""

    ready: bool = True
    sessions: int = 0
    rooms: int = 0
    connections: Mapping[str, int] = field(default_factory=dict)
    """By role; ``unknown``: no hello yet."""
    listeners: Mapping[str, int] = field(default_factory=dict)
    """By the language that they read; one who reads two is counted in both."""
    model: str = ""
    """Name of the recognition model."""


class Metrics:
    """Counters of one server.

    Args:
        clock_s: monotonic seconds.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._started_s = clock_s()
        self.guard = Guard("counting")
        """Around every count in the course of a talk."""
        self.load: Callable[[], Load] = Load
        """Asked for gauges when somebody looks; the server puts its own here."""
        self.restarts: Callable[[], Mapping[str, int]] = dict
        """Asked for restarts of supervised processes, by name, when somebody looks."""
        self.shed: Counter[str] = Counter()
        """What was refused or dropped so that the rest goes on, by reason; more in :attr:`sheds`."""
        self.notices: Counter[str] = Counter()
        """By code."""
        self.device: str | None = None
        """What the microphone last told: ``ok``, ``lost`` or ``muted``; ``None``: nothing yet."""
        self.finals: Counter[str] = Counter()
        """Finished segments: ``transcript``, and ``translation`` into whichever language."""
        self.audio_s = 0.0
        """Sound of sessions that have come to their end, in seconds."""
        self.transcript_failures = 0
        """Writes of transcripts that failed; captions went on."""
        self.counts: Counter[str] = Counter()
        """``connections_total``, ``sessions_total``, ``merged_total`` and the like."""
        self.errors: Counter[str] = Counter()
        """By the ``code`` of the typed error; ``too_slow`` counts clients that were shed."""
        self._lag_ms: dict[str, int] = {}
        self._delays = Delays(clock_s)

    def event(self, event: Event) -> None:
        """Counts what a session said, once however many read it."""
        if isinstance(event, (Transcript, Translation)):
            self.finals["transcript" if isinstance(event, Transcript) else "translation"] += event.final
            for stage, start, end in _STAGES:
                start_ms, end_ms = getattr(event.marks, start), getattr(event.marks, end)
                if start_ms is not None and end_ms is not None:
                    self.duration(stage, end_ms - start_ms)
        elif isinstance(event, Lag):
            self._lag_ms[event.stage] = event.behind_ms
        elif isinstance(event, EndOfStream):
            self.audio_s += event.position / RATE_HZ
        elif isinstance(event, Notice):
            self.notices[event.code] += 1
            self.transcript_failures += event.code == TRANSCRIPTS_FAILED
            self.device = DEVICE_HEALTH.get(event.code, self.device)

    def sent(self, marks: Marks, sent_ms: float) -> None:
        """Counts one text that was handed to one client's socket."""
        made_ms = marks.mt_end if marks.mt_end is not None else marks.asr_end
        if made_ms is not None:
            self.duration("send", sent_ms - made_ms)
        if marks.capture is not None:
            self.duration("capture_to_sent", sent_ms - marks.capture)

    def painted(self, paint: Paint) -> None:
        """Counts one text that is on a reader's screen."""
        self.duration("paint", paint.sent_painted_ms)
        self.duration("glass_to_glass", paint.capture_painted_ms)

    def duration(self, stage: str, value_ms: float) -> None:
        """Counts one duration of ``stage``."""
        self._delays.add(stage, value_ms)

    @property
    def sheds(self) -> Mapping[str, int]:
        """What was refused or dropped so that the rest goes on, by reason, errors of that kind included."""
        return self.shed + Counter({code: self.errors[code] for code in _SHED_ERRORS})

    @property
    def lag_ms(self) -> Mapping[str, int]:
        """How far each stage was behind when it last told; 0: it has caught up, or nobody speaks."""
        return self._lag_ms if self.load().sessions else dict.fromkeys(self._lag_ms, 0)

    @property
    def latency(self) -> Mapping[str, Histogram]:
        """Durations of each stage since the beginning."""
        return self._delays.all_time

    @property
    def recent_latency(self) -> Mapping[str, Histogram]:
        """Durations of each stage in the last minutes in which there were any."""
        return self._delays.recent

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON types; holds nothing of what was said."""
        return {
            "uptime_s": round(self._clock_s() - self._started_s, 1),
            "rss_bytes": family_rss_bytes(),
            "cpu_s": round(family_cpu_s(), 2),
            "audio_s": round(self.audio_s, 1),
            **dict(sorted(self.counts.items())),
            "errors": dict(sorted(self.errors.items())),
            "sheds": dict(sorted(self.sheds.items())),
            "restarts": dict(sorted(self.restarts().items())),
            "notices": dict(sorted(self.notices.items())),
            "device": self.device,
            "transcript_failures": self.transcript_failures,
            "lag_ms": dict(sorted(self.lag_ms.items())),
            "latency_ms": {stage: histogram.as_dict() for stage, histogram in self.latency.items()},
            "recent_latency_ms": {stage: histogram.as_dict() for stage, histogram in self.recent_latency.items()},
        }
