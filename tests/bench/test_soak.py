"""The soak: its verdict, its pace, and a short one of the real service."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.bench.material import load_material, read
from translate.bench.quality import Errors
from translate.bench.soak import Pace, Sample, checks, line, table
from translate.bench.soak_run import Plan, soak
from translate.bench.spread import Spread
from translate.config import AsrConfig, Config, Limits, load_config
from translate.config.template import settings_file
from translate.usage import Usage

AUDIO = Path(__file__).parents[1] / "data" / "audio"
USAGE = Usage(rss_bytes=200 << 20, handles=20, threads=8, cpu_s=1.0)
GOOD = Sample(
    at_s=60.0, steady=True, rate=1.0, load=1.0, audio_s=60.0, server=USAGE, worker=USAGE,
    commit=Spread(100, 1000.0, 1500.0, 2000.0), errors=Errors(5, 5, 5, 100),
    sessions=1, restarts=0, notices=0, taken_back=0,
)  # fmt: skip


def bad_of(samples: list[Sample], missed: int = 0) -> set[str]:
    return {check.name for check in checks(samples, missed) if not check.good}


def test_an_hour_that_stays_as_it_was_is_good() -> None:
    assert bad_of([GOOD] * 60) == set()


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("server memory", replace(GOOD, server=replace(USAGE, rss_bytes=260 << 20))),
        ("engines memory", replace(GOOD, worker=replace(USAGE, rss_bytes=260 << 20))),
        ("server handles", replace(GOOD, server=replace(USAGE, handles=60))),
        ("engines threads", replace(GOOD, worker=replace(USAGE, threads=30))),
        ("word errors", replace(GOOD, errors=Errors(10, 5, 5, 100))),
        ("word errors", replace(GOOD, errors=None)),
        ("commit latency", replace(GOOD, commit=Spread(100, 1400.0, 1500.0, 2000.0))),
        ("commit latency", replace(GOOD, commit=None)),
        ("engines restarted", replace(GOOD, restarts=1)),
        ("texts taken back", replace(GOOD, taken_back=1)),
        ("notices to speakers", replace(GOOD, notices=1)),
    ],
)
def test_what_is_worse_at_the_end_is_found(name: str, end: Sample) -> None:
    assert bad_of([GOOD] * 54 + [end] * 6) == {name}


def test_what_a_listener_missed_is_found() -> None:
    assert bad_of([GOOD] * 60, missed=1) == {"texts a listener missed"}


def test_minutes_in_which_the_pace_was_sought_do_not_count() -> None:
    early = replace(GOOD, steady=False, server=replace(USAGE, rss_bytes=50 << 20))
    assert bad_of([early] * 5 + [GOOD] * 55) == set()


def test_slower_speech_is_no_later_for_that_alone() -> None:
    slow = replace(GOOD, rate=0.5, commit=Spread(100, 2100.0, 3000.0, 4000.0))
    assert bad_of([GOOD] * 54 + [slow] * 6) == set()


def test_nothing_at_all_is_not_good() -> None:
    assert bad_of([]) == {"speech"}
    table([], checks([], 0))


@given(st.lists(st.one_of(st.none(), st.floats(0, 20_000)), max_size=200))
def test_the_pace_stays_within_bounds_and_once_found_only_falls(delays_ms: list[float | None]) -> None:
    pace = Pace()
    for place, delay_ms in enumerate(delays_ms):
        before = pace.rate
        pace.found = pace.found or place == 100
        pace.heard(delay_ms)
        assert 0.5 <= pace.rate <= 8.0
        assert not pace.found or pace.rate <= before
        if delay_ms is None:
            assert pace.rate <= before, "nothing heard is no reason to speak faster"


def test_the_service_gets_the_settings_of_the_bench(tmp_path: Path) -> None:
    config = Config(asr=AsrConfig(model="whisper-tiny.en", hotwords=('an "odd" one', "two")), limits=Limits(sessions=3))
    file = tmp_path / "config.toml"
    file.write_text(settings_file(config), "utf-8")
    assert load_config(file) == config


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.long
def test_twenty_seconds_of_the_real_service() -> None:
    config = Config(asr=AsrConfig(model="whisper-tiny.en"), limits=Limits(sessions=2))
    recordings = tuple(read(clip) for clip in load_material(AUDIO) if clip.id == "fleurs_en_007")
    heard: list[Sample] = []
    found = asyncio.run(soak(config, Plan(seconds=20, recordings=recordings, interval_s=10), heard.append))
    assert found.samples == tuple(heard)
    assert len(heard) == 2
    end = heard[-1]
    assert sum(sample.audio_s for sample in heard) > 5
    assert end.server.rss_bytes > 30 << 20
    assert end.worker.rss_bytes > 30 << 20
    assert end.server.handles > 5
    assert end.cpu_s > 1
    assert any(sample.errors is not None and sample.errors.rate < 0.5 for sample in heard)
    assert any(sample.commit is not None and sample.commit.count > 5 for sample in heard)
    assert (end.restarts, end.taken_back, end.notices, found.missed, found.drops) == (0, 0, 0, 0, 0)
    assert found.texts > 10
    assert all("min" in line(sample) for sample in heard)
