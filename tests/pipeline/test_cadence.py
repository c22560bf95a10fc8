"""The cadence under load."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from translate.pipeline.cadence import Cadence


@given(st.integers(100, 1900), st.lists(st.floats(0, 20_000), max_size=60))
def test_it_stays_between_what_is_wanted_and_two_seconds(wanted_ms: int, took: list[float]) -> None:
    cadence = Cadence(wanted_ms)
    for ms in took:
        cadence.took(ms)
        assert wanted_ms <= cadence.now_ms <= 2000


@given(st.integers(200, 1000), st.floats(1.05, 1.6))
def test_it_lengthens_until_updates_fit_and_recovers(wanted_ms: int, load: float) -> None:
    cadence = Cadence(wanted_ms)
    for _ in range(30):
        cadence.took(wanted_ms * load)
    assert cadence.now_ms > wanted_ms * load
    for _ in range(15):
        cadence.took(wanted_ms * 0.5)
    assert cadence.now_ms == wanted_ms


def test_one_slow_update_changes_nothing() -> None:
    cadence = Cadence(400)
    for ms in (200, 200, 200, 500):
        cadence.took(ms)
    assert cadence.now_ms == 400
