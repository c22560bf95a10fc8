from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.output.linebreak import pieces


def cut(text: str) -> list[str]:
    return [piece.text for piece in pieces(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two words", ["two", "words"]),
        ("  a \n\n b\u2028c\x1cd\t", ["a", "b", "c", "d"]),
        ("well-known", ["well-known"]),
        ("100\u00a0% à Paris\u202f!", ["100\u00a0%", "à", "Paris\u202f!"]),
        ("東京は。", ["東", "京", "は。"]),
        ("「東京」へ", ["「東", "京」", "へ"]),
        ("ちょっとスーパー", ["ちょっ", "と", "スー", "パー"]),
        ("3月はOKです", ["3", "月", "は", "OK", "で", "す"]),
        ("안녕하세요 여러분", ["안녕하세요", "여러분"]),
        ("ไปเที่ยว", ["ไป", "เที่", "ย", "ว"]),
        ("ក្រុម", ["ក្រុ", "ម"]),
        ("བོད་སྐད་", ["བོད་", "སྐད་"]),
        ("", []),
        (" \n", []),
    ],
)
def test_where_a_line_may_end(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_no_character_begins_or_ends_a_piece_that_may_not() -> None:
    text = "彼は「はい、そうです。」と言った（笑）。でも…ちょっと、待って！？"
    for piece in cut(text):
        assert piece[0] not in "、。」）！？…ょっ"
        assert piece[-1] not in "「（"


@given(st.text())
def test_only_white_space_is_left_out_and_every_place_is_right(text: str) -> None:
    assert "".join("".join(cut(text)).split()) == "".join(text.split())
    for piece in pieces(text):
        assert piece.text
        assert text[piece.offset :].startswith(piece.text)
        assert "\n" not in piece.text
        if piece.spaced and piece.offset:
            assert text[piece.offset - 1].isspace()
