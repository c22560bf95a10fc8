"""Delays of one talk, as its operators are told."""

from __future__ import annotations

import time
from collections.abc import Callable

from translate.events import Event, Lag, Marks
from translate.protocol import Paint, Quantiles, RoomLatency
from translate.server.metrics.metrics import Metrics

__all__ = ["TalkMetrics"]

_STAGES = {"recognition": "asr", "translation": "mt"}
"""Stages of a lag as they are called in a status."""


class TalkMetrics:
    """Delays of one talk.

    Args:
        clock_s: monotonic seconds.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._metrics = Metrics(clock_s)
        self._behind_ms: dict[str, int] = {}

    def event(self, event: Event) -> None:
        """Takes note of what the session said."""
        self._metrics.event(event)
        if isinstance(event, Lag):
            self._behind_ms[_stage(event.stage, event.lang)] = event.behind_ms

    def sent(self, marks: Marks, sent_ms: float) -> None:
        """A text was handed to all readers; times on the session clock."""
        self._metrics.sent(marks, sent_ms)

    def painted(self, paint: Paint) -> None:
        """A text has reached a reader's screen."""
        self._metrics.painted(paint)

    def behind_ms(self, targets: tuple[str, ...]) -> dict[str, int]:
        """How late each stage is when ``targets`` are translated into; 0: in time."""
        stages = [_stage("recognition", None), *(_stage("translation", lang) for lang in targets)]
        return {stage: self._behind_ms.get(stage, 0) for stage in stages}

    def latency(self) -> RoomLatency:
        """Of the last minutes in which something was said."""
        stages = {
            name: Quantiles(p50=round(found.quantile(0.5), 1), p95=round(found.quantile(0.95), 1))
            for name, found in self._metrics.recent_latency.items()
        }
        sent, painted = stages.pop("capture_to_sent", None), stages.pop("glass_to_glass", None)
        return RoomLatency(capture_sent_ms=sent, capture_painted_ms=painted, stages=stages)


def _stage(name: str, lang: str | None) -> str:
    short = _STAGES.get(name, name)
    return f"{short}.{lang}" if lang is not None else short
