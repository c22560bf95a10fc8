import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.translation.sentences import SPACED, UNSPACED, clean, piece_end, pieces

TEXT = st.text(alphabet=st.sampled_from('ab Z39.!?,…"。、「」 \n'), max_size=80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
        ("It costs 3.5 euros. Really.", ["It costs 3.5 euros.", "Really."]),
        ("Dr. Smith met J. Doe. They spoke.", ["Dr. Smith met J. Doe.", "They spoke."]),
        ("Am 3. Mai kam z.B. Anna. Gut.", ["Am 3. Mai kam z.B. Anna.", "Gut."]),
        ("Creo que no. Pero sí.", ["Creo que no.", "Pero sí."]),
        ("Look at example.com now. Then go.", ["Look at example.com now.", "Then go."]),
        ('She said "go." Then he left.', ['She said "go."', "Then he left."]),
        ('"Really?" he asked. Yes.', ['"Really?" he asked.', "Yes."]),
        ("Well... I think so. But wait... it is late.", ["Well...", "I think so.", "But wait... it is late."]),
        ("Vino en 2019. Luego se fue.", ["Vino en 2019.", "Luego se fue."]),
        ("你好。我很好！真的吗？", ["你好。", "我很好！", "真的吗？"]),
        ("「行こう。」と言った。", ["「行こう。」", "と言った。"]),
        ("no full stop", ["no full stop"]),
        ("", []),
        ("  \n ", []),
    ],
)
def test_finished_text_is_cut_at_sentences(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize("text", ["I met Dr.", "It is 3.", "well...", "at example.", "so he", "你好。"])
def test_nothing_is_certain_at_the_end_of_text_that_may_go_on(text: str) -> None:
    assert piece_end(text, at_end=False) is None


def test_a_full_stop_before_a_space_ends_a_sentence() -> None:
    assert piece_end("That is it.", at_end=True) == len("That is it.")
    assert piece_end("I met Dr.", at_end=True) is None


def test_long_sentences_are_cut_at_clauses_then_at_words() -> None:
    clauses = "and so on we went, " * 40
    for piece in pieces(clauses)[:-1]:
        assert piece.endswith(",")
    words = "word " * 300
    assert all(len(piece) <= SPACED.hard for piece in pieces(words))
    assert all(set(piece.split()) == {"word"} for piece in pieces(words))


@given(TEXT, st.sampled_from([SPACED, UNSPACED]), st.integers(1, 30))
def test_nothing_is_lost_and_nothing_grows_too_long(text: str, lengths: object, times: int) -> None:
    text *= times
    found = pieces(text, lengths=lengths)  # type: ignore[arg-type]
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(piece and len(piece) <= lengths.hard for piece in found)  # type: ignore[attr-defined]


@given(TEXT, TEXT)
def test_an_end_of_a_sentence_stays_while_the_text_grows(text: str, more: str) -> None:
    end = piece_end(text, at_end=False)
    if end is not None:
        assert piece_end(text + more, at_end=False) == end


@given(TEXT, st.integers(0, 100), st.booleans())
def test_no_cut_before_the_minimum(text: str, minimum: int, at_end: bool) -> None:
    end = piece_end(text * 9, at_end=at_end, minimum=minimum)
    assert end is None or minimum <= end <= len(text * 9)


@given(st.text(max_size=200))
def test_clean_text_has_no_control_characters_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in cleaned)
    assert cleaned == " ".join(cleaned.split())
    assert clean(cleaned) == cleaned
    cleaned.encode()


def test_clean_keeps_what_was_said() -> None:
    assert clean("a\x00b\ud800 \tc\nｄ\u200d") == "ab c d\u200d"
