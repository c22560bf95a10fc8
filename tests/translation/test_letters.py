"""What a model's vocabulary lacks comes to it in the nearest form, and places in the text stay true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.translation.letters import Letters

SMALL = frozenset("abcdefghijklmnñopqrstuvwxyzáéíóú\"'-., ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@pytest.mark.parametrize(
    ("text", "legible"),
    [
        ("África y Ñandú", "áfrica y ñandú"),  # a capital becomes small before it loses its accent
        ("pingüino", "pinguino"),
        ("“sí” — no…", '"sí" - no.'),
        ("日本 €", "日本 €"),
        ("", ""),
    ],
)
def test_the_nearest_form_is_taken(text: str, legible: str) -> None:
    assert Letters(SMALL.__contains__).legible(text)[0] == legible


@given(st.text(alphabet=st.characters(codec="utf-8")), st.frozensets(st.characters(codec="utf-8")))
def test_places_are_those_of_the_text_itself(text: str, known: frozenset[str]) -> None:
    letters = Letters((SMALL | known).__contains__)
    legible, ends = letters.legible(text)
    assert len(legible) == len(text)
    assert letters.legible(legible)[0] == legible, "what is legible stays"
    assert list(ends) == [len(legible[:i].encode()) for i in range(len(legible) + 1)]
    assert list(ends.values()) == [len(text[:i].encode()) for i in range(len(text) + 1)]
    if set(text) <= SMALL:
        assert legible == text
