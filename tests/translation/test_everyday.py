"""What people say every day comes out right from the students that ship: a greeting is what a room hears first."""

from __future__ import annotations

import pytest

from translate.config import MtConfig
from translate.registry import default_registry
from translate.translation import TranslationEngine, plan, translate_text

pytestmark = [pytest.mark.models]


@pytest.fixture(scope="module")
def student_engines() -> dict[str, TranslationEngine]:
    registry = default_registry()
    names = registry.student_names()
    return {name: TranslationEngine(registry.resolve(name, kind="translation").path, MtConfig()) for name in names}


FROM_ENGLISH = {
    "Good morning.": ({"Buenos días."}, {"Guten Morgen."}, {"Bonjour."}),
    "Good evening, ladies and gentlemen.": (
        {"Buenas noches, señoras y señores."},
        {"Guten Abend, meine Damen und Herren."},
        {"Bonsoir, mesdames et messieurs."},
    ),
    "Thank you very much.": ({"Muchas gracias."}, {"Vielen Dank."}, {"Merci beaucoup."}),
    "Goodbye.": ({"Adiós."}, {"Auf Wiedersehen."}, {"Au revoir."}),
    "See you tomorrow.": ({"Hasta mañana.", "Nos vemos mañana."}, {"Bis morgen."}, {"À demain."}),
    "See you on Thursday.": ({"Hasta el jueves.", "Nos vemos el jueves."}, {"Bis Donnerstag."}, {"À jeudi."}),
    "Happy birthday!": (
        {"¡Feliz cumpleaños!"},
        {"Herzlichen Glückwunsch zum Geburtstag!", "Alles Gute zum Geburtstag!"},
        {"Joyeux anniversaire !", "Joyeux anniversaire!"},
    ),
    "Where does it hurt?": (
        {"¿Dónde le duele?", "¿Dónde te duele?"},
        {"Wo tut es weh?"},
        {"Où avez-vous mal ?", "Où est-ce que ça fait mal ?"},
    ),
}
INTO_ENGLISH = {
    "es": {
        "Buenos días.": {"Good morning.", "Good day."},
        "Hasta mañana.": {"See you tomorrow."},
        "Adiós.": {"Goodbye.", "Bye."},
    },
    "de": {
        "Guten Morgen.": {"Good morning."},
        "Bis morgen.": {"See you tomorrow."},
        "Auf Wiedersehen.": {"Goodbye.", "Good bye."},
        "Vielen Dank für Ihre Aufmerksamkeit.": {
            "Thank you for your attention.",
            "Thank you very much for your attention.",
        },
    },
    "fr": {"Bonsoir.": {"Good evening."}, "À demain.": {"See you tomorrow."}, "Au revoir.": {"Goodbye.", "Bye."}},
}


@pytest.mark.parametrize("text", FROM_ENGLISH)
def test_from_english(student_engines: dict[str, TranslationEngine], text: str) -> None:
    for target, accepted in zip(("es", "de", "fr"), FROM_ENGLISH[text], strict=True):
        route = plan("en", target, list(student_engines.values()), False)
        for beam in (1, MtConfig().beam_size):
            assert translate_text(route, text, beam) in accepted, (target, beam)


@pytest.mark.parametrize("source", INTO_ENGLISH)
def test_into_english(student_engines: dict[str, TranslationEngine], source: str) -> None:
    route = plan(source, "en", list(student_engines.values()), False)
    for text, accepted in INTO_ENGLISH[source].items():
        for beam in (1, MtConfig().beam_size):
            assert translate_text(route, text, beam) in accepted, (text, beam)


def test_africa_keeps_its_accent(student_engines: dict[str, TranslationEngine]) -> None:
    route = plan("en", "es", list(student_engines.values()), False)
    assert "África" in translate_text(route, "We want to visit Africa.", MtConfig().beam_size)
