from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from translate.translation.glossary import Glossary, Terms
from translate.translation.shield import Shield, missing_numbers

GLOSSARY = Glossary(("en", "es"), (("force majeure", "fuerza mayor"), ("Sottovoce",), ("112",)))
TERMS = GLOSSARY.terms("en", "es")
WORDS = st.lists(
    st.sampled_from(["force", "majeure", "Sottovoce", "sottovoce,", "Paul", "Maria.", "7", "4", "1995", "3.5", "112"]),
    max_size=14,
).map(" ".join)


def expected(piece: str, terms: Terms = TERMS) -> str:
    """``piece`` with its terms as they have to be written."""
    assert terms.pattern is not None
    return terms.pattern.sub(lambda match: terms.written[match[0].lower()], piece)


def copied(shield: Shield, piece: str) -> str:
    """What comes of ``piece`` by a model that copies everything."""
    return shield.restore(shield.mask(piece).text)


def test_a_term_goes_as_a_name_and_comes_back_as_written() -> None:
    shield = Shield(TERMS)
    masked = shield.mask("The Force Majeure clause of SOTTOVOCE")
    assert masked.text == "The Paul clause of Maria"
    assert shield.restore("la cláusula Paul de Maria") == "la cláusula fuerza mayor de Sottovoce"


def test_a_stand_in_that_somebody_says_is_not_taken_for_the_term() -> None:
    assert copied(Shield(TERMS), "Paul sees Sottovoce, and Sottovoce sees Paul") == (
        "Paul sees Sottovoce, and Sottovoce sees Paul"
    )
    shield = Shield(TERMS)
    assert shield.mask("Sottovoce is here").text == "Paul is here"
    later = shield.mask("Sottovoce is here with Paul")
    assert later.text.startswith("Paul is here with ")
    assert shield.restore(later.text) == "Sottovoce is here with Paul"


def test_a_term_that_is_not_whole_yet_supports_nothing() -> None:
    masked = Shield(TERMS).mask("the ñ force majeure clause")
    assert masked.text == "the ñ Paul clause"
    before, within, after = (len(text.encode()) for text in ("the ñ", "the ñ force", "the ñ force majeure"))
    assert masked.limit(before) == before
    assert masked.limit(within) == before + 1
    assert masked.limit(after) == len("the ñ Paul".encode())


def test_a_number_that_came_out_wrong_goes_as_a_digit() -> None:
    shield = Shield(Terms())
    piece = "7 people at 11:00 in 2019"
    masked = shield.mask(piece)
    assert masked.text == piece
    assert shield.review(piece, masked, "7 personas a las 11:0 en 2019", "")
    again = shield.mask(piece)
    assert again.text == "7 people at 4 in 2019"
    answer = "7 personas a las 4 en 2019"
    assert not shield.review(piece, again, answer, "")
    assert shield.restore(answer) == "7 personas a las 11:00 en 2019"


def test_what_no_stand_in_brings_through_goes_without() -> None:
    shield = Shield(TERMS)
    piece = "a Sottovoce"
    tries = []
    while shield.review(piece, masked := shield.mask(piece), "nada", ""):
        tries.append(masked.text)
    assert tries == ["a Paul", "a Maria"]
    assert shield.mask(piece).text == piece


def test_a_stand_in_in_text_that_stands_is_kept() -> None:
    shield = Shield(TERMS)
    piece = "Sottovoce and more"
    masked = shield.mask(piece)
    assert not shield.review(piece, masked, "Paul y Paul y Paul", "Paul y")
    assert shield.mask(piece) == masked


def test_one_digit_made_of_a_word_is_not_taken_for_the_number() -> None:
    shield = Shield(Terms())
    piece = "seven people in 2019"
    assert shield.review(piece, shield.mask(piece), "siete", "")
    masked = shield.mask(piece)
    assert masked.text == "seven people in 7"
    assert shield.review(piece, masked, "7 personas en 7", "")
    assert shield.mask(piece).text == "seven people in 4"


@pytest.mark.parametrize(
    ("source", "target", "missing"),
    [
        ("in 2019", "en 2019", []),
        ("1,250 euros", "1.250 euros", []),
        ("at 11:00", "a las 11:0", ["11:00"]),
        ("100 000 people", "100,000 personas", []),
        ("100 000 people", "10 000 personas", ["100 000"]),
        ("2 cats", "dos gatos", []),
        ("12 and 12", "12", ["12"]),
        ("in the 1990s", "en los años 90", ["1990"]),
    ],
)
def test_numbers_are_compared_by_their_digits(source: str, target: str, missing: Sequence[str]) -> None:
    assert missing_numbers(source, target) == missing


@given(st.lists(WORDS, min_size=1, max_size=4))
@example(["112", "7 112"])
def test_whatever_is_said_comes_back_from_a_model_that_copies(parts: list[str]) -> None:
    """With one shield, while a sentence grows."""
    shield = Shield(TERMS)
    for end in range(1, len(parts) + 1):
        piece = " ".join(" ".join(parts[:end]).split())
        assert copied(shield, piece) == expected(piece)


@example([("Sottovoce", ""), ("Sottovoce Maria.", "7 Maria 4"), ("Sottovoce Maria.", "7 Maria 4")])
@given(st.lists(st.tuples(WORDS, st.sampled_from(["", "Paul", "7 Maria 4", "Sottovoce 1995"])), max_size=4))
def test_nothing_is_mixed_up_whatever_the_model_loses(steps: list[tuple[str, str]]) -> None:
    names = Glossary(("en",), (("force majeure",), ("Sottovoce",), ("112",))).terms("en", "es")
    shield = Shield(names)
    for piece, answer in steps:
        shield.review(piece, shield.mask(piece), answer, "")
        assert copied(shield, piece).lower() == piece.lower()


@given(WORDS, st.integers(0, 200), st.integers(0, 200))
def test_limits_keep_their_order_and_stay_inside(piece: str, one: int, other: int) -> None:
    masked = Shield(TERMS).mask(piece)
    size = len(piece.encode())
    first, second = (masked.limit(min(size, end)) for end in sorted((one, other)))
    assert 0 <= first <= second <= len(masked.text.encode())
    assert masked.limit(size) == len(masked.text.encode())
