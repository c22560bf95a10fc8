"""Spoils clean recordings, the same way each time: what microphones, lines and rooms do to speech. Pure.

All take and give 16 kHz mono samples from -1 to 1, and leave the length as it is unless they say otherwise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from translate.config import VadConfig
from translate.events import RATE_HZ, Samples
from translate.speech.vad import StreamingVad

__all__ = ["chords", "clipped", "mixed", "telephone", "whispered", "without_pauses"]

_TELEPHONE_HZ = (300.0, 3400.0)
_EDGE_HZ = 100.0
_MU = 255.0
"""Of the companding of ITU-T G.711 in North America and Japan."""
_FRAME, _HOP = 512, 256
_LPC_ORDER = 18
_WHISPER_GAIN = 0.25
"""A whisper is 12 dB quieter or more; it is the voice that makes speech loud."""
_FRAMES_AT_ONCE = 2000
_SPEECH_SHARE = 0.01
"""Frames with less of the energy of the loudest one are pauses."""
_FADE = RATE_HZ // 200

Floats = npt.NDArray[np.float64]


def clipped(samples: Samples, gain_db: float = 20.0) -> Samples:
    """An input that is turned up too far: amplified, and cut off at full scale."""
    peak = float(np.max(np.abs(samples), initial=1e-9))
    return np.asarray(np.clip(samples / peak * 10 ** (gain_db / 20), -1, 1), np.float32)


def telephone(samples: Samples) -> Samples:
    """A telephone line: 300 to 3,400 Hz at 8 kHz, in 8 bits of mu-law."""
    narrow = _band(samples, *_TELEPHONE_HZ)[::2]
    sign, size = np.sign(narrow), np.clip(np.abs(narrow), 0, 1)
    code = np.round(np.log1p(_MU * size) / np.log1p(_MU) * 127) / 127
    line = sign * np.expm1(code * np.log1p(_MU)) / _MU
    wide = np.zeros(len(samples))
    wide[::2] = 2 * line
    return _band(wide, 0.0, RATE_HZ / 4 - _EDGE_HZ).astype(np.float32)


def whispered(samples: Samples, seed: int = 0) -> Samples:
    """The same words without a voice: noise in place of the pulses, shaped by the vocal tract (linear prediction).

    What else a whispering person changes, such as higher formants and longer vowels, is not imitated.
    """
    padded = np.concatenate([np.zeros(_FRAME), samples, np.zeros(2 * _FRAME)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    window = np.sqrt(np.hanning(_FRAME + 1)[:-1])
    noise = np.random.default_rng(seed)
    out = np.zeros(len(padded))
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        some = frames[first : first + _FRAMES_AT_ONCE] * window
        breath = np.fft.rfft(noise.standard_normal(some.shape) * window, axis=1)
        shaped = np.fft.irfft(breath * _envelope(some), axis=1) * window
        for i, frame in enumerate(shaped, first):
            out[i * _HOP : i * _HOP + _FRAME] += frame
    voiceless = _band(out[_FRAME : _FRAME + len(samples)], 150.0, RATE_HZ / 2)
    return (_WHISPER_GAIN * voiceless).astype(np.float32)


def mixed(samples: Samples, other: Samples, ratio_db: float) -> Samples:
    """``other`` under ``samples``, repeated or cut to their length, by ``ratio_db`` less loud than what is said."""
    if not len(other):
        raise ValueError("nothing to mix in")
    under = np.resize(other, len(samples))
    gain = _loudness(samples) / max(_loudness(other), 1e-9) * 10 ** (-ratio_db / 20)
    both = samples + gain * under
    return (both / max(1.0, float(np.max(np.abs(both), initial=0)))).astype(np.float32)


def without_pauses(samples: Samples) -> Samples:
    """Speech with its pauses cut out; shorter than it was. The detector decides what a pause is."""
    detector = StreamingVad(VadConfig(min_speech_ms=64, min_silence_ms=160, pad_ms=64))
    spans: list[list[int]] = []
    for change in detector.push(samples):
        if change.state == "started":
            spans.append([max(change.position, spans[-1][1] if spans else 0), len(samples)])
        else:
            spans[-1][1] = min(len(samples), change.position + _FADE)
    return np.concatenate([_faded(samples[start:end]) for start, end in spans] or [samples[:0]])


def chords(seconds: float, seed: int = 0) -> Samples:
    """Music without words, where a material has none: a chord of decaying notes every half a second."""
    draw = np.random.default_rng(seed)
    out = np.zeros(round(seconds * RATE_HZ))
    beat = np.arange(RATE_HZ * 3 // 2) / RATE_HZ
    for start in range(0, len(out), RATE_HZ // 2):
        root_hz = 110 * 2 ** (int(draw.choice([0, 5, 7, 9])) / 12)
        for step in (0, 4, 7, 12):
            note_hz = root_hz * 2 ** (step / 12)
            tone = sum(np.sin(2 * np.pi * note_hz * partial * beat) / partial for partial in range(1, 6))
            note = (tone * np.exp(-3 * beat))[: len(out) - start]
            out[start : start + len(note)] += note
    return (0.3 * out / max(1e-9, float(np.max(np.abs(out), initial=0)))).astype(np.float32)


def _band(samples: Samples | Floats, low_hz: float, high_hz: float) -> Floats:
    """What of ``samples`` lies between two frequencies, with soft edges."""
    size = 1 << max(1, len(samples)).bit_length()
    hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    above = np.clip((hz - low_hz) / _EDGE_HZ + 1, 0, 1) if low_hz else 1.0
    below = np.clip((high_hz - hz) / _EDGE_HZ + 1, 0, 1)
    return np.fft.irfft(np.fft.rfft(samples, size) * above * below, size)[: len(samples)]


def _envelope(frames: Floats) -> Floats:
    """For each frame the magnitudes of an all-pole filter, which gives noise of variance 1 its power and formants.

    Autocorrelation method, with Levinson's recursion over all frames at once (Makhoul 1975, "Linear prediction").
    """
    power = np.abs(np.fft.rfft(frames, 2 * _FRAME, axis=1)) ** 2
    lags = np.fft.irfft(power, axis=1)[:, : _LPC_ORDER + 1] / _FRAME
    lags[:, 0] = lags[:, 0] * 1.0001 + 1e-12
    filters = np.zeros((len(frames), _LPC_ORDER + 1))
    filters[:, 0] = 1
    error = lags[:, 0].copy()
    for order in range(1, _LPC_ORDER + 1):
        reflection = -np.sum(filters[:, :order] * lags[:, order:0:-1], axis=1) / error
        filters[:, : order + 1] += reflection[:, np.newaxis] * filters[:, order::-1]
        error *= 1 - reflection**2
    # The window is on the frame already: what it took of the power comes back.
    gain = np.sqrt(2 * np.maximum(error, 0))[:, np.newaxis]
    envelope: Floats = gain / np.maximum(np.abs(np.fft.rfft(filters, _FRAME, axis=1)), 1e-6)
    return envelope


def _loudness(samples: Samples) -> float:
    """Root mean square of the frames that are no pause."""
    whole = samples[: len(samples) // _FRAME * _FRAME].astype(np.float64)
    energies = np.mean(whole.reshape(-1, _FRAME) ** 2, axis=1) if len(whole) else np.zeros(1)
    return float(np.sqrt(np.mean(energies[energies >= _SPEECH_SHARE * energies.max()])))


def _faded(samples: Samples) -> Samples:
    """Without clicks at both ends."""
    size = min(_FADE, len(samples) // 2)
    if not size:
        return samples
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    return np.concatenate([samples[:size] * ramp, samples[size:-size], samples[-size:] * ramp[::-1]])
