"""Raw PCM from pipes, files and devices."""

from __future__ import annotations

import asyncio
import io
import os
import pty
from pathlib import Path

import numpy as np
import pytest
import soxr

from translate.audio import PcmSource
from translate.errors import AudioError


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32_768).round().clip(-32_768, 32_767).astype("<i2").tobytes()


@pytest.fixture
def pipe():
    """Both ends of a pipe, as binary files."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as sink:
        yield source, sink


async def test_pipe_gives_the_clip(pipe, listen, clip):
    reading, writing = pipe
    source = PcmSource(reading)
    assert source.live

    def write():
        for block in range(0, len(clip), 333):
            writing.write(pcm(clip[block : block + 333]))
        writing.close()

    heard, _ = await asyncio.gather(listen(source), asyncio.to_thread(write))
    assert np.array_equal(heard.samples, clip)
    assert heard.notices == []
    assert not reading.closed


async def test_sound_comes_out_while_the_writer_goes_on(pipe, clip):
    from translate.latency import SessionClock

    reading, writing = pipe
    stream = PcmSource(reading).stream(SessionClock())
    writing.write(pcm(clip[:512]))
    chunk = await asyncio.wait_for(anext(stream), 5)
    assert np.array_equal(chunk.samples, clip[:512])
    await stream.aclose()


@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (44_100, 2), (48_000, 1), (96_000, 6)])
async def test_other_rates_and_channels(tmp_path, listen, likeness, clip, rate_hz, channels):
    path = tmp_path / "a.pcm"
    path.write_bytes(pcm(np.repeat(soxr.resample(clip, 16_000, rate_hz), channels)))
    with path.open("rb") as file:
        source = PcmSource(file, rate_hz=rate_hz, channels=channels)
        assert not source.live
        heard = await listen(source)
    score, lag = likeness(heard.samples, clip)
    assert score > 0.99
    assert abs(lag) <= 1
    assert abs(len(heard.samples) - len(clip)) <= 2


async def test_memory_file(listen, clip):
    assert np.array_equal((await listen(PcmSource(io.BytesIO(pcm(clip))))).samples, clip)


@pytest.mark.parametrize(("channels", "extra"), [(1, b"\x01"), (2, b"\x01"), (2, b"\1\2"), (2, b"\1\2\3")])
async def test_half_a_sample_at_the_end_is_dropped_and_said(listen, clip, channels, extra):
    heard = await listen(PcmSource(io.BytesIO(pcm(clip[:4000]) + extra), channels=channels))
    assert heard.codes == ["odd_length"]
    assert str(len(extra)) in heard.notices[0].message
    assert len(heard.samples) == 4000 // channels


async def test_odd_pieces_are_joined(pipe, listen, clip):
    reading, writing = pipe
    data = pcm(clip[:3000])

    async def write():
        for start in range(0, len(data), 777):
            writing.write(data[start : start + 777])
            await asyncio.sleep(0.005)
        writing.close()

    heard, _ = await asyncio.gather(listen(PcmSource(reading)), write())
    assert np.array_equal(heard.samples, clip[:3000])


@pytest.mark.parametrize("content", [b"", b"\x01"])
async def test_nothing_at_all(pipe, listen, content):
    reading, writing = pipe
    writing.write(content)
    writing.close()
    with pytest.raises(AudioError, match="before the first sample"):
        await listen(PcmSource(reading))


def test_dev_null(listen):
    nothing = Path(os.devnull)
    with nothing.open("rb") as file, pytest.raises(AudioError, match=rf"{nothing}.* before the first sample"):
        asyncio.run(listen(PcmSource(file)))


async def test_a_file_with_a_header_is_refused(listen):
    with pytest.raises(AudioError, match="WAV file, not raw PCM"):
        await listen(PcmSource(io.BytesIO(b"RIFF" + bytes(4000))))


@pytest.mark.parametrize(("rate_hz", "channels"), [(0, 1), (-16_000, 1), (10**9, 1), (16_000, 0), (16_000, 1000)])
def test_impossible_form(rate_hz, channels):
    with pytest.raises(AudioError, match=str(channels if rate_hz == 16_000 else rate_hz)):
        PcmSource(io.BytesIO(), rate_hz=rate_hz, channels=channels)


def test_terminal_is_refused():
    ours, theirs = pty.openpty()
    with (
        os.fdopen(ours, "rb", buffering=0),
        os.fdopen(theirs, "rb", buffering=0) as terminal,
        pytest.raises(AudioError, match="terminal"),
    ):
        PcmSource(terminal)


async def test_closing_does_not_wait_for_a_silent_writer(pipe, listen):
    reading, _writing = pipe
    source = PcmSource(reading)
    listening = asyncio.create_task(listen(source))
    await asyncio.sleep(0.05)
    assert not listening.done()
    await source.aclose()
    await source.aclose()
    assert (await asyncio.wait_for(listening, 5)).chunks == []


async def test_cancelling_does_not_wait_for_a_silent_writer(pipe, listen):
    reading, _writing = pipe
    listening = asyncio.create_task(listen(PcmSource(reading)))
    await asyncio.sleep(0.05)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(listening, 5)
