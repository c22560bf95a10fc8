"""What of a hypothesis is new: the committed words are found in it by how they sound and where they lie. Pure.

A hypothesis is decoded freely each time, so that an early mistake cannot lead later words astray; what is committed is
then looked for in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from translate.speech.hypothesis import AlignedWord, is_punctuation, join, normalized

__all__ = ["after_committed", "tail_distance", "unsaid"]

_MATCH_CHARACTERS = 24
_SAME_PLACE_S = 0.3
"""Two readings of one word begin no further apart than this."""


def unsaid(
    words: Sequence[AlignedWord], committed: Sequence[AlignedWord], *, carry_on: bool = True
) -> tuple[AlignedWord, ...]:
    """What ``words`` say beyond what is ``committed``; both are of the same window.

    Args:
        carry_on: a last word that was committed before all of it was heard is completed: after " Anweis", the
            hypothesis " Anweisungen des" leaves "ungen", with no space before it, and " des".
    """
    count = after_committed(words, committed)
    rest = _rest(words[count - 1], committed) if count and committed and carry_on else None
    return (*([rest] if rest else []), *words[count:])


def after_committed(words: Sequence[AlignedWord], committed: Sequence[AlignedWord]) -> int:
    """How many of ``words`` say again what is ``committed``. A mark after the last committed word is new."""
    if not committed:
        return 0
    end_s = committed[-1].end_s
    spoken = normalized(join(committed))[-_MATCH_CHARACTERS:]
    begun = normalized(join(_last_word(committed)))
    edits = _nothing_said(spoken)
    best, best_cost = 0, edits[-1] / max(1, len(spoken)) + end_s
    for count, word in enumerate(words, 1):
        sound = normalized(word.text)
        before, edits = edits, _say(edits, sound, spoken)
        if is_punctuation(word.text):
            continue
        # A word that goes on where the committed one was cut is that word.
        here = _say(before, begun, spoken) if begun and sound.startswith(begun) else edits
        cost = here[-1] / max(1, len(spoken)) + abs(word.end_s - end_s)
        if cost < best_cost:
            best, best_cost = count, cost
    return best


def _last_word(committed: Sequence[AlignedWord]) -> Sequence[AlignedWord]:
    """The parts in which the last word of ``committed`` was committed; mostly it is one."""
    start = len(committed) - 1
    while start and not committed[start].text[:1].isspace():
        start -= 1
    return committed[start:]


def _rest(word: AlignedWord, committed: Sequence[AlignedWord]) -> AlignedWord | None:
    """What ``word`` has more than the last of ``committed``, when that is its beginning."""
    parts = _last_word(committed)
    begun, sound = normalized(join(parts)), normalized(word.text)
    if is_punctuation(committed[-1].text) or not sound.startswith(begun) or sound == begun:
        return None
    if not word.text[:1].isspace() or abs(word.start_s - parts[0].start_s) > _SAME_PLACE_S:
        return None
    cut = next(i for i in range(len(word.text) + 1) if normalized(word.text[:i]) == begun)
    known = sum(len(part.tokens) for part in parts)  # the others are context already
    return replace(word, text=word.text[cut:], tokens=word.tokens[known:], start_s=min(committed[-1].end_s, word.end_s))


def tail_distance(said: str, spoken: str) -> int:
    """Fewest edits that make ``spoken`` of an ending of ``said``; how much comes before that ending does not count."""
    return _say(_nothing_said(spoken), said, spoken)[-1]


def _nothing_said(spoken: str) -> list[int]:
    """See :func:`_say`."""
    return list(range(len(spoken) + 1))


def _say(edits: Sequence[int], more: str, spoken: str) -> list[int]:
    """The fewest edits that make each beginning of ``spoken`` of an ending of what is said, when ``more`` is said.

    Args:
        edits: the same of what was said before (a row of the matrix of Sellers 1980).
    """
    row = list(edits)
    for a in more:
        diagonal, row[0] = row[0], 0
        for j, b in enumerate(spoken, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row
