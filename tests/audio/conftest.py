"""Sound to feed to the sources, and what they made of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from translate.audio import AudioSource
from translate.events import AudioChunk, Notice
from translate.latency import SessionClock

CLIPS = Path(__file__).parents[1] / "data" / "audio"
_ENCODER_FRAME = {"libopus": 960, "libmp3lame": 1152, "vorbis": 64, "flac": 4608}
Floats = npt.NDArray[np.float32]


@dataclass
class Heard:
    """Everything that a source delivered."""

    chunks: list[AudioChunk] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def samples(self) -> Floats:
        return np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in self.chunks)])

    @property
    def codes(self) -> list[str]:
        return [notice.code for notice in self.notices]


async def _listen(source: AudioSource, clock: SessionClock | None = None, *, until: int | None = None) -> Heard:
    """Read ``source`` (to position ``until``), holding every chunk against the contract of sources."""
    heard = Heard()
    clock = clock or SessionClock()
    async for item in source.stream(clock):
        if isinstance(item, Notice):
            heard.notices.append(item)
            continue
        assert item.samples.dtype == np.float32
        assert item.samples.ndim == 1
        assert len(item.samples) > 0
        assert np.isfinite(item.samples).all()
        assert np.abs(item.samples).max() <= 1.0
        assert item.position == (heard.chunks[-1].end if heard.chunks else 0)
        assert item.capture_ms <= item.received_ms + 1e-6
        assert item.received_ms <= clock.now_ms() + 1.0
        heard.chunks.append(item)
        if until is not None and item.end >= until:
            await source.aclose()
    return heard


def _read_clip(name: str) -> Floats:
    """A clip of ``tests/data/audio`` (16 kHz mono), decoded without any code of ours."""
    with av.open(str(CLIPS / name)) as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return (np.concatenate(blocks) / 32768).astype(np.float32)


def _encode(
    path: Path,
    samples: Floats,
    codec: str,
    *,
    rate_hz: int = 16_000,
    layout: str = "mono",
    options: dict[str, str] | None = None,
) -> Path:
    """Write 16 kHz mono ``samples`` to ``path``, in the container of its suffix."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout, options={"strict": "-2"})
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, 0, Fraction(1, 16_000)
        convert = av.AudioResampler(
            format=stream.codec_context.format, layout=layout, rate=rate_hz, frame_size=_ENCODER_FRAME.get(codec, 1024)
        )
        for part in (frame, None):
            for converted in convert.resample(part):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


def _likeness(heard: Floats, original: Floats) -> tuple[float, int]:
    """Normalised cross-correlation of ``original`` with the best matching part of ``heard``, and where that begins."""
    size = 1 << (len(heard) + len(original)).bit_length()
    products = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(original, size)), size)
    lags = np.arange(-len(original) + 1, len(heard))
    energy = np.concatenate(([0.0], np.cumsum(np.square(heard, dtype=np.float64))))
    whole = float(np.square(original, dtype=np.float64).sum())
    starts, ends = np.clip(lags, 0, len(heard)), np.clip(lags + len(original), 0, len(heard))
    parts = energy[ends] - energy[starts]
    loud = (ends - starts > len(original) // 2) & (parts > 0.01 * whole)  # silence is like nothing
    scores = np.where(loud, products[lags] / np.sqrt(np.maximum(parts, 0.01 * whole) * whole), 0.0)
    best = int(np.argmax(scores))
    assert scores[best] < 1.01
    return float(scores[best]), int(lags[best])


@pytest.fixture(scope="session")
def listen() -> Callable[..., Awaitable[Heard]]:
    """``await listen(source)``: all that it delivers, held against the contract of sources."""
    return _listen


@pytest.fixture(scope="session")
def likeness() -> Callable[[Floats, Floats], tuple[float, int]]:
    """``likeness(heard, original)``: how alike (1: the same), and where in ``heard`` the original begins."""
    return _likeness


@pytest.fixture(scope="session")
def clip() -> Floats:
    """4.7 s of German speech."""
    return _read_clip("gsp1_de.flac")


@pytest.fixture
def make(tmp_path: Path, clip: Floats) -> Callable[..., Path]:
    """``make("a.mp3", "libmp3lame", rate_hz=44100)``: the clip in that form."""

    def write(name: str, codec: str, samples: Floats | None = None, **form: Any) -> Path:
        return _encode(tmp_path / name, clip if samples is None else samples, codec, **form)

    return write
