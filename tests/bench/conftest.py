"""Recorded runs written down by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from translate.bench.material import Clip, Part, Recording
from translate.bench.record import Entry, Run
from translate.events import RATE_HZ, Marks, Transcript, Translation, Word

Revision = tuple[float, int, Sequence[tuple[str, int]], str, bool]
"""Time, segment, committed words with their ends, tail, final."""


def recording(
    seconds: float = 3.0, lang: str = "en", transcript: str | None = None, translations: dict[str, str] | None = None
) -> Recording:
    clip = Clip("talk", lang, Path("talk.flac"), transcript=transcript, translations=translations or {})
    samples = np.zeros(round((seconds + 1) * RATE_HZ), np.float32)
    return Recording("talk", lang, "speech", samples, (Part(clip, 0.0, seconds * 1000),))


def transcript(revision: Revision, rev: int, lang: str) -> Entry:
    at_ms, segment, committed, tail, final = revision
    words = tuple(Word(text, end_ms - 100, end_ms, 0.9) for text, end_ms in committed)
    text = "".join(word.text for word in words)
    marks = Marks(capture=at_ms - 200, received=at_ms - 195, vad=at_ms - 190, asr_start=at_ms - 150, asr_end=at_ms - 1)
    return Entry(at_ms, Transcript(segment, rev, lang, text, tail, final, 0, 0, words, marks))


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Recording]:
    return recording


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    """``make_run([(at_ms, segment, [(word, end_ms)], tail, final)], start_ms=0, recording=...)``."""

    def make(revisions: Sequence[Revision], *, start_ms: float = 0.0, of: Recording | None = None) -> Run:
        of = of or recording()
        counts: dict[int, int] = {}
        entries = []
        for revision in revisions:
            counts[revision[1]] = counts.get(revision[1], 0) + 1
            entries.append(transcript(revision, counts[revision[1]], of.lang))
        return Run(of, tuple(entries), start_ms, cpu_s=0.6)

    return make


@pytest.fixture(scope="session")
def make_translated_run() -> Callable[..., Run]:
    """``make_translated_run([(at_ms, segment, committed, tail, final)], lang, recording)``."""

    def make(revisions: Sequence[tuple[float, int, str, str, bool]], lang: str, of: Recording | None = None) -> Run:
        entries = tuple(
            Entry(at_ms, Translation(segment, rev, lang, committed, tail, final, rev, Marks(capture=at_ms - 300)))
            for rev, (at_ms, segment, committed, tail, final) in enumerate(revisions, 1)
        )
        return Run(of or recording(), entries, 0.0, cpu_s=0.0)

    return make


@pytest.fixture(scope="session")
def hello(make_run: Callable[..., Run]) -> Run:
    """ "Hello big world." in a recording that began 100 ms after its session; "big" is first heard as "beg"."""
    first, second, third = ("Hello", 500), (" big", 900), (" world", 1400)
    return make_run(
        [
            (700, 0, [], "Hello beg", False),
            (1100, 0, [first], " big", False),
            (1600, 0, [first, second], " world", False),
            (1900, 0, [first, second, third, (".", 1500)], "", True),
        ],
        start_ms=100,
        of=recording(transcript="Hello, big world!"),
    )
