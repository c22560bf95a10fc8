"""What a glossary holds is listened for in the language spoken, which a service learns from each of its sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from tests.pipeline.test_spoken import Talk
from translate import Session
from translate.config import Config, MtConfig
from translate.errors import ConfigError
from translate.events import RATE_HZ, Samples, Transcript
from translate.inference import Engines

pytestmark = [pytest.mark.models]


@pytest.fixture(scope="module")
def engines_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, bool], Engines]]:
    made: list[Engines] = []

    def make(terms: str, isolated: bool) -> Engines:
        path = tmp_path_factory.mktemp("glossary") / "terms.tsv"
        path.write_text(terms, encoding="utf-8")
        made.append(Engines(Config(mt=MtConfig(glossary=str(path))), isolated=isolated))
        return made[-1]

    yield make
    for engines in made:
        engines.close()


@pytest.fixture(scope="module")
def driver(clips: dict[str, Any]) -> Samples:
    """The first words of a French sentence about Giancarlo Fisichella; small models spell him by ear."""
    return np.asarray(decode_audio(str(clips["fleurs_fr_005"].path)), np.float32)[: 4 * RATE_HZ]


async def said(engines: Engines, audio: Samples, spoken: str) -> str:
    session = Session(Talk(audio), spoken=spoken, allowed=["fr", "de"], engines=engines)
    events = [event async for event in session]
    return " ".join(event.committed for event in events if isinstance(event, Transcript) and event.final)


async def test_terms_of_the_language_found_are_spelled_as_written(
    engines_with: Callable[[str, bool], Engines], driver: Samples
) -> None:
    engines = engines_with("fr\tde\nGiancarlo Fisichella\tJohannes Fischer\n", True)
    assert "Fisichella" in await said(engines, driver, "auto")


async def test_terms_of_other_languages_are_not_listened_for(
    engines_with: Callable[[str, bool], Engines], driver: Samples
) -> None:
    engines = engines_with("de\tfr\nGiancarlo Fisichella\tla voiture\n", False)
    text = await said(engines, driver, "fr")
    assert "a perdu le contrôle" in text
    assert "Fisichella" not in text


def test_a_bad_glossary_is_named_before_a_model_is_loaded(engines_with: Callable[[str, bool], Engines]) -> None:
    with pytest.raises(ConfigError, match=r"terms\.tsv, line 2: 2 cells"):
        engines_with("fr\nx\ty\n", False)
