"""Spoilt sound is what it claims to be: in its spectrum, its loudness, its length; and the same each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from translate.bench.disturb import chords, clipped, mixed, telephone, whispered, without_pauses
from translate.events import RATE_HZ, Samples


@pytest.fixture(scope="module")
def speech(clips: dict[str, Any]) -> Samples:
    return np.asarray(decode_audio(str(clips["fleurs_de_004"].path)), np.float32)


def share(samples: Samples, low_hz: float, high_hz: float) -> float:
    """Of the power that lies between two frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return float(power[(hz >= low_hz) & (hz < high_hz)].sum() / power.sum())


@pytest.mark.parametrize(
    "spoil",
    [clipped, telephone, whispered, lambda one: mixed(one, chords(2), 10), lambda one: mixed(one, one[::-1], 0)],
    ids=["clipped", "telephone", "whispered", "music", "voice"],
)
@pytest.mark.parametrize("length", [0, 1, 511, 16_001])
def test_length_and_bounds_hold_and_it_is_the_same_again(
    spoil: Callable[[Samples], Samples], length: int, speech: Samples
) -> None:
    before = speech[2 * RATE_HZ :][:length].copy()
    if not length and spoil.__name__ == "<lambda>":
        before = speech[:1] * 0
    kept = before.copy()
    found = spoil(before)
    assert found.dtype == np.float32
    assert len(found) == len(before)
    assert np.all(np.abs(found) <= 1)
    np.testing.assert_array_equal(found, spoil(before))
    np.testing.assert_array_equal(before, kept)


def test_clipping_flattens_the_peaks(speech: Samples) -> None:
    found = clipped(speech)
    assert np.mean(np.abs(found) == 1) > 0.05
    assert np.mean(np.abs(speech) == np.max(np.abs(speech))) < 0.001


def test_a_telephone_has_no_bass_and_nothing_above_4_khz(speech: Samples) -> None:
    found = telephone(speech)
    assert share(speech, 0, 200) > 10 * share(found, 0, 200)
    assert share(speech, 4000, 8000) > 10 * share(found, 4000, 8000)
    # What is left is the speech itself, with the noise of 8 bits.
    middle = np.corrcoef(found, _band(speech, 300, 3400))[0, 1]
    assert middle > 0.98


def _band(samples: Samples, low_hz: float, high_hz: float) -> Samples:
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return np.fft.irfft(np.where((hz >= low_hz) & (hz <= high_hz), spectrum, 0), len(samples))


def test_a_whisper_has_no_pitch_and_goes_on_like_the_speech(speech: Samples) -> None:
    found = whispered(speech)

    def pitched(samples: Samples) -> float:
        """The height of the autocorrelation at a voice's pitch, 80 to 300 Hz, in the loudest frames."""
        frames = samples[: len(samples) // 640 * 640].reshape(-1, 640).astype(float)
        loud = frames[np.argsort(-(frames**2).sum(axis=1))[:100]]
        lags = [np.correlate(f, f, "full")[639:] / (f @ f) for f in loud]
        return float(np.mean([lag[RATE_HZ // 300 : RATE_HZ // 80].max() for lag in lags]))

    assert pitched(speech) > pitched(found) + 0.2

    def loudness(samples: Samples) -> Samples:
        return np.sqrt((samples[: len(samples) // 1600 * 1600].reshape(-1, 1600) ** 2).mean(axis=1))

    assert np.corrcoef(loudness(speech), loudness(found))[0, 1] > 0.7
    quieter_db = 10 * np.log10(np.mean(speech**2) / np.mean(found**2))
    assert 9 < quieter_db < 20


@pytest.mark.parametrize("ratio_db", [-5.0, 0.0, 10.0])
def test_what_is_mixed_in_is_as_much_quieter_as_asked(ratio_db: float) -> None:
    draw = np.random.default_rng(1)
    one, other = (draw.standard_normal(RATE_HZ).astype(np.float32) * gain for gain in (0.01, 0.3))
    under = mixed(one, other[: RATE_HZ // 2], ratio_db) - one
    assert 10 * np.log10(np.mean(one**2) / np.mean(under**2)) == pytest.approx(ratio_db, abs=0.2)
    with pytest.raises(ValueError, match="nothing"):
        mixed(one, one[:0], 0)


def test_pauses_go_and_speech_stays(speech: Samples) -> None:
    pause = np.zeros(2 * RATE_HZ, np.float32)
    found = without_pauses(np.concatenate([pause, speech, pause, speech]))
    assert 9 * RATE_HZ < len(found) < 2 * len(speech)
    assert np.sum(found**2) > 0.97 * 2 * np.sum(speech**2)
    quiet = np.convolve(np.abs(found), np.ones(RATE_HZ // 2), "valid") < 0.001 * np.abs(found).sum()
    assert not quiet.any(), "half a second of silence is left"
    assert len(without_pauses(pause)) == 0
