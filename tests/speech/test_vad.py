"""Voice activity: the gate for any probabilities, the model on real speech, noise and silence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.config import VadConfig
from translate.events import RATE_HZ
from translate.speech.vad import FRAME, SpeechChange, SpeechGate, StreamingVad


@given(st.lists(st.floats(0, 1), max_size=300))
def test_changes_alternate_and_go_forward(probabilities: list[float]) -> None:
    gate = SpeechGate(VadConfig())
    changes = [c for i, p in enumerate(probabilities) if (c := gate.push(p, i * FRAME)) is not None]
    assert [c.state for c in changes] == ["started", "stopped"] * (len(changes) // 2) + ["started"] * (len(changes) % 2)
    for opened, closed in zip(changes[::2], changes[1::2], strict=False):
        assert opened.position < closed.position <= len(probabilities) * FRAME


def test_a_click_does_not_open_and_a_breath_does_not_close() -> None:
    gate = SpeechGate(VadConfig(min_speech_ms=96, min_silence_ms=320, pad_ms=64))
    frames = [0.0] * 10 + [1.0] * 2 + [0.0] * 10 + [1.0] * 20 + [0.0] * 5 + [1.0] * 10 + [0.0] * 20
    changes = [c for i, p in enumerate(frames) if (c := gate.push(p, i * FRAME)) is not None]
    assert changes == [
        SpeechChange("started", 22 * FRAME - 64 * RATE_HZ // 1000),
        SpeechChange("stopped", 57 * FRAME),
    ]


def test_speech_is_found_whatever_the_size_of_the_chunks(clips: dict[str, Any], samples_of: Any) -> None:
    audio = np.concatenate([np.zeros(RATE_HZ, np.float32), samples_of("fleurs_es_003"), np.zeros(RATE_HZ, np.float32)])

    def changes(size: int) -> list[SpeechChange]:
        vad = StreamingVad(VadConfig())
        return [c for at in range(0, len(audio), size) for c in vad.push(audio[at : at + size])]

    whole = changes(len(audio))
    assert [c.state for c in whole[:1]] == ["started"]
    assert whole[-1].state == "stopped"
    assert 0.5 * RATE_HZ < whole[0].position < 3 * RATE_HZ
    for size in (160, 512, 700, 16_001):
        assert changes(size) == whole


@pytest.mark.parametrize("name", ["pv_empty", "sb_noise5"])
def test_noise_and_silence_open_nothing_for_long(name: str, samples_of: Any) -> None:
    vad = StreamingVad(VadConfig())
    changes = list(vad.push(samples_of(name)))
    spans = zip(changes[::2], changes[1::2], strict=False)
    assert sum(closed.position - opened.position for opened, closed in spans) < RATE_HZ
    assert not vad.gate.open


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 4000))
def test_every_sample_is_seen_once(size: int) -> None:
    vad = StreamingVad(VadConfig())
    total = 0
    for _ in range(5):
        list(vad.push(np.zeros(size, np.float32)))
        total += size
    assert vad._position == total // FRAME * FRAME


@pytest.mark.parametrize("noise", [0.0, 0.0005, 0.003], ids=["digital silence", "-66 dB", "-50 dB"])
@pytest.mark.parametrize("name", ["fleurs_en_007", "fleurs_es_003", "gsp1_de"])
def test_words_after_a_long_pause_are_found_where_they_are(samples_of: Any, name: str, noise: float) -> None:
    """A recurrent detector that has heard nothing for a minute must not take the next words for nothing."""
    rng = np.random.default_rng(0)

    def began(pause_s: int) -> int:
        pause = rng.normal(0, noise, pause_s * RATE_HZ).astype(np.float32)
        vad = StreamingVad(VadConfig())
        changes = list(vad.push(np.concatenate([pause, samples_of(name), np.zeros(RATE_HZ, np.float32)])))
        assert [change.state for change in changes] == ["started", "stopped"]
        return changes[0].position - len(pause)

    assert abs(began(60) - began(1)) <= RATE_HZ // 8


@pytest.mark.parametrize("name", ["fleurs_es_005", "fleurs_fr_008"])
def test_a_quiet_speaker_is_heard_after_a_loud_one(samples_of: Any, name: str) -> None:
    """One shouts into the microphone, a second later another speaks from the far end of the room, 45 dB lower."""
    quiet = samples_of(name)
    quiet = np.asarray(quiet * 0.003 / np.sqrt(np.mean(quiet**2)), np.float32)
    pause = np.random.default_rng(0).normal(0, 0.0002, RATE_HZ).astype(np.float32)
    loud = np.clip(samples_of("fleurs_de_005")[: 4 * RATE_HZ] * 20, -1, 1)

    def heard(*before: Any) -> int:
        start = sum(map(len, before))
        changes = list(StreamingVad(VadConfig()).push(np.concatenate([*before, quiet, pause])))
        spans = zip(changes[::2], changes[1::2], strict=True)
        return sum(max(0, closed.position - max(start, opened.position)) for opened, closed in spans)

    assert heard(loud, pause) >= 0.95 * heard(pause)
