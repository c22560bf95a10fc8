"""The phrase book: slots are filled alike in every language, and a mistake in it is named with its line."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.distil.corpus import read_pairs
from models.distil.errors import DistilError
from models.distil.filters import reject_reason, tidy
from models.distil.phrases import fill

BOOK = Path(__file__).parents[2] / "models" / "distil" / "recipes" / "everyday.phrases.tsv"
DAYS = (("Monday", "lunes"), ("Tuesday", "martes"), ("Friday", "viernes"))


def _write(path: Path, *rows: str) -> Path:
    book = path / "small.phrases.tsv"
    book.write_text("\n".join(("slot\ten\tes\tde", *rows)) + "\n", encoding="utf-8")
    return book


def test_a_phrase_without_slots_is_itself() -> None:
    assert list(fill(("Good morning.", "Buenos días."), {"day": DAYS})) == [("Good morning.", "Buenos días.")]


def test_every_value_of_a_slot_comes_once() -> None:
    found = list(fill(("See you on {day}.", "{day}, hasta luego."), {"day": DAYS}))
    assert sorted(found) == sorted((f"See you on {en}.", f"{es.capitalize()}, hasta luego.") for en, es in DAYS)


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=2, max_size=60, unique=True))
def test_two_of_a_kind_are_two_and_stand_alike_on_both_sides(words: list[str]) -> None:
    values = [(f"<{word}>", f"[{word}]") for word in words]
    found = list(fill(("from {w} to {w2}", "to {w2} from {w}"), {"w": values}))
    assert 2 <= len(found) <= 40
    assert len(set(found)) == len(found)
    for first, second in found:
        one, other = re.findall(r"<(\w+)>", first)
        assert one != other
        assert re.findall(r"\[(\w+)\]", second) == [other, one]
    assert found == list(fill(("from {w} to {w2}", "to {w2} from {w}"), {"w": values}))


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        (("On {day}.", "El lunes."), "different slots"),
        (("In {month}.", "En {month}."), r"\{month\}, of which there are 0"),
        (("{day} {day2} {day3} {day4}", "{day} {day2} {day3} {day4}"), "of which there are 3"),
    ],
)
def test_a_slot_that_cannot_be_filled(phrase: tuple[str, str], message: str) -> None:
    with pytest.raises(DistilError, match=message):
        list(fill(phrase, {"day": DAYS}))


def test_a_book_serves_any_two_of_its_languages(tmp_path: Path) -> None:
    rows = ("day\tMonday\tlunes\tMontag", "\tHello.\tHola.\tHallo.", "\tUntil {day}.\tHasta el {day}.\tBis {day}.")
    book = _write(tmp_path, *rows)
    assert [tuple(pair) for pair in read_pairs(book, ("en", "es"))] == [
        ("small", "", "Hello.", "Hola."),
        ("small_filled", "", "Until Monday.", "Hasta el lunes."),
    ]
    assert [(pair.first, pair.second) for pair in read_pairs(book, ("de", "es"))][1] == (
        "Bis Montag.",
        "Hasta el lunes.",
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("\tHello.\tHola.", "small.phrases.tsv:2: a text is missing"),
        ("\tHello.\t\tHallo.", "small.phrases.tsv:2: a text is missing"),
        ("\tOn {day}.\tEl {day}.\tAm {day}.", r"small.phrases.tsv:2: 'On \{day\}.' asks for \{day\}"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DistilError, match=message):
        list(read_pairs(_write(tmp_path, row), ("en", "es")))


def test_a_table_that_is_no_phrase_book(tmp_path: Path) -> None:
    book = tmp_path / "x.phrases.tsv"
    book.write_text("en\tes\nHello.\tHola.\n", encoding="utf-8")
    with pytest.raises(DistilError, match="the first column of a phrase book is 'slot'"):
        list(read_pairs(book, ("en", "es")))


@pytest.mark.parametrize("other", ["es", "de", "fr"])
def test_the_shipped_book_is_whole(other: str) -> None:
    pairs = list(read_pairs(BOOK, ("en", other)))
    counts = Counter(pair.source for pair in pairs)
    assert counts["everyday"] > 450
    assert counts["everyday_filled"] > 1500
    for pair in pairs:
        assert not reject_reason(tidy(pair.first), tidy(pair.second), max_words=60, max_ratio=2.5), pair
        assert pair.first[-1] in ".!?", pair
        assert (pair.first[-1] == "?") == (pair.second[-1] == "?") or pair.source == "everyday", pair
        assert pair.first[0].isupper(), pair
        assert pair.second.lstrip("¡¿")[0].isupper(), pair
