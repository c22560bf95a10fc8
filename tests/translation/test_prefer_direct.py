"""Whisper's own translation to English can be preferred to a text model's."""

from __future__ import annotations

from pathlib import Path

import pytest

from translate.config import MtConfig
from translate.inference.translators import Translators


@pytest.mark.parametrize(
    ("prefer", "whisper", "kind"), [(False, True, "model"), (True, True, "whisper"), (True, False, "model")]
)
def test_to_english_the_way_is_as_configured(students: dict[str, Path], prefer: bool, whisper: bool, kind: str) -> None:
    config = MtConfig(models=(str(students["es-en"]), str(students["en-es"])), prefer_direct=prefer)
    translators = Translators(config, whisper=whisper)
    assert translators.route("es-MX", "en").kind == kind
    assert translators.route("en", "es").kind == "model"
    assert translators.route("en", "en").kind == "same"
    translators.close()
