"""From capture to screen: when a text that was sent was painted, as its reader tells."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from translate.protocol.messages import Painted

__all__ = ["Paint", "PaintReports"]

TOLERANCE_MS: Final = 250.0
"""How wrong the client's estimate of our clock may be (half a bad round trip)."""


class Paint(NamedTuple):
    """How long a text took to a reader's screen."""

    capture_painted_ms: float
    """Glass to glass: from the end of the newest audio that it covers."""
    sent_painted_ms: float
    """From its writing to the reader's socket."""


class _Sent(NamedTuple):
    sent_ms: float
    capture_ms: float


class PaintReports:
    """Judges a client's ``painted`` messages against what it was sent.

    Args:
        capacity: sent texts remembered.
    """

    def __init__(self, capacity: int = 512) -> None:
        self._capacity = capacity
        self._sent: OrderedDict[int, _Sent] = OrderedDict()

    def sent(self, seq: int, sent_ms: float, capture_ms: float) -> None:
        """Message ``seq`` carried a text; times on the session clock."""
        self._sent[seq] = _Sent(sent_ms, capture_ms)
        if len(self._sent) > self._capacity:
            self._sent.popitem(last=False)

    def restart(self) -> None:
        """Another session has begun, with another clock."""
        self._sent.clear()

    def judge(self, report: Painted, *, now_ms: float) -> Paint | None:
        """What a report says; ``None``: not known, told before, or not plausible.

        Args:
            report: what the client says.
            now_ms: session clock.
        """
        event = self._sent.pop(report.event_seq, None)
        if event is None or not event.sent_ms - TOLERANCE_MS <= report.painted_ms <= now_ms + TOLERANCE_MS:
            return None
        whole_ms, last_ms = report.painted_ms - event.capture_ms, report.painted_ms - event.sent_ms
        return Paint(max(0.0, whole_ms), max(0.0, last_ms))
