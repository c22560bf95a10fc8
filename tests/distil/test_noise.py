"""What live speech does to a source, and what must follow on the target side."""

from __future__ import annotations

from random import Random

import pytest

from models.distil.config import NoiseConfig
from models.distil.noise import augment, cut, join, match_ending, mishear, names_in, rename, uncase
from models.distil.spoken import homophones, spell_numbers

SENTENCE = ("The old man walked to the river, and he sat down.", "El viejo caminó hasta el río y se sentó.")


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Where is it?", "¿Dónde está?", "¿Dónde está?"),
        ("where is it", "¿Dónde está?", "¿Dónde está"),
        ("we were there", "Estábamos allí.", "Estábamos allí"),
        ('He said "no."', "Dijo «no».", "Dijo «no»."),
        ("so", "...", "..."),
    ],
)
def test_target_ends_only_if_the_source_does(source: str, target: str, expected: str) -> None:
    assert match_ending(source, target) == expected


def test_uncased_source_has_no_punctuation_and_keeps_its_words() -> None:
    source, target = uncase("Well, Tom paid 3.50 at 10:30!", "Bueno, Tom pagó 3,50 a las 10:30.")
    assert source.split()[:3] == ["well", "tom", "paid"]
    assert not set(source) & set(",!?")
    assert target == "Bueno, Tom pagó 3,50 a las 10:30"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.95])
def test_prefix_is_a_prefix_in_proportion_without_an_ending(share: float) -> None:
    source, target = cut(*SENTENCE, share)
    assert SENTENCE[0].startswith(source)
    assert SENTENCE[1].startswith(target)
    assert source[-1] not in ".,;!?"
    assert target[-1] not in ".,;!?"
    assert abs(len(source.split()) / 11 - len(target.split()) / 9) < 0.15


def test_very_short_sentences_are_not_cut() -> None:
    assert cut("Go away.", "Vete.", 0.5) == ("Go away.", "Vete.")


def test_join() -> None:
    assert join(("A b.", "C d."), ("E.", "F.")) == ("A b. E.", "C d. F.")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("I have 3 cats and 21 dogs", "en", "I have three cats and twenty-one dogs"),
        ("in 1984", "en", "in nineteen eighty-four"),
        ("105 people", "en", "one hundred and five people"),
        ("tengo 35 años", "es", "tengo treinta y cinco años"),
        ("21000 personas", "es", "veintiun mil personas"),
        ("2024", "es", "dos mil veinticuatro"),
        ("47 Jahre", "de", "siebenundvierzig Jahre"),
        ("80 ou 71", "fr", "quatre-vingts ou soixante et onze"),
        ("at 10:30, 3.5 and 1,000", "en", "at 10:30, 3.5 and 1,000"),
        ("7 Sprachen", "xx", "7 Sprachen"),
    ],
)
def test_numbers_as_they_are_spoken(text: str, language: str, expected: str) -> None:
    assert spell_numbers(text, language) == expected


def test_names_are_those_that_both_sides_share() -> None:
    assert names_in("Why did Tom leave Boston?", "¿Por qué Tom dejó Boston?") == ["Tom", "Boston"]
    assert names_in("Error in the German text", "Error en el texto alemán") == []


def test_rename_changes_both_sides_alike() -> None:
    renamed = rename("Tom saw Tom's dog.", "Tom vio al perro de Tom.", ["Ngozi"], Random(1))
    assert renamed == ("Ngozi saw Ngozi's dog.", "Ngozi vio al perro de Ngozi.")
    assert rename(*SENTENCE, ["Ngozi"], Random(1)) == SENTENCE
    assert rename("Tom left.", "Tomás se fue.", ["Ngozi"], Random(1)) == ("Tom left.", "Tomás se fue.")


def test_homophones_are_symmetric() -> None:
    for language in ("en", "es", "de", "fr"):
        table = homophones(language)
        assert table
        assert all(word in table[other] for word, others in table.items() for other in others)
    assert homophones("xx") == {}


def test_misheard_stays_close_to_what_was_said() -> None:
    random = Random(1)
    for _ in range(200):
        heard = mishear(SENTENCE[0], "en", random)
        assert abs(len(heard.split()) - len(SENTENCE[0].split())) <= 1


def test_augment_is_reproducible_and_keeps_the_rule() -> None:
    config = NoiseConfig(uncased=0.25, prefix=0.25, joined=0.25, misheard=0.25)
    other = ("It was late.", "Era tarde.")
    runs = [[augment(SENTENCE, other, "en", Random(seed), config) for seed in range(300)] for _ in range(2)]
    assert runs[0] == runs[1]
    for source, target in runs[0]:
        assert source.strip()
        assert target.strip()
        assert source[-1] in ".!?" or target[-1] not in ".!?"
    assert len({source for source, _ in runs[0]}) > 20


def test_no_noise_when_none_is_asked_for() -> None:
    config = NoiseConfig(uncased=0, prefix=0, joined=0, misheard=0, renamed=0)
    assert augment(SENTENCE, SENTENCE, "en", Random(3), config, ["Ngozi"]) == SENTENCE
