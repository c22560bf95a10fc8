"""A language that no translation model knows: Whisper puts the speech into English, a student that into Spanish."""

from __future__ import annotations

from typing import Any

import pytest
from whisper_normalizer.basic import BasicTextNormalizer

from translate import FileSource, Session
from translate.config import Config
from translate.events import Translation
from translate.inference import Engines
from translate.modes import Mode

pytestmark = [pytest.mark.models, pytest.mark.slow]


@pytest.mark.parametrize("mode", ["fast", "calm"])
@pytest.mark.usefixtures("students_only")
async def test_portuguese_is_read_in_spanish(clips: dict[str, Any], mode: Mode) -> None:
    engines = Engines(Config())
    try:
        assert engines.route("pt", "es").kind == "whisper"
        session = Session(
            FileSource(clips["fleurs_pt_009"].path), spoken="pt", targets=["es"], engines=engines, mode=mode
        )
        seen = [event async for event in session if isinstance(event, Translation)]
    finally:
        engines.close()
    assert {event.lang for event in seen} == {"es"}
    finals = " ".join(event.committed for event in seen if event.final)
    spanish = {"de", "la", "el", "en", "que", "y", "los", "las", "un", "una", "a", "por", "para", "se", "es", "con"}
    words = BasicTextNormalizer()(finals).split()
    assert len(words) > 5
    assert len(spanish & set(words)) >= 3, finals
    if mode == "calm":
        assert not any(event.tail for event in seen)
