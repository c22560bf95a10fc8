"""Names and terms that the recognizer is told of, on real speech."""

from __future__ import annotations

from typing import Any

import pytest

from translate.config import AsrConfig
from translate.events import RATE_HZ
from translate.registry import resolve
from translate.speech.recognizer import StreamingRecognizer
from translate.speech.whisper import WhisperEngine

pytestmark = [pytest.mark.models]


def streamed(hotwords: tuple[str, ...], audio: Any, lang: str) -> str:
    config = AsrConfig(hotwords=hotwords)
    recognizer = StreamingRecognizer(WhisperEngine(resolve("whisper-base", kind="whisper").path, config), config, lang)
    recognizer.begin(0)
    said = []
    for at in range(0, len(audio), RATE_HZ):
        recognizer.feed(audio[at : at + RATE_HZ])
        said += recognizer.update()
    said += recognizer.finish(len(audio))
    return " ".join(state.committed for state in said if state.final)


def test_a_name_is_spelled_as_it_was_given(samples_of: Any) -> None:
    audio = samples_of("fleurs_fr_005")[: 4 * RATE_HZ]
    assert "Fisichella" not in streamed((), audio, "fr")
    assert "Fisichella" in streamed(("Giancarlo Fisichella",), audio, "fr")


def test_a_name_that_is_not_said_is_not_written(samples_of: Any) -> None:
    names = ("Zugspitze", "Quetzalcoatl", "Fisichella")
    text = streamed(names, samples_of("thorsten_gt_01"), "de")
    assert "lecker" in text
    assert not any(name in text for name in names)
