"""The speech buffer: every sample of every span reaches recognition once, whatever the timing."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.events import RATE_HZ, AudioChunk
from translate.pipeline.buffer import Batch, SpeechBuffer
from translate.speech.vad import SpeechChange

CHUNK = 512


def chunk(index: int) -> AudioChunk:
    samples = np.arange(index * CHUNK, (index + 1) * CHUNK, dtype=np.float32)
    end_ms = (index + 1) * CHUNK * 1000 / RATE_HZ
    return AudioChunk(samples, index * CHUNK, end_ms, end_ms + 5)


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Begin and finish, in chunks; in order, apart from each other."""
    found, at = [], draw(st.integers(1, 20))
    for _ in range(draw(st.integers(0, 5))):
        begin, finish = at, at + draw(st.integers(1, 60))
        found.append((begin, finish))
        at = finish + draw(st.integers(1, 50))
    return found


@settings(deadline=None)
@given(spans(), st.integers(32, 3000), st.integers(100, 5000), st.integers(0, 40), st.randoms())
def test_each_span_comes_out_whole_and_in_order(
    speech: list[tuple[int, int]], cadence_ms: int, most_ms: int, late: int, random: object
) -> None:
    buffer = SpeechBuffer()
    batches: list[Batch] = []
    total = max((finish for _, finish in speech), default=0) + 30
    for index in range(total):
        changes = []
        for begin, finish in speech:
            # The detector knows a little after the fact, as the real one does.
            if index == begin + 2:
                changes.append(SpeechChange("started", begin * CHUNK))
            if index == max(finish, begin + 3):
                changes.append(SpeechChange("stopped", finish * CHUNK))
        buffer.push(chunk(index), changes, 0, 0.0)
        if random.random() * 40 >= late:  # type: ignore[attr-defined]
            while buffer.ready(cadence_ms):
                batches.append(buffer.take(most_ms))
    buffer.close()
    while buffer.ready(cadence_ms):
        batches.append(buffer.take(most_ms))

    heard = []
    for batch in batches:
        if batch.begin is not None:
            heard.append([batch.begin, np.zeros(0, np.float32), None])
        heard[-1][1] = np.concatenate([heard[-1][1], batch.samples])
        heard[-1][2] = batch.finish
        assert len(batch.samples) <= most_ms * RATE_HZ // 1000 or batch.finish is not None
    assert [(begin, finish) for begin, _, finish in heard] == [(b * CHUNK, f * CHUNK) for b, f in speech]
    for begin, samples, finish in heard:
        # A slow reader sees the span's end only after it was fed a little past it; recognition drops that again.
        np.testing.assert_array_equal(samples[: finish - begin], np.arange(begin, finish, dtype=np.float32))


def test_memory_is_bounded_in_silence_and_in_speech_that_is_taken() -> None:
    buffer = SpeechBuffer()
    for index in range(4000):
        changes = [SpeechChange("started", 0)] if index == 2000 else []
        buffer.push(chunk(index), changes, 0, 0.0)
        while buffer.ready(400):
            buffer.take(15_000)
    assert len(buffer._chunks) * CHUNK < 40 * RATE_HZ


def test_marks_are_those_of_the_newest_audio_taken() -> None:
    buffer = SpeechBuffer()
    for index in range(40):
        buffer.push(chunk(index), [SpeechChange("started", 0)] if index == 3 else [], 0, index * 32.0 + 40)
    batch = buffer.take(640)
    assert batch.marks.capture == 640
    assert batch.marks.vad == 19 * 32.0 + 40, "that of the newest chunk taken, not of those that wait behind it"
    assert buffer.ahead_ms == 40 * 32 - 640


def test_quiet_within_a_span_is_looked_at_once() -> None:
    buffer = SpeechBuffer()
    for index in range(40):
        buffer.push(chunk(index), [SpeechChange("started", 0)] if index == 3 else [], 0, 0.0)
    assert buffer.ready(400)
    assert not buffer.take(15_000).pause
    for index in range(40, 80):
        buffer.push(chunk(index), [], index - 39, 0.0)
    assert buffer.ready(400)
    assert buffer.take(15_000).pause
    for index in range(80, 120):
        buffer.push(chunk(index), [], index - 39, 0.0)
    assert not buffer.ready(400)
    for index in range(120, 135):
        buffer.push(chunk(index), [], 0, 0.0)
    assert buffer.ready(400)


def test_the_last_batch_of_a_span_says_when_its_end_was_decided() -> None:
    buffer = SpeechBuffer()
    for index in range(60):
        changes = {3: [SpeechChange("started", 0)], 40: [SpeechChange("stopped", 20 * CHUNK)]}.get(index, [])
        buffer.push(chunk(index), changes, 0, index * 32.0)
    batch = buffer.take(15_000)
    assert batch.finish == 20 * CHUNK
    assert (batch.marks.capture, batch.marks.vad) == (20 * 32.0, 40 * 32.0)
