"""What sessions make of bad sound, on the virtual clock: text may be wrong while it lasts, and is right again after."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from translate import PushSource, Session
from translate.audio import AudioSource
from translate.bench import quality, stability
from translate.bench.clock import run
from translate.bench.disturb import chords, clipped, mixed, telephone, whispered, without_pauses
from translate.bench.material import Clip, Recording, Stretch, assemble
from translate.bench.record import Run, record
from translate.bench.robust import looped
from translate.bench.screen import compared
from translate.bench.trouble import BurstySource
from translate.config import AsrConfig, Config
from translate.events import RATE_HZ, Samples, Transcript
from translate.inference import Engines
from translate.latency import SessionClock
from translate.speech.whisper import MAX_WINDOW

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.long]
Samplers = Callable[[str], Samples]
Spoil = Callable[[Samples], Samples]


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    engines = Engines(Config(asr=AsrConfig(model="whisper-tiny.en")))
    yield engines
    engines.close()


@pytest.fixture(autouse=True)
def windows(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Samples of every window that was encoded; whatever is heard, none outgrows what the encoder takes."""
    found: list[int] = []
    encode = engines.recognition.encode

    def weigh(audio: Samples) -> Any:
        found.append(len(audio))
        return encode(audio)

    monkeypatch.setattr(engines.recognition, "encode", weigh)
    yield found
    assert 0 < max(found) <= MAX_WINDOW


@pytest.fixture
def talk(clips: dict[str, Any], samples_of: Samplers) -> Callable[..., Recording]:
    """Clips as they are given, and after a second a clean sentence."""

    def make(*bad: Samples) -> Recording:
        said = clips["fleurs_en_007"]
        good = Clip("good", "en", said.path, transcript=said.transcript)
        parts = [*((Clip("bad", "en", said.path), samples) for samples in bad), (good, samples_of("fleurs_en_007"))]
        return assemble("talk", parts, [0.0] * len(bad) + [1.0])

    return make


def play(engines: Engines, recording: Recording, wrap: Callable[[AudioSource], AudioSource] = lambda one: one) -> Run:
    return run(record(lambda source, _: Session(wrap(source), spoken="en", engines=engines), recording), "virtual")


def check(found: Run) -> None:
    """Nothing loops, nothing is taken back, and the clean sentence at the end is understood."""
    assert stability.measure([found]).taken_back == 0
    assert looped(compared("en")(quality.final_text(found))) == 0
    last = found.recording.parts[-1]
    pair = quality.excerpt(found, Stretch((last,), last.start_ms, math.inf))
    assert quality.word_errors([pair]).rate < 0.35, pair.hypothesis


@pytest.mark.parametrize(
    "spoil",
    [
        clipped,
        telephone,
        whispered,
        lambda samples: mixed(samples, samples[::-1], 0),
        lambda samples: mixed(samples, chords(4), 10),
        lambda samples: np.full(len(samples), np.float32(1)),
        lambda samples: np.full(len(samples), np.float32(math.nan)),
    ],
    ids=["clipped", "telephone", "whispered", "two-voices", "music", "stuck", "not-numbers"],
)
def test_text_is_right_again_after(
    spoil: Spoil, engines: Engines, talk: Callable[..., Recording], samples_of: Samplers
) -> None:
    check(play(engines, talk(spoil(samples_of("fleurs_en_002")[RATE_HZ : 3 * RATE_HZ]))))


def test_a_long_silence_writes_nothing_and_words_are_heard_again(
    engines: Engines, talk: Callable[..., Recording], samples_of: Samplers
) -> None:
    quiet = np.random.default_rng(0).normal(0, 0.0003, 60 * RATE_HZ).astype(np.float32)
    found = play(engines, talk(samples_of("fleurs_en_002")[: 4 * RATE_HZ], quiet))
    check(found)
    silence = found.recording.parts[1]
    written = quality.excerpt(found, Stretch((), silence.start_ms + 500, silence.end_ms)).hypothesis
    assert compared("en")(written) == []


def test_a_talk_without_a_pause_is_cut_all_the_same(
    engines: Engines, talk: Callable[..., Recording], samples_of: Samplers, windows: list[int]
) -> None:
    breathless = without_pauses(np.concatenate([samples_of("fleurs_en_002"), samples_of("fleurs_en_007")]))
    found = play(engines, talk(breathless))
    check(found)
    ends = [
        e.event.end_ms - e.event.start_ms for e in found.entries if isinstance(e.event, Transcript) and e.event.final
    ]
    assert max(ends) < 29_000
    assert sum(windows) / len(windows) < 12 * RATE_HZ, "the window follows what is said last, not all that was said"


def test_a_device_that_delivers_in_bursts_loses_no_word(
    engines: Engines, talk: Callable[..., Recording], samples_of: Samplers
) -> None:
    recording = talk(samples_of("fleurs_en_002")[: 6 * RATE_HZ])
    wrap = partial(BurstySource, from_ms=0, to_ms=recording.seconds * 1000)
    check(play(engines, recording, wrap))


def test_a_speaker_whose_network_stutters_is_written_as_well(
    engines: Engines, clips: dict[str, Any], samples_of: Samplers
) -> None:
    """The server's own source: pushed with holes, twice, late, and seconds at once."""
    audio = (samples_of("fleurs_en_007") * 32767).astype("<i2")

    async def caption() -> list[Transcript]:
        source = PushSource(limit_ms=10_000)
        session = Session(source, spoken="en", engines=engines)
        session.clock = SessionClock(asyncio.get_running_loop().time)

        async def speak() -> None:
            for start in range(0, len(audio), 3 * RATE_HZ):
                burst = audio[max(0, start - RATE_HZ) : start + 3 * RATE_HZ]  # a second of it was heard before
                await asyncio.sleep(len(burst) / RATE_HZ)
                await source.feed(max(0, start - RATE_HZ), burst.tobytes())
            source.finish()

        speaking = asyncio.create_task(speak())
        found = [event async for event in session if isinstance(event, Transcript)]
        await speaking
        return found

    found = run(caption(), "virtual")
    text = " ".join(event.committed for event in found if event.final)
    pair = quality.Pair("en", "speech", clips["fleurs_en_007"].transcript, text)
    assert quality.word_errors([pair]).rate < 0.35, text
