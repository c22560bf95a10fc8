"""Delays of a room as its operators see them: of now, however long the talk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.events import Marks
from translate.server.metrics.delays import Histogram
from translate.server.rooms.talk_metrics import TalkMetrics


def test_a_delay_of_long_ago_is_not_told() -> None:
    now_s = 0.0
    talk = TalkMetrics(lambda: now_s)

    def p50() -> float:
        told = talk.latency().capture_sent_ms
        return told.p50 if told is not None else 0.0

    for minute in range(3 * 24 * 60):  # three slow days
        now_s = minute * 60.0
        talk.sent(Marks(capture=0.0), 5000.0)
    assert p50() == pytest.approx(5000, rel=0.1)
    now_s += 3 * 3600
    assert p50() == pytest.approx(5000, rel=0.1), "nothing newer was said"
    for second in range(11 * 60):
        talk.sent(Marks(capture=0.0), 300.0)
        now_s += 1.0
        if second < 200:
            assert p50() > 0
    assert p50() == pytest.approx(300, rel=0.1)


@given(st.lists(st.floats(0, 100_000)), st.lists(st.floats(0, 100_000)), st.floats(0, 1))
def test_histograms_add_up(first: list[float], second: list[float], share: float) -> None:
    parts, whole = (Histogram(), Histogram()), Histogram()
    for part, values in zip(parts, (first, second), strict=True):
        for value in values:
            part.add(value)
            whole.add(value)
    both = parts[0] + parts[1]
    assert both.quantile(share) == whole.quantile(share)
    assert (both.count, both.max_ms) == (whole.count, whole.max_ms)
    assert both.sum_ms == pytest.approx(whole.sum_ms)
