"""Letters that a tokenizer must know, and one that it lacks."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable

import sentencepiece

from .errors import DistilError

__all__ = ["frequent_letters", "lacking", "with_letter", "with_letters"]

_RARE = 5000


def frequent_letters(texts: Iterable[str]) -> str:
    """Letters that one of 5,000 ``texts`` has or more.

    SentencePiece counts characters, and leaves the rarest out: in German a capital "Ö" is one of them, though the words
    that begin with it are not rare.
    """
    count, found = 0, Counter[str]()
    for text in texts:
        count += 1
        found.update({character for character in text if character.isalpha()})
    return "".join(sorted(letter for letter, times in found.items() if times * _RARE >= count))


def lacking(model: bytes, letters: str) -> str:
    """Those of ``letters`` that a SentencePiece model reads as ``<unk>``."""
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=model)
    return "".join(letter for letter in letters if tokenizer.unk_id() in tokenizer.encode(letter))


def with_letters(model: bytes, letters: str) -> bytes:
    """A SentencePiece model that has ``letters``, which it lacks, as its last pieces, in that order."""
    for letter in letters:
        model = with_letter(model, letter)
    return model


def with_letter(model: bytes, letter: str) -> bytes:
    """A SentencePiece model that has ``letter`` as its last piece.

    Raises:
        DistilError: that is no single letter, or the model has it already.
    """
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=model)
    if len(letter) != 1 or not letter.isalpha():
        raise DistilError(f"unknown_letter is one letter, not {letter!r}")
    if tokenizer.piece_to_id(letter) != tokenizer.unk_id():
        raise DistilError(f"unknown_letter: the tokenizer knows {letter!r}")
    worst = min(tokenizer.get_score(number) for number in range(tokenizer.get_piece_size()))
    name = letter.encode()
    # ModelProto.pieces (field 1), repeated: one more at the end. Its piece is field 1, its score field 2.
    piece = b"\x0a" + bytes([len(name)]) + name + b"\x15" + struct.pack("<f", worst)
    return model + b"\x0a" + bytes([len(piece)]) + piece
