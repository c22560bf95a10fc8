"""Embeddings for pieces that were added to a tokenizer after its model was trained."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import sentencepiece
import torch

from .errors import DistilError
from .model import Transformer

__all__ = ["with_pieces"]


def with_pieces(model: Transformer, tokenizer: sentencepiece.SentencePieceProcessor) -> Transformer:
    """``model`` with an embedding and an output bias for each piece at the end of ``tokenizer`` that it lacks.

    A new piece is a letter, which the model has read and written as ``<unk>`` so far. Its weights begin as the mean of
    those of ``<unk>`` and of the most similar letter: the same in lower case or without its accent.

    Raises:
        DistilError: the model has more pieces than the tokenizer.
    """
    had, size = model.embedding.num_embeddings, tokenizer.get_piece_size()
    if had > size:
        raise DistilError(f"start_from: the student has {had} pieces and its tokenizer {size}: they do not match")
    if had == size:
        return model
    larger = Transformer(model.config, size)
    state = model.state_dict()
    for name in ("embedding.weight", "output_bias"):
        weight, unknown = state[name], state[name][tokenizer.unk_id()]
        akin = [_similar_piece(tokenizer, number, had) for number in range(had, size)]
        rows = [unknown if number is None else (unknown + weight[number]) / 2 for number in akin]
        state[name] = torch.cat([weight, torch.stack(rows)])
    larger.load_state_dict(state)
    return larger


def _similar_piece(tokenizer: sentencepiece.SentencePieceProcessor, number: int, had: int) -> int | None:
    """The piece of the most similar letter among the first ``had``."""
    for letter in _similar(tokenizer.id_to_piece(number)):
        other: int = tokenizer.piece_to_id(letter)
        if other != tokenizer.unk_id() and other < had:
            return other
    return None


def _similar(letter: str) -> Iterator[str]:
    yield letter.lower()
    plain = unicodedata.normalize("NFD", letter)[0]
    yield plain
    yield plain.lower()
