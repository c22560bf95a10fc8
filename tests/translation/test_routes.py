from dataclasses import dataclass, field

import pytest

from translate.errors import LanguageError
from translate.translation import plan, reachable


@dataclass(frozen=True)
class Model:
    """What planning asks of an engine."""

    name: str
    able: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    after_words: int = 1

    @property
    def multilingual(self) -> bool:
        return len(self.able) > 1

    def can(self, source: str, target: str) -> bool:
        return (source, target) in self.able


def model(name: str, *pairs: str) -> Model:
    return Model(name, frozenset((pair[:2], pair[3:]) for pair in pairs))


ES_EN, EN_DE = model("es-en", "es-en"), model("en-de", "en-de")
MANY = model("many", "es-en", "es-de", "en-de", "fr-en", "en-fr")


def test_the_same_language_needs_no_model() -> None:
    assert plan("Spanish", "es-MX", [], False).kind == "same"


def test_a_model_of_the_pair_comes_before_a_multilingual_one() -> None:
    route = plan("es", "en", [MANY, ES_EN], True)
    assert (route.kind, [hop.engine.name for hop in route.hops]) == ("model", ["es-en"])


def test_a_multilingual_model_comes_before_two_hops() -> None:
    route = plan("es", "de", [ES_EN, EN_DE, MANY], True)
    assert (route.kind, [hop.engine.name for hop in route.hops]) == ("model", ["many"])


def test_without_a_model_of_the_pair_the_way_leads_through_english() -> None:
    route = plan("es", "de", [ES_EN, EN_DE], True)
    assert route.kind == "pivot"
    assert [(hop.engine.name, hop.source, hop.target) for hop in route.hops] == [
        ("es-en", "es", "en"),
        ("en-de", "en", "de"),
    ]


def test_whisper_translates_to_english_only_and_only_without_a_model() -> None:
    assert plan("fr", "en", [ES_EN], True).kind == "whisper"
    assert plan("es", "en", [ES_EN], True).kind == "model"
    with pytest.raises(LanguageError):
        plan("fr", "en", [ES_EN], False)


def test_a_model_goes_on_from_the_english_that_whisper_makes() -> None:
    route = plan("fr", "de", [ES_EN, EN_DE], True)
    assert (route.kind, [hop.engine.name for hop in route.hops]) == ("whisper", ["en-de"])
    text = route.of_text
    assert text is not None
    assert (text.kind, text.source, text.target) == ("model", "en", "de")
    assert plan("es", "de", [ES_EN, EN_DE], True).kind == "pivot"
    assert plan("fr", "en", [ES_EN, EN_DE], True).of_text is None
    with pytest.raises(LanguageError):
        plan("fr", "de", [ES_EN, EN_DE], False)
    with pytest.raises(LanguageError):
        plan("en", "es", [ES_EN, EN_DE], True)


def test_no_route_names_the_pair_and_the_remedy() -> None:
    with pytest.raises(
        LanguageError, match=r"Spanish \(es\) to German \(de\); get one with: sottovoce models pull m2m"
    ):
        plan("es", "de", [ES_EN], True, lambda source, target: "m2m")
    with pytest.raises(LanguageError, match="sottovoce models list"):
        plan("es", "de", [], True, lambda source, target: None)
    with pytest.raises(LanguageError, match="unknown language"):
        plan("es", "xyzzy", [ES_EN], True)


def test_reachable_targets_are_those_with_a_route() -> None:
    assert reachable("es", [ES_EN, EN_DE], False) == ["de", "en", "es"]
    assert reachable("fr", [], True) == ["en", "fr"]
    assert reachable("fr", [], False) == ["fr"]


def test_of_several_models_the_best_ranked_serves() -> None:
    worth = {"es-en": 15.4, "other": 27.5, "many": 29.2}
    other = model("other", "es-en")

    def rank(engine: Model, source: str, target: str) -> float:
        return -worth[engine.name]

    def taken(*engines: Model) -> str:
        return plan("es", "en", list(engines), True, rank=rank).hops[0].engine.name

    assert taken(ES_EN, other) == taken(other, ES_EN) == "other"
    assert taken(ES_EN, MANY, other) == "many"
    route = plan("es", "de", [ES_EN, other, EN_DE], True, rank=lambda e, s, t: -worth.get(e.name, 0))
    assert [hop.engine.name for hop in route.hops] == ["other", "en-de"]
