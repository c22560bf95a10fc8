"""Audio pushed in with positions: any pieces, gaps and repetitions give one stream."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.audio import PushSource
from translate.config import AudioConfig
from translate.errors import AudioError
from translate.latency import SessionClock

SPEECH = np.random.default_rng(7).integers(-32_768, 32_767, 12_000).astype("<i2")


def part(start: int, end: int) -> bytes:
    return SPEECH[start:end].tobytes()


# A step of a speaker: skip samples (a gap), send some, and send some of the earlier ones again (a resend).
STEPS = st.lists(st.tuples(st.sampled_from([0, 0, 0, 1, 700]), st.integers(0, 900), st.integers(0, 1200)), max_size=12)


@settings(deadline=None)
@given(steps=STEPS, chunk_ms=st.sampled_from([10, 32, 100]), limit_ms=st.sampled_from([1, 50, 10_000]))
def test_any_interleaving_gives_the_stream(listen, steps, chunk_ms, limit_ms):
    expected = np.zeros(0, "<i2")
    frames = []
    for gap, count, back in steps:
        start = len(expected) + gap
        end = min(start + count, len(SPEECH))
        if start < end:
            expected = np.concatenate((expected, np.zeros(gap, "<i2"), SPEECH[start:end]))
            frames.append((start, part(start, end)))
        again = max(0, len(expected) - back)
        frames.append((again, expected[again:].tobytes()))  # a resend

    async def run():
        source = PushSource(limit_ms=limit_ms, config=AudioConfig(chunk_ms=chunk_ms))

        async def speak():
            for position, pcm in frames:
                await source.feed(position, pcm)
            source.finish()

        heard, _ = await asyncio.gather(listen(source), speak())
        assert source.end == len(expected)
        return heard

    heard = asyncio.run(run())
    assert np.array_equal(heard.samples * 32_768, expected)
    assert all(len(chunk.samples) == chunk_ms * 16 for chunk in heard.chunks[:-1])


async def test_feed_waits_for_a_slow_reader():
    source = PushSource(limit_ms=100)
    stream = source.stream(SessionClock())
    await source.feed(0, bytes(2 * 1600))
    await source.feed(1600, bytes(2 * 1600))  # 200 ms wait: over the limit now
    held_back = asyncio.create_task(source.feed(3200, bytes(2 * 1600)))
    await asyncio.sleep(0.05)
    assert not held_back.done()
    assert source.end == 3200
    async for chunk in stream:
        if chunk.end >= 3000:
            break
    await asyncio.wait_for(held_back, 5)
    assert source.end == 4800
    await stream.aclose()


async def test_closing_frees_a_waiting_feed_and_the_reader():
    source = PushSource(limit_ms=1)
    await source.feed(0, bytes(3200))
    held_back = asyncio.create_task(source.feed(1600, bytes(3200)))
    await asyncio.sleep(0.01)
    await source.aclose()
    await source.aclose()
    await asyncio.wait_for(held_back, 5)
    assert [item async for item in source.stream(SessionClock())] == []
    await source.feed(3200, bytes(3200))  # harmless


async def test_gap_is_silence_up_to_the_limit(listen):
    source = PushSource(limit_ms=120_000)
    await source.feed(16_000 * 60, part(0, 10))
    source.finish()
    samples = (await listen(source)).samples
    assert len(samples) == 16_000 * 60 + 10
    assert not samples[: 16_000 * 60].any()
    assert np.array_equal(samples[-10:] * 32_768, SPEECH[:10])


@pytest.mark.parametrize(
    ("position", "pcm", "says"),
    [
        (0, b"\0\0\0", "even number"),
        (-1, b"\0\0", "negative"),
        (16_000 * 60 + 1, b"\0\0", "at most 60 s"),
        (2**63, b"\0\0", "at most 60 s"),
    ],
)
async def test_bad_frame_is_refused_and_changes_nothing(listen, position, pcm, says):
    source = PushSource(limit_ms=1000)
    with pytest.raises(AudioError, match=says):
        await source.feed(position, pcm)
    await source.feed(0, part(0, 600))
    source.finish()
    assert np.array_equal((await listen(source)).samples * 32_768, SPEECH[:600])


async def test_failure_comes_after_what_was_said():
    source = PushSource(limit_ms=1000)
    await source.feed(0, part(0, 1000))
    source.fail(AudioError("the speaker is gone"))
    stream = source.stream(SessionClock())
    assert len((await anext(stream)).samples) == 512
    assert len((await anext(stream)).samples) == 488
    with pytest.raises(AudioError, match="the speaker is gone"):
        await anext(stream)


async def test_nothing_is_taken_after_the_end():
    source = PushSource(limit_ms=1000)
    source.finish()
    with pytest.raises(AudioError, match="after the end"):
        await source.feed(0, b"\0\0")


async def test_two_feeds_at_once_keep_their_order(listen):
    source = PushSource(limit_ms=10)
    starts = range(0, 8000, 400)
    feeds = asyncio.gather(*(source.feed(start, part(start, start + 400)) for start in starts))
    reading = asyncio.create_task(listen(source))
    await feeds
    source.finish()
    assert np.array_equal((await reading).samples * 32_768, SPEECH[:8000])


async def test_capture_times_follow_the_positions():
    """Frames that the network delivers late were still captured one after the other."""
    now_s = 0.0
    clock = SessionClock(lambda: now_s)
    source = PushSource(limit_ms=10_000)
    stream = source.stream(clock)
    captured = []
    for arrival_s, position in ((0.5, 0), (0.512, 512), (0.9, 1024), (0.901, 1536)):
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)  # the reader waits before the frame comes
        now_s = arrival_s
        await source.feed(position, part(position, position + 512))
        chunk = await reading
        captured.append(chunk.capture_ms)
        assert chunk.received_ms == pytest.approx(arrival_s * 1000)
    # The second frame took 20 ms less than the first, so from then on it gives the time of the others.
    assert captured == pytest.approx([500, 512, 544, 576])
    await stream.aclose()
