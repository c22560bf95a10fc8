"""Bad sound in a talk: where it is, what it does to captions, and when these are well again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.test_clock import FakePolicy, Scripted
from translate.bench.baseline_session import BaselineSession
from translate.bench.clock import run
from translate.bench.material import Clip, Recording, assemble
from translate.bench.quality import Errors
from translate.bench.record import PacedSource, Run
from translate.bench.robust import LATER_MS, looped, measure, recovery_s
from translate.bench.trouble import TROUBLES, BurstySource, case, company
from translate.config import VadConfig
from translate.events import RATE_HZ, AudioChunk, Samples
from translate.inference import Turns
from translate.latency import SessionClock


@pytest.fixture(scope="module")
def talk() -> Recording:
    """Six tones of a second, half a second apart: 100, 200, ... Hz."""
    beat = np.arange(RATE_HZ) / RATE_HZ
    tones = [(0.1 * np.sin(2 * np.pi * 100 * (i + 1) * beat)).astype(np.float32) for i in range(6)]
    clips = [Clip(str(i), "en", Path("tone"), transcript=f"tone {i}") for i in range(6)]
    return assemble("talk", list(zip(clips, tones, strict=True)), [0.0] + [0.5] * 5)


@pytest.mark.parametrize("trouble", sorted(set(TROUBLES) - {"monologue", "silence"}))
def test_trouble_is_in_the_middle_and_nowhere_else(trouble: str, talk: Recording) -> None:
    (beside,) = company([talk], None)
    found = case(trouble, talk, beside)
    assert [part.clip.id for part in found.during.parts] == ["2", "3"]
    assert [part.clip.id for part in found.after.parts] == ["4", "5"]
    start, end = (round(ms * RATE_HZ / 1000) for ms in (found.during.from_ms, found.during.to_ms))
    samples = found.recording.samples
    assert len(samples) == len(talk.samples)
    np.testing.assert_array_equal(samples[:start], talk.samples[:start])
    np.testing.assert_array_equal(samples[end:], talk.samples[end:])
    assert (trouble == "bursts") == np.array_equal(samples[start:end], talk.samples[start:end])


def test_silence_is_put_between_and_moves_what_follows(talk: Recording) -> None:
    found = case("silence", talk, company([talk], None)[0])
    assert found.recording.seconds == pytest.approx(talk.seconds + 300)
    assert found.during.parts == ()
    for before, now in zip(talk.parts[2:], found.after.parts, strict=True):
        assert now.start_ms - before.start_ms == 300_000
        np.testing.assert_array_equal(
            found.recording.between(now.start_ms, now.end_ms), talk.between(before.start_ms, before.end_ms)
        )


def test_a_talk_of_few_clips_has_no_middle(talk: Recording) -> None:
    with pytest.raises(ValueError, match="too few"):
        case("music", replace(talk, parts=talk.parts[:5]), company([talk], None)[0])


def chunks(source: BurstySource) -> list[AudioChunk]:
    async def read() -> list[AudioChunk]:
        import asyncio

        clock = SessionClock(asyncio.get_running_loop().time)
        return [item async for item in source.stream(clock) if isinstance(item, AudioChunk)]

    return run(read(), "virtual", Scripted())


def test_bursts_bring_every_sample_late_and_at_once(talk: Recording) -> None:
    found = chunks(BurstySource(PacedSource(talk.samples), 2000, 7000, seed=1))
    np.testing.assert_array_equal(np.concatenate([chunk.samples for chunk in found]), talk.samples)
    for before, after in itertools.pairwise(found):
        assert after.position == before.end
        assert after.received_ms >= before.received_ms
    held = [chunk.received_ms - chunk.capture_ms for chunk in found]
    late = [ms for chunk, ms in zip(found, held, strict=True) if 2000 < chunk.end / 16 <= 7000]
    assert max(late) > 450
    assert max(late) <= 3001
    assert all(ms < 1 for chunk, ms in zip(found, held, strict=True) if not 1999 <= chunk.end / 16 <= 7001)
    arrivals = {chunk.received_ms for chunk in found if 2000 < chunk.end / 16 <= 7000}
    assert len(arrivals) <= 11, "what is held comes together"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("no no no", 0),
        ("no no no no", 3),
        ("i know i know", 0),
        ("i know i know i know", 4),
        ("it was the best of times it was the best of times", 6),
        ("it was the best of times it was the worst of times", 0),
        ("well thank you for watching thank you for watching so", 4),
    ],
)
def test_a_loop_is_told_from_emphasis(text: str, count: int) -> None:
    assert looped(text.split()) == count


@given(st.lists(st.integers(0, 40), max_size=12, unique=True), st.integers(1, 12), st.integers(0, 5))
def test_all_but_the_first_round_count(before: list[int], size: int, more: int) -> None:
    unit = [f"x{i}" for i in range(size)]
    words = [f"w{i}" for i in before] + unit * (1 + more)
    least = 1 if size >= 4 else 2 if size >= 2 else 3
    assert looped(words) == (more * size if more >= least else 0)


def test_recovery_ends_with_the_last_late_word(
    make_run: Callable[..., Run], make_recording: Callable[..., Recording], talk: Recording
) -> None:
    after = talk.thirds[2]
    start_ms = round(after.from_ms)

    def said(*late_ms: int) -> Run:
        words = [(f" w{i}", start_ms + 1000 * (i + 1)) for i in range(len(late_ms))]
        steps = [(words[i][1] + late, 0, words[: i + 1], "", False) for i, late in enumerate(late_ms)]
        return make_run(steps, of=make_recording())

    clean = said(500, 900, 600)
    limit = 900 + int(LATER_MS)
    assert recovery_s(after, said(600, limit, 700), clean) == 0
    assert recovery_s(after, said(limit + 100, limit + 50, 700), clean) == pytest.approx(2, abs=0.01)
    assert recovery_s(after, said(), clean) is None


def test_every_trouble_is_played_on_a_talk(talk: Recording) -> None:
    """With a policy that hears a word every 200 ms of what the detector lets through: tones are no speech."""
    turns, stopwatch = Turns("fake"), Scripted()
    heard: list[tuple[str, float]] = []
    try:
        outcomes = measure(
            lambda source, _: BaselineSession(source, FakePolicy(stopwatch, 0.0), "en", turns, VadConfig()),
            [talk],
            None,
            ["bursts", "silence", "monologue"],
            "virtual",
            lambda what, seconds: heard.append((what, seconds)),
            offline=lambda samples, lang: "tone 2 tone" if len(samples) > RATE_HZ else "",
        )
    finally:
        turns.close()
    assert [one.trouble for one in outcomes] == ["bursts", "silence", "monologue"]
    played = dict.fromkeys(what for what, _ in heard)  # of tones without pauses nothing is left
    assert list(played) == [f"talk: {what}" for what in ("undisturbed", "bursts", "silence")]
    assert sum(seconds for what, seconds in heard if "silence" in what) == pytest.approx(talk.seconds + 300, abs=2)
    bursts, silence, monologue = outcomes
    assert bursts.clean is not None
    assert bursts.clean.reference == 2 * 2, "two parts of two words"
    assert bursts.offline == Errors(0, 1, 0, 4)
    assert silence.offline is None
    assert silence.after is not None
    assert silence.after.reference == 4 * 2
    assert silence.silent_words == 0
    assert monologue.after is None
    assert bursts.grown_mb is not None


def test_company_is_somebody_else_where_there_is_anybody(talk: Recording) -> None:
    one = [*talk.parts]
    same = replace(talk, parts=tuple(replace(part, clip=one[0].clip) for part in one))
    other: Samples = np.ones(RATE_HZ * 10, np.float32)
    found = company([same, replace(talk, id="other", samples=other)], None)
    np.testing.assert_array_equal(found[0].voice, other[:-RATE_HZ])
    assert len(found[1].voice) < 4 * RATE_HZ, "its own last speakers"
