"""Any rate and number of channels to the one form used inside the service."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from translate.errors import AudioError
from translate.events import RATE_HZ, Samples

__all__ = ["Resampler", "from_s16le"]

LOWEST_RATE_HZ = 1_000
HIGHEST_RATE_HZ = 768_000
MOST_CHANNELS = 64
_QUALITY = "HQ"  # holds back 21 ms of 48 kHz audio on average; LQ holds 11 ms, but dulls everything above 5 kHz


class Resampler:
    """Streaming down-mix (mean of the channels) and resampling to 16 kHz by soxr.

    The output keeps the input's time: after :meth:`flush` it is as long, to a sample.

    Args:
        rate_hz: sample rate of the input.
        channels: channels of the input.

    Raises:
        AudioError: the rate or the number of channels is out of range.
    """

    def __init__(self, rate_hz: int, channels: int = 1) -> None:
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            raise AudioError(f"a sample rate of {rate_hz} Hz is not from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz")
        if not 1 <= channels <= MOST_CHANNELS:
            raise AudioError(f"{channels} channels are not from 1 to {MOST_CHANNELS}")
        self.rate_hz = rate_hz
        self.channels = channels
        self._soxr = soxr.ResampleStream(rate_hz, RATE_HZ, 1, "float32", _QUALITY) if rate_hz != RATE_HZ else None
        self._taken = 0
        self._given = 0

    @property
    def held(self) -> int:
        """Output samples that the filter still holds back."""
        return round(self._taken * RATE_HZ / self.rate_hz) - self._given

    def push(self, frames: npt.NDArray[np.float32]) -> Samples:
        """What can be given after ``frames``, float32, shape ``(n,)`` or ``(n, channels)``; NaN counts as 0."""
        mono = frames if frames.ndim == 1 else frames.mean(axis=1, dtype=np.float32)
        self._taken += len(mono)
        return self._out(_finite(mono), last=False)

    def flush(self) -> Samples:
        """The end of the stream."""
        return self._out(np.zeros(0, np.float32), last=True)

    def _out(self, mono: Samples, *, last: bool) -> Samples:
        samples: Samples = mono if self._soxr is None else self._soxr.resample_chunk(mono, last)
        self._given += len(samples)
        return np.clip(samples, np.float32(-1), np.float32(1))


def from_s16le(pcm: bytes, channels: int = 1) -> npt.NDArray[np.float32]:
    """Signed 16-bit little-endian PCM as float32 in [-1, 1), shape ``(n, channels)``, or ``(n,)`` of one channel."""
    samples: npt.NDArray[np.float32] = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
    return samples if channels == 1 else samples.reshape(-1, channels)


def _finite(mono: Samples) -> Samples:
    # One NaN would stay in the recurrent state of the voice activity detector for good.
    return mono if np.isfinite(mono).all() else np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)
