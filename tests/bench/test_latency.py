"""Delays of runs whose every time is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.bench import latency
from translate.bench.record import Run
from translate.bench.spread import Spread


def test_each_word_is_timed_from_its_end_in_the_audio(hello: Run) -> None:
    found = latency.timings(hello)
    assert [t.text for t in found] == ["hello", "big", "world"]
    assert [t.commit_ms for t in found] == [1100 - 600, 1600 - 1000, 1900 - 1500]
    assert [t.show_ms for t in found] == [700 - 600, 1100 - 1000, 1600 - 1500]


def test_figures_of_a_run(hello: Run) -> None:
    found = latency.measure([hello])
    assert found.commit == Spread(3, 500, 590, 600)
    assert found.show == Spread(3, 100, 100, 100)
    assert found.cpu_share == pytest.approx(0.2)
    assert found.stages["recognition"] == Spread(4, 149, 149, 149)
    assert found.stages["capture to transcript"].median == 200
    assert found.first_third is None


def test_a_word_in_pieces_counts_once_and_when_its_last_piece_is_committed(make_run: Callable[..., Run]) -> None:
    run = make_run(
        [
            (1000, 0, [("I", 300), (" don", 600)], "'t", False),
            (1500, 0, [("I", 300), (" don", 600), ("'t", 800), (".", 900)], "", True),
        ]
    )
    assert [(t.text, t.end_ms, t.committed_ms, t.shown_ms) for t in latency.timings(run)] == [
        ("i", 300, 1000, 1000),
        ("dont", 800, 1500, 1000),
    ]


def test_a_word_shown_in_the_tail_of_the_segment_before_was_shown_then(make_run: Callable[..., Run]) -> None:
    run = make_run(
        [
            (1000, 0, [("Yes", 300)], ". No", False),
            (1500, 0, [("Yes", 300), (".", 400)], "", True),
            (1500, 1, [], "No", False),
            (2000, 1, [("No", 800)], "", True),
        ]
    )
    assert [t.shown_ms for t in latency.timings(run)] == [1000, 1000]


def test_a_word_elsewhere_in_the_text_is_not_the_one_that_is_meant(make_run: Callable[..., Run]) -> None:
    words = [("the", 100), (" cat", 200), (" and", 300), (" then", 400), (" the", 500)]
    run = make_run([(700, 0, words[:1], "", False), (900, 0, words, "", True)])
    assert [t.shown_ms for t in latency.timings(run)] == [700, 900, 900, 900, 900]


def test_without_spaces_every_character_counts(
    make_run: Callable[..., Run], make_recording: Callable[..., object]
) -> None:
    run = make_run([(900, 0, [("今日", 400), ("は", 600), ("。", 700)], "", True)], of=make_recording(lang="ja"))
    assert [(t.text, t.end_ms) for t in latency.timings(run)] == [("今", 400), ("日", 400), ("は", 600)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_spread_is_in_order_and_within_the_values(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread is not None
    assert min(values) <= spread.median <= spread.p95 <= spread.worst == max(values)
    assert spread.count == len(values)


def test_no_values_have_no_spread() -> None:
    assert Spread.of([]) is None


@given(
    st.lists(st.sampled_from(["so", "it", "is", "not"]), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8),
)
def test_no_word_is_committed_before_it_is_shown(
    make_run: Callable[..., Run], spoken: list[str], steps: list[tuple[int, int]]
) -> None:
    """A recognizer that never errs shows each word when, or before, it commits it."""
    words = [(f" {text}", 300 * i) for i, text in enumerate(spoken, 1)]
    revisions, done = [], 0
    for i, (commits, shows) in enumerate(steps):
        done = min(done + commits, len(words))
        tail = "".join(text for text, _ in words[done : done + shows])
        revisions.append((400.0 * i, 0, words[:done], tail, False))
    revisions.append((9000.0, 0, words, "", True))
    found = latency.timings(make_run(revisions))
    assert [t.text for t in found] == spoken
    for timing in found:
        assert timing.shown_ms is not None
        assert timing.shown_ms <= timing.committed_ms
