"""A tokenizer knows the letters of its languages, and one that does not can be given one."""

from __future__ import annotations

import pytest

sentencepiece = pytest.importorskip("sentencepiece")

from models.distil.errors import DistilError  # noqa: E402
from models.distil.spelling import frequent_letters, with_letter  # noqa: E402


def test_a_letter_is_added_and_nothing_else_changes(spm_model: bytes) -> None:
    before = sentencepiece.SentencePieceProcessor(model_proto=spm_model)
    after = sentencepiece.SentencePieceProcessor(model_proto=with_letter(spm_model, "Ö"))
    size = before.get_piece_size()
    assert after.get_piece_size() == size + 1
    assert after.id_to_piece(size) == "Ö"
    for text in ("abc döb", "eöe", "x y", "a  b"):
        assert after.encode(text) == before.encode(text)
    assert before.decode(before.encode("Öbe öde")) != "Öbe öde"
    assert after.decode(after.encode("Öbe öde")) == "Öbe öde"
    assert after.decode(["▁", "Ö", "b"]) == "Öb"


@pytest.mark.parametrize("letter", ["", "öd", "!", "a"])
def test_what_is_no_missing_letter_is_refused(spm_model: bytes, letter: str) -> None:
    with pytest.raises(DistilError, match="unknown_letter"):
        with_letter(spm_model, letter)


def test_letters_count_by_the_texts_that_have_them() -> None:
    texts = ["Öl", *["na gut"] * 4999]
    assert set(frequent_letters(texts)) == set("nagutÖl")
    assert "Ö" not in frequent_letters([*texts, *texts[1:], "ja"])
    assert "1" not in frequent_letters(["a1 1 1"])
