"""The vocabulary of a model that is gone on with: the pieces of the old one that the text uses, and new ones.

What a model knows of a piece is lost with it, most of all how to copy a name. So names keep the pieces that they had,
and no name becomes a piece of its own: it would be one that is seen some ten times and means nothing to the model.
"""

from __future__ import annotations

import io
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import sentencepiece

from .config import Recipe
from .corpus import Pair
from .errors import DistilError
from .noise import uncase
from .prepare import FitTokenizer, sample_pairs

__all__ = ["fit_from", "left_out", "merge", "new_pieces", "pieces_of", "proper_names", "used_pieces"]

_MARKS = ".,;:!?¡¿…\"'“”‘’«»()[]-–—"
_SPECIAL = ("<unk>", "<s>", "</s>", "<pad>")
"""In the order of their ids; what SentencePiece calls the kinds of them."""
_KINDS = {"<unk>": 2, "<s>": 3, "</s>": 3, "<pad>": 3}
_UNCASED = 0.1
"""Share of the texts without case and punctuation, as recognisers write them."""
_NEW = 0.5
"""Pieces that are looked for in the new language, as a share of the vocabulary; the old model has a third of them."""
_RARE = 5000
"""A character that fewer of so many texts have than one is no piece."""
_LATER = 1.0
"""Taken off the score of new pieces, so that the old language splits as it did."""

Pieces = dict[str, float]
"""Piece -> log probability."""


def fit_from(old: sentencepiece.SentencePieceProcessor) -> FitTokenizer:
    """What fits the tokenizer of a recipe for a model that has ``old``: new pieces are for what it reads."""

    def fit(pairs: Sequence[Pair], recipe: Recipe, path: Path) -> None:
        random = Random(recipe.seed)
        side = recipe.languages.index(recipe.directions[0][0])
        sample = [[pair.first, pair.second] for pair in sample_pairs(pairs, recipe, random)]
        names = proper_names(text for sides in sample for text in sides)
        texts = [[uncase(text, "")[0] if random.random() < _UNCASED else text for text in sides] for sides in sample]
        size = recipe.data.vocabulary
        new = new_pieces(left_out((sides[side] for sides in texts), names), int(size * _NEW), recipe.train.threads)
        flat = [text for sides in texts for text in sides]
        model = old.serialized_model_proto()
        path.write_bytes(merge(model, used_pieces(old, flat), new, _characters(flat), size))

    return fit


def _characters(texts: Sequence[str]) -> str:
    counts = Counter(character for text in texts for character in set(text) if character.isprintable())
    return "".join(sorted(c for c, times in counts.items() if times * _RARE >= len(texts) and c != " "))


def proper_names(texts: Iterable[str], share: float = 0.9) -> frozenset[str]:
    """Words, in lower case, that texts write with a capital nearly always where no sentence begins.

    Args:
        share: of the places inside a sentence that have the capital.
    """
    capital, all_places = Counter[str](), Counter[str]()
    for text in texts:
        begins = True
        for word in text.split():
            bare = word.strip(_MARKS)
            if bare[:1].isalpha() and not begins:
                all_places[bare.lower()] += 1
                capital[bare.lower()] += bare[:1].isupper()
            begins = not bare or word[-1] in '.!?…:¿¡"«“' or (begins and not bare[:1].isalnum())
    return frozenset(word for word, times in all_places.items() if capital[word] >= share * times)


def left_out(texts: Iterable[str], words: frozenset[str]) -> Iterator[str]:
    """The texts without ``words``, whatever the case; none for a text of which nothing is left."""
    for text in texts:
        kept = " ".join(word for word in text.split() if word.strip(_MARKS).lower() not in words)
        if kept:
            yield kept


def new_pieces(texts: Iterable[str], size: int, threads: int) -> Pieces:
    """At most ``size`` pieces of a unigram model (Kudo 2018) for texts, with log probabilities; none has a digit.

    Raises:
        DistilError: the texts say nothing.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_writer=model, model_type="unigram", vocab_size=size,
            character_coverage=0.9998, split_digits=True, hard_vocab_limit=False, num_threads=threads, minloglevel=2,
        )  # fmt: skip
    except (RuntimeError, OSError) as error:
        raise DistilError(f"SentencePiece: {str(error).strip().splitlines()[-1]}") from None
    found = pieces_of(sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()))
    return {piece: score for piece, score in found.items() if not any(letter.isdigit() for letter in piece)}


def pieces_of(tokenizer: sentencepiece.SentencePieceProcessor) -> Pieces:
    """The pieces that text can be split into."""
    return {
        tokenizer.id_to_piece(i): tokenizer.get_score(i)
        for i in range(tokenizer.get_piece_size())
        if not tokenizer.is_control(i) and not tokenizer.is_unknown(i)
    }


def used_pieces(tokenizer: sentencepiece.SentencePieceProcessor, texts: Sequence[str]) -> list[str]:
    """The pieces that texts are split into, the most frequent first."""
    counts = Counter(number for ids in tokenizer.encode(list(texts)) for number in ids)
    return [tokenizer.id_to_piece(number) for number, _ in counts.most_common() if number != tokenizer.unk_id()]


def merge(model: bytes, used: Sequence[str], new: Pieces, letters: str, size: int) -> bytes:
    """A SentencePiece model of ``size`` tokens: ``new`` pieces, and as many of the old ones as there is room for.

    Args:
        model: the old model, whose normalisation and scores are kept.
        used: old pieces, the first to be kept first.
        new: what the old model may lack, with log probabilities.
        letters: characters that have to be pieces.

    Raises:
        DistilError: there is no room for the new pieces, or there are too few pieces.
    """
    old = pieces_of(sentencepiece.SentencePieceProcessor(model_proto=model))
    worst = min([*old.values(), *new.values()], default=0.0)
    found = {piece: old[piece] for piece in old if len(piece) == 1}
    found |= {piece: score - _LATER for piece, score in new.items() if piece not in old}
    found |= {letter: worst for letter in letters if letter not in found}
    room = size - len(_SPECIAL) - len(found)
    if room < 0:
        raise DistilError(f"no room for {len(found)} pieces in a vocabulary of {size}")
    others = [piece for piece in (*used, *sorted(old, key=lambda piece: -old[piece])) if piece in old]
    found |= {piece: old[piece] for piece in list(dict.fromkeys(p for p in others if p not in found))[:room]}
    if len(found) != size - len(_SPECIAL):
        raise DistilError(f"{len(found)} pieces are too few for a vocabulary of {size}")
    rows = [(name, 0.0, _KINDS[name]) for name in _SPECIAL]
    rows += [(piece, score, 1) for piece, score in sorted(found.items(), key=lambda item: (-item[1], item[0]))]
    return b"".join(_piece(*row) for row in rows) + _specials(size) + b"".join(_kept(model))


def _piece(text: str, score: float, kind: int) -> bytes:
    """``ModelProto.pieces`` (field 1): its piece is field 1, its score field 2, its type field 3."""
    name = text.encode()
    body = b"\x0a" + _varint(len(name)) + name + b"\x15" + struct.pack("<f", score) + b"\x18" + bytes([kind])
    return b"\x0a" + _varint(len(body)) + body


def _specials(size: int) -> bytes:
    """``ModelProto.trainer_spec`` (field 2): a unigram model (3) of so many tokens (4), and ids (40 to 43)."""
    fields = {3: 1, 4: size, 40: 0, 41: 1, 42: 2, 43: 3}
    body = b"".join(_varint(field << 3) + _varint(value) for field, value in fields.items())
    return b"\x12" + _varint(len(body)) + body


def _kept(model: bytes) -> Iterator[bytes]:
    """What a model has beside its pieces, the statement of its training and its self-test: its normalisation."""
    place = 0
    while place < len(model):
        tag, after = _read_varint(model, place)
        if tag & 7 != 2:
            raise DistilError("the SentencePiece model cannot be read")
        length, after = _read_varint(model, after)
        if tag >> 3 in (3, 5):
            yield model[place : after + length]
        place = after + length


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value, shift = 0, 0
    while place < len(data):
        byte = data[place]
        value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
        if byte < 128:
            return value, place
    raise DistilError("the SentencePiece model cannot be read")
