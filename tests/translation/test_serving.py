"""Which of the installed models the service takes: measured quality, on each leg of the way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from translate.config import MtConfig
from translate.errors import NoRouteError
from translate.inference import translators
from translate.inference.translators import LazyTranslator, Translators
from translate.registry import ResolvedModel


def installed(name: str, *pairs: str, own: bool = False, **bleu: float) -> ResolvedModel:
    ways = tuple((pair[:2], pair[3:]) for pair in pairs)
    return ResolvedModel(
        path=Path(name), name=name, kind="translation", origin="cache", own=own,
        pairs=ways if len(ways) == 1 else (), languages=("de", "en", "es", "fr") if len(ways) != 1 else (),
        quality={(pair[:2], pair[3:]): value for pair, value in bleu.items()},
    )  # fmt: skip


STUDENT = installed("es-en", "es-en", es_en=15.4)
FIREFOX = installed("firefox-es-en", "es-en", es_en=27.5)
NLLB = installed("nllb", es_en=29.2, de_en=32.1)
FIREFOX_DE = installed("firefox-de-en", "de-en", de_en=39.6)
OWN = installed("mine", "es-en", own=True)
UNKNOWN = installed("carried-in", "es-en")
EN_FR = installed("en-fr", "en-fr", en_fr=23.3)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The names of the models on the way from one language to another."""

    def names(source: str, target: str, *models: ResolvedModel) -> list[str]:
        monkeypatch.setattr(translators, "installed_translations", lambda folders: list(models))
        with contextlib.closing(Translators(MtConfig())) as made:
            hops = made.route(source, target).hops
        assert all(isinstance(hop.engine, LazyTranslator) for hop in hops)
        return [hop.engine.model.name for hop in hops]

    return names


@pytest.mark.parametrize(
    ("models", "name"),
    [
        ([STUDENT, FIREFOX], "firefox-es-en"),
        ([NLLB, STUDENT, FIREFOX], "nllb"),
        ([STUDENT, FIREFOX, OWN], "mine"),
        ([UNKNOWN, STUDENT], "es-en"),
        ([installed("many"), UNKNOWN], "carried-in"),
    ],
)
def test_quality_decides_whatever_was_found_first(
    models: Sequence[ResolvedModel], name: str, taken: Callable[..., list[str]]
) -> None:
    assert taken("es", "en", *models) == taken("es", "en", *reversed(models)) == [name]


def test_each_pair_has_its_own_best(taken: Callable[..., list[str]]) -> None:
    assert taken("de", "en", NLLB, FIREFOX_DE) == ["firefox-de-en"]
    assert taken("de", "fr", STUDENT, FIREFOX_DE, EN_FR) == ["firefox-de-en", "en-fr"]


@pytest.mark.models
def test_portuguese_is_there_on_a_fresh_machine() -> None:
    with contextlib.closing(Translators(MtConfig())) as made:
        assert {"en", "es", "de", "fr"} <= set(made.targets("pt"))
        assert [hop.engine.model.name for hop in made.route("pt", "en").hops] == ["firefox-pt-en"]
        assert [hop.engine.model.name for hop in made.route("es", "pt").hops][-1] == "firefox-en-pt"


@pytest.mark.parametrize(
    ("pair", "command"),
    [
        (("uk", "en"), "sottovoce models pull firefox-uk-en"),
        (("cs", "uk"), "sottovoce models pull --for cs,uk"),
        (("en", "sw"), "sottovoce models pull nllb-200-distilled-600m"),
    ],
)
def test_what_is_missing_is_named_with_its_command(
    pair: tuple[str, str], command: str, taken: Callable[..., list[str]]
) -> None:
    with pytest.raises(NoRouteError, match=command):
        taken(*pair)
