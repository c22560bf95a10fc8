"""Chunks and resampling: nothing lost, nothing added, times right."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.audio.framer import Framer
from translate.audio.resample import Resampler, from_s16le


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 2000), max_size=30), chunk_ms=st.integers(10, 500))
def test_framer_keeps_every_sample_and_its_time(sizes, chunk_ms):
    framer = Framer(chunk_ms)
    signal = np.arange(sum(sizes), dtype=np.float32)
    chunks, start = [], 0
    for size in sizes:
        end = start + size
        chunks += framer.push(signal[start:end], 100 + end / 16, 105 + end / 16)
        start = end
    chunks += framer.flush()
    joined = np.concatenate([np.zeros(0, np.float32), *(chunk.samples for chunk in chunks)])
    assert np.array_equal(joined, signal)
    for chunk in chunks:
        assert chunk.samples[0] == chunk.position
        assert chunk.capture_ms == pytest.approx(100 + chunk.end / 16)
    assert all(len(chunk.samples) == chunk_ms * 16 for chunk in chunks[:-1])


@settings(deadline=None)
@given(
    rate_hz=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000]),
    channels=st.integers(1, 8),
    sizes=st.lists(st.integers(0, 5000), max_size=12),
)
def test_resampling_in_pieces_is_resampling_at_once(rate_hz, channels, sizes):
    frames = np.random.default_rng(3).uniform(-0.5, 0.5, (sum(sizes), channels)).astype(np.float32)
    pieces, once = Resampler(rate_hz, channels), Resampler(rate_hz, channels)
    edges = np.cumsum([0, *sizes])
    parts = [pieces.push(frames[a:b]) for a, b in pairwise(edges)]
    in_pieces = np.concatenate([*parts, pieces.flush()])
    at_once = np.concatenate([once.push(frames), once.flush()])
    assert np.allclose(in_pieces, at_once, atol=1e-5)
    assert abs(len(in_pieces) - len(frames) * 16_000 / rate_hz) <= 1


def test_what_resampling_holds_is_counted():
    resampler = Resampler(48_000)
    given_out = sum(len(resampler.push(np.zeros(480, np.float32))) for _ in range(10))
    assert given_out + resampler.held == 1600


def test_resampled_tone_keeps_frequency_and_level():
    time_s = np.arange(44_100) / 44_100
    resampler = Resampler(44_100)
    tone = resampler.push((0.5 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32))
    tone = np.concatenate((tone, resampler.flush()))
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    assert np.abs(tone - expected)[500:-500].max() < 1e-3


def test_pcm_bytes():
    assert from_s16le(b"\x00\x80\xff\x7f\x00\x00").tolist() == [-1.0, 32_767 / 32_768, 0.0]
    assert from_s16le(bytes(8), channels=2).shape == (2, 2)
