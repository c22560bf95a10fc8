"""Where a line of subtitles may end, in scripts with spaces between words and in those without. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Piece", "pieces"]

_TOKEN = re.compile(r"[\S\u00a0\u2007\u202f]+")
"""What no line may end in, in scripts with spaces; a no-break space belongs to the word."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3000-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff]"  # Chinese, Japanese
)
_TSHEG = "\u0f0b"
"""What stands between syllables in Tibetan."""
_NOT_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ゛゜%％°～〜ะาำະາຳ")
"""Small kana, marks that follow a figure, and vowels that are written after their consonant."""
_NOT_FIRST_CATEGORIES = frozenset({"Mn", "Mc", "Me", "Pe", "Pf", "Po", "Lm", "Cf"})
"""Combining marks, closing brackets and quotes, full stops and commas, repetition and length marks, joiners."""
_NOT_LAST = frozenset("เแโใไເແໂໃໄ\u1039\u17d2")
"""Vowels that are written before their consonant, and signs that stack the next consonant."""
_NOT_LAST_CATEGORIES = frozenset({"Ps", "Pi", "Sc", "Cf"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that stays on one line."""

    text: str
    offset: int
    """Place of its first character in the text."""
    spaced: bool
    """Whether a space goes before it, unless it begins a line."""


def pieces(text: str) -> Iterator[Piece]:
    """``text`` cut wherever a line may end; white space, which stands for a space, is left out.

    Scripts without spaces are cut between characters, as is usual in Chinese and Japanese; for the others, which are
    cut between words that only a dictionary knows, this at least keeps syllables whole.
    """
    for token in _TOKEN.finditer(text):
        begin = token.start()
        for at in range(begin + 1, token.end()):
            if _may_end(text[at - 1], text[at]):
                yield Piece(text[begin:at], begin, spaced=begin == token.start())
                begin = at
        yield Piece(text[begin : token.end()], begin, spaced=begin == token.start())


def _may_end(last: str, first: str) -> bool:
    """Whether a line may end after ``last`` and the next begin with ``first``."""
    if not (_UNSPACED.match(last) or _UNSPACED.match(first) or last == _TSHEG):
        return False
    if first in _NOT_FIRST or last in _NOT_LAST:
        return False
    return (
        unicodedata.category(first) not in _NOT_FIRST_CATEGORIES
        and unicodedata.category(last) not in _NOT_LAST_CATEGORIES
    )
