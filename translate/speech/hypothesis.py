"""What one decoding of one window of audio says: words with their tokens and their places in the window."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["AlignedWord", "Hypothesis", "ends_sentence", "is_omission", "is_punctuation", "join", "normalized"]

_SENTENCE_ENDS = frozenset(".?!。？！؟।")
_CLOSERS = frozenset("\"'”’»)]}」』")


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """One word or punctuation mark of a hypothesis. Times are seconds from the start of the window."""

    text: str
    """As decoded, with its leading space where one is due."""
    tokens: tuple[int, ...]
    start_s: float
    end_s: float
    probability: float
    """Mean probability of its tokens, forced through the decoder (CTranslate2 ``Whisper.align``)."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The words of one window, those of the forced prefix first."""

    words: tuple[AlignedWord, ...] = ()
    no_speech_probability: float = 0.0


def is_punctuation(text: str) -> bool:
    """Whether ``text`` holds no letter, digit or symbol that is spoken."""
    return not any(unicodedata.category(c)[0] in "LNS" for c in text)


def ends_sentence(text: str) -> bool:
    """Whether ``text`` (a word, or a mark of its own) closes a sentence.

    Dots of omission do not: a decoder writes them where the audio it was given breaks off.
    """
    stripped = text.rstrip().rstrip("".join(_CLOSERS))
    return bool(stripped) and stripped[-1] in _SENTENCE_ENDS and not is_omission(stripped)


def is_omission(text: str) -> bool:
    """Whether ``text`` ends in dots of omission."""
    return text.rstrip().endswith(("..", "…"))


def normalized(text: str) -> str:
    """``text`` as compared between hypotheses: case, spaces and punctuation do not count."""
    return "".join(c for c in text.casefold() if unicodedata.category(c)[0] in "LNMS")


def join(words: Sequence[AlignedWord]) -> str:
    """The text of ``words`` as it reads."""
    return "".join(word.text for word in words)
