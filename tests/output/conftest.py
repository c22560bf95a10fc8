"""Events as a session would make them, from any text at any times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from translate.events import Transcript, Translation, Word


def transcript(segment: int, words: Sequence[Word] | str, *, final: bool = True, tail: str = "") -> Transcript:
    """The newest revision of a segment; text instead of words: a second for each segment."""
    if isinstance(words, str):
        words = (Word(words, segment * 1000, segment * 1000 + 1000, 0.9),) if words else ()
    start_ms = words[0].start_ms if words else segment * 1000
    end_ms = words[-1].end_ms if words else segment * 1000
    committed = "".join(word.text for word in words)
    return Transcript(segment, 1, "en", committed, tail, final, start_ms, end_ms, tuple(words))


def translation(segment: int, lang: str, text: str, *, final: bool = True, tail: str = "") -> Translation:
    return Translation(segment, 1, lang, text, tail, final, 1)


@pytest.fixture(scope="session")
def heard() -> Callable[..., Transcript]:
    return transcript


@pytest.fixture(scope="session")
def translated() -> Callable[..., Translation]:
    return translation
