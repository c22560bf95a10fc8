"""A student whose tokenizer got letters afterwards: it says what it said, and can learn them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
sentencepiece = pytest.importorskip("sentencepiece")

from models.distil.config import ModelConfig  # noqa: E402
from models.distil.enlarge import with_pieces  # noqa: E402
from models.distil.errors import DistilError  # noqa: E402
from models.distil.model import Transformer  # noqa: E402
from models.distil.spelling import lacking, with_letters  # noqa: E402

SHAPE = ModelConfig(encoder_layers=1, decoder_layers=1, width=32, heads=2, feed_forward=64)


def processor(model: bytes):
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def test_only_letters_that_are_read_as_unknown_are_lacking(spm_model: bytes) -> None:
    assert lacking(spm_model, "aÖöñb") == "Öñ"
    assert lacking(with_letters(spm_model, "Öñ"), "aÖöñb") == ""


def test_text_without_the_new_letters_is_translated_as_before(spm_model: bytes) -> None:
    torch.manual_seed(1)
    tokenizer = processor(with_letters(spm_model, "ÖÁñ"))
    small = Transformer(SHAPE, processor(spm_model).get_piece_size()).eval()
    large = with_pieces(small, tokenizer).eval()
    had = small.embedding.num_embeddings
    source = torch.tensor([tokenizer.encode("abc döb eda")])
    target = torch.tensor([tokenizer.encode("ead bö")])
    with torch.no_grad():
        before = small(source, torch.ones_like(source, dtype=torch.bool), target)
        after = large(source, torch.ones_like(source, dtype=torch.bool), target)
    assert after.shape[-1] == had + 3
    torch.testing.assert_close(after[..., :had], before)


def test_a_new_letter_begins_between_the_unknown_and_the_letter_like_it(spm_model: bytes) -> None:
    tokenizer = processor(with_letters(spm_model, "ÖÁñ"))
    small = Transformer(SHAPE, processor(spm_model).get_piece_size())
    large = with_pieces(small, tokenizer)
    unknown = small.embedding.weight[tokenizer.unk_id()]
    for letter, like in (("Ö", "ö"), ("Á", "a"), ("ñ", None)):
        of_like = unknown if like is None else small.embedding.weight[tokenizer.piece_to_id(like)]
        expected = (unknown + of_like) / 2
        torch.testing.assert_close(large.embedding.weight[tokenizer.piece_to_id(letter)], expected)


def test_a_student_keeps_its_pieces_and_no_other_tokenizer_is_taken(spm_model: bytes) -> None:
    tokenizer = processor(spm_model)
    model = Transformer(SHAPE, tokenizer.get_piece_size())
    assert with_pieces(model, tokenizer) is model
    with pytest.raises(DistilError, match="do not match"):
        with_pieces(Transformer(SHAPE, tokenizer.get_piece_size() + 1), tokenizer)
