"""How many speakers a machine holds is measured, remembered, and measured again when something changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from translate.config import AsrConfig
from translate.events import Samples
from translate.inference import Capacity, measured_capacity, remembered_capacity
from translate.speech.threads import Lanes


class TimedEngine:
    """Each update takes ``update_s`` on a clock of its own."""

    def __init__(self, update_s: float) -> None:
        self.update_s = update_s
        self.now = 0.0
        self.lengths: list[int] = []
        self._lock = threading.Lock()

    def encode(self, audio: Samples) -> object:
        with self._lock:
            self.lengths.append(len(audio))
            self.now += self.update_s
        return object()

    def decode(self, window: object, language: str, *, max_tokens: int) -> object:
        return object()

    def clock(self) -> float:
        return self.now


@pytest.fixture
def engine() -> Iterator[TimedEngine]:
    return TimedEngine(0.25)


def test_it_is_measured_on_windows_as_long_as_they_get(engine: TimedEngine, tmp_path: Path) -> None:
    capacity = measured_capacity(engine, "base", AsrConfig(), tmp_path, now_s=engine.clock)
    assert capacity.update_ms == pytest.approx(250)
    assert capacity.speakers == 3
    assert set(engine.lengths) == {6 * 16_000}


def test_it_is_remembered_until_the_model_or_a_setting_changes(engine: TimedEngine, tmp_path: Path) -> None:
    config = AsrConfig()
    first = measured_capacity(engine, "base", config, tmp_path, now_s=engine.clock)
    measured = len(engine.lengths)
    slower = TimedEngine(9.0)
    assert measured_capacity(slower, "base", config, tmp_path, now_s=slower.clock) == first
    assert len(slower.lengths) < measured, "a later start only has a try"
    measured_capacity(engine, "base", replace(config, threads=1), tmp_path, now_s=engine.clock)
    measured_capacity(engine, "tiny", config, tmp_path, now_s=engine.clock)
    assert len(engine.lengths) == 3 * measured


def test_a_quieter_start_corrects_a_disturbed_one(tmp_path: Path) -> None:
    for update_s, speakers in ((0.9, 1), (0.25, 3), (0.9, 3)):
        engine = TimedEngine(update_s)
        assert measured_capacity(engine, "base", AsrConfig(), tmp_path, now_s=engine.clock).speakers == speakers


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": "y"}', "null", "\x00"])
def test_a_damaged_memory_is_measured_anew(engine: TimedEngine, tmp_path: Path, content: str) -> None:
    (tmp_path / "capacity.json").write_text(content)
    assert measured_capacity(engine, "base", AsrConfig(), tmp_path, now_s=engine.clock).speakers == 3


def test_a_cache_that_cannot_be_written_stops_nothing(engine: TimedEngine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    capacity = measured_capacity(engine, "base", AsrConfig(), tmp_path / "file" / "cache", now_s=engine.clock)
    assert capacity.speakers == 3


def held(update_ms: float, lanes: Lanes) -> int:
    return Capacity(update_ms, lanes).speakers


lanes = st.builds(Lanes, st.integers(1, 4), st.integers(1, 4), st.integers(1, 64))


@example(0.0010000000000000002, Lanes(3, 1, 5))  # a quotient that is rounded up to a whole number
@given(st.floats(0.001, 1e6), lanes)
def test_no_machine_holds_less_than_one_speaker_nor_more_than_fit(update_ms: float, lanes: Lanes) -> None:
    speakers = held(update_ms, lanes)
    assert speakers >= 1
    assert speakers == 1 or speakers * update_ms <= 0.8 * 1200 * lanes.count
    if lanes.count * lanes.threads <= lanes.cores and lanes.cores > 1:
        assert speakers == 1 or speakers * update_ms * lanes.threads <= 0.8 * 1200 * lanes.cores, (
            "more than all cores can do"
        )


@given(st.floats(1, 5000), lanes)
def test_a_larger_machine_holds_no_fewer(update_ms: float, lanes: Lanes) -> None:
    more_cores = replace(lanes, cores=2 * lanes.cores)
    assert held(update_ms, more_cores) >= held(update_ms, lanes)
    more_lanes = replace(more_cores, count=lanes.count + 1)
    assert held(update_ms, more_lanes) >= held(update_ms, more_cores)


def test_lanes_are_measured_all_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=5)

    class Meeting(TimedEngine):
        """An update that ends only when three have begun."""

        def encode(self, audio: Samples) -> object:
            together.wait()
            return super().encode(audio)

    engine = Meeting(0.1)
    capacity = measured_capacity(engine, "base", AsrConfig(), tmp_path, lanes=Lanes(3, 1, cores=8), now_s=engine.clock)
    assert capacity.update_ms == pytest.approx(300)  # its clock counts the three one after the other
    assert capacity.speakers == int(0.8 * 3 * 1200 / 300)
    one = TimedEngine(0.1)
    measured_capacity(one, "base", AsrConfig(), tmp_path, now_s=one.clock)
    assert len(one.lengths) > 1, "with other lanes it is measured anew"


def test_what_was_measured_is_known_without_an_engine(engine: TimedEngine, tmp_path: Path) -> None:
    lanes = Lanes(2, 1, cores=2)
    assert remembered_capacity("base", AsrConfig(), tmp_path, lanes) is None
    measured = measured_capacity(engine, "base", AsrConfig(), tmp_path, lanes=lanes, now_s=engine.clock)
    assert remembered_capacity("base", AsrConfig(), tmp_path, lanes) == measured
    assert remembered_capacity("tiny", AsrConfig(), tmp_path, lanes) is None


@given(st.floats(0.001, 1e6), lanes, st.floats(100, 5000))
def test_one_speaker_fits_at_the_cadence_that_is_named_for_it(
    update_ms: float, lanes: Lanes, cadence_ms: float
) -> None:
    capacity = Capacity(update_ms, lanes)
    assert capacity.speakers_at(capacity.cadence_ms * 1.001) >= 1
    assert capacity.speakers_at(cadence_ms) <= capacity.speakers_at(2 * cadence_ms)
