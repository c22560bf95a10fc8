"""How decoded words become text; no model needed."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from translate.config import AsrConfig
from translate.events import RATE_HZ
from translate.speech.hypothesis import AlignedWord, Hypothesis
from translate.speech.recognizer import StreamingRecognizer
from translate.speech.whisper import WhisperEngine, Window


class Scripted:
    """An engine that says the same words of every window, timed from its start."""

    def __init__(self, *texts: str) -> None:
        self.words = tuple(
            AlignedWord(text, (i,), 0.3 * i, 0.3 * i + (0.3 if text.strip(".,…") else 0.0), 0.9)
            for i, text in enumerate(texts)
        )

    def encode(self, audio: Any) -> Window:
        return Window(None, 0, len(audio) / RATE_HZ)

    def decode(self, window: Window, language: str, **_: Any) -> Hypothesis:
        return Hypothesis(self.words)


def said(language: str, *texts: str, more: tuple[str, ...] = ()) -> str:
    """The committed text after all of ``texts``, and then of a second window with ``more``."""
    engine = Scripted(*texts)
    recognizer = StreamingRecognizer(cast(WhisperEngine, engine), AsrConfig(), language)
    recognizer.begin(0)
    recognizer.feed(np.zeros(5 * RATE_HZ, np.float32))
    states = recognizer.update()
    if more:
        engine.words = Scripted(*texts, *more).words
        recognizer.feed(np.zeros(5 * RATE_HZ, np.float32))
    states += recognizer.finish(recognizer.end)
    return " | ".join(state.committed for state in states if state.final)


def test_a_segment_begins_with_a_capital_and_no_space() -> None:
    assert said("es", " hoy", " en", " día") == "Hoy en día"


def test_sentences_in_one_breath_are_segments_of_their_own() -> None:
    text = said("en", " We", " came", " home", " late", " today", ".", " The", " house", " was", " very", " dark", ".")
    assert text == "We came home late today. | The house was very dark."


def test_dots_where_the_audio_broke_off_are_left_out() -> None:
    assert said("en", " we", " went", "...", more=(" home", " then")) == "We went home then"
    assert said("es", " una", " cultura", " de", " que...") == "Una cultura de que"
