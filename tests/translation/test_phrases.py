"""What is said every day in Portuguese and English is right, whole and while it grows."""

from __future__ import annotations

import pytest

from translate.config import MtConfig
from translate.resources import models_folder
from translate.translation import TranslationEngine, plan, translate_text
from translate.translation.direction import Direction
from translate.translation.phrases import phrases_of
from translate.translation.segment import SegmentTranslator


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Thank you.", "Obrigado."),
        ("thank you", "obrigado"),
        ("Thank you!", "Obrigado!"),
        ("Good morning everyone.", "Bom dia a todos."),
        ("You’re welcome.", "De nada."),
        ("How are you?", "Como você está?"),
        ("How are you", None),
        ("Does it hurt here.", None),
        ("No?", None),
        ("Thank you。", None),
        ("(thank you)", None),
        ("thank you 🙂", None),
        ("ok", "OK"),
        ("Ok!", "OK!"),
        ("Thank you, Anna.", None),
        ("", None),
        ("...", None),
    ],
)
def test_a_sentence_is_found_as_it_is_said(text: str, known: str | None) -> None:
    assert phrases_of("en", "pt").find(text) == known


def test_what_stands_in_several_lines_is_said_as_in_the_first() -> None:
    assert phrases_of("pt", "en").find("Boa noite.") == "Good evening."
    assert phrases_of("en", "pt").find("Good night.") == "Boa noite."
    assert phrases_of("pt", "en").find("Obrigada.") == phrases_of("pt", "en").find("Obrigado.") == "Thank you."


@pytest.mark.parametrize("said", ["Dói.", "Dói", "Dói aqui.", "Tudo bem.", "Como vai", "Alguma pergunta."])
def test_what_is_said_is_not_taken_for_what_is_asked(said: str) -> None:
    assert phrases_of("pt", "en").find(said) is None


def test_i_stays_a_capital_letter() -> None:
    assert phrases_of("pt", "en").find("não sei") == "I don't know"
    assert phrases_of("pt", "en").find("estou bem, obrigada") == "I'm fine, thank you"


def test_every_row_asks_on_both_sides_or_on_none() -> None:
    rows = [line.split("\t") for line in (models_folder() / "phrases.tsv").read_text("utf-8").splitlines()]
    rows = [row for row in rows if not row[0].startswith("#")]
    assert [row for row in rows if len({cell.endswith("?") for cell in row}) > 1] == []


def test_other_pairs_have_none() -> None:
    assert phrases_of("en", "de").find("Thank you.") is None


SAID = {
    ("en", "pt"): {
        "Good evening, ladies and gentlemen.": {"Boa noite, senhoras e senhores."},
        "Thank you very much.": {"Muito obrigado."},
        "No.": {"Não."},
        "See you on Thursday.": {"Até quinta-feira."},
        "Where does it hurt?": {"Onde dói?"},
        "Do not take this medicine with alcohol.": {"Não tome este medicamento com álcool."},
        "The dose is 5 mg twice a day.": {"A dose é de 5 mg duas vezes por dia."},
    },
    ("pt", "en"): {
        "Olá": {"Hello"},
        "Não.": {"No."},
        "Bom dia a todos.": {"Good morning, everyone."},
        "Onde dói?": {"Where does it hurt?"},
        "Não tome este remédio com álcool.": {"Do not take this medicine with alcohol."},
    },
}


@pytest.mark.models
@pytest.mark.parametrize("pair", SAID, ids="-".join)
def test_everyday_sentences_in_portuguese(pair: tuple[str, str], firefox: dict[str, TranslationEngine]) -> None:
    route = plan(*pair, list(firefox.values()), False)
    for text, accepted in SAID[pair].items():
        for beam_size in (1, MtConfig().beam_size):
            assert translate_text(route, text, beam_size) in accepted, (text, beam_size)


@pytest.mark.models
def test_a_known_sentence_grows_like_any_other(firefox: dict[str, TranslationEngine]) -> None:
    segment = SegmentTranslator(Direction(firefox["en-pt"], "en", "pt", 4))
    assert segment.step("", "Thank", final=False)[0] == ""
    assert segment.step("", "Thank you", final=False)[1].strip() in ("", "Obrigado")
    stands, tail = segment.step("Thank you", "", final=False)
    assert (stands + tail).strip() in ("", "Obrigado")
    assert segment.step("Thank you.", "", final=True) == ("Obrigado.", "")


@pytest.mark.models
def test_what_is_committed_stays_even_before_a_known_sentence(firefox: dict[str, TranslationEngine]) -> None:
    engine = firefox["en-pt"]
    prefix = tuple(engine._tokenizer.pieces("Agradeço"))
    found = engine.translate("Thank you.", source="en", target="pt", prefix_tokens=prefix)
    assert found.tokens[: len(prefix)] == prefix
