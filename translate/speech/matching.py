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
    begun = _last_word(committed)[1]
    best, best_cost = 0, float("inf")
    said = ""
    for count in range(len(words) + 1):
        text = normalized(words[count - 1].text) if count else ""
        # A word that goes on where the committed one was cut is that word.
        here = said + (begun if begun and text.startswith(begun) else text)
        said += text
        if count and is_punctuation(words[count - 1].text):
            continue
        off_s = abs((words[count - 1].end_s if count else 0.0) - end_s)
        cost = tail_distance(here[-2 * _MATCH_CHARACTERS :], spoken) / max(1, len(spoken)) + off_s
        if cost < best_cost:
            best, best_cost = count, cost
    return best


def _last_word(committed: Sequence[AlignedWord]) -> tuple[float, str]:
    """Where the last word of ``committed`` begins, and how it sounds; it may have been committed in parts."""
    start = len(committed) - 1
    while start and not committed[start].text[:1].isspace():
        start -= 1
    return committed[start].start_s, normalized(join(committed[start:]))


def _rest(word: AlignedWord, committed: Sequence[AlignedWord]) -> AlignedWord | None:
    """What ``word`` has more than the last of ``committed``, when that is its beginning."""
    begun_s, begun = _last_word(committed)
    sound = normalized(word.text)
    if is_punctuation(committed[-1].text) or not sound.startswith(begun) or sound == begun:
        return None
    if not word.text[:1].isspace() or abs(word.start_s - begun_s) > _SAME_PLACE_S:
        return None
    cut = next(i for i in range(len(word.text) + 1) if normalized(word.text[:i]) == begun)
    known = sum(len(part.tokens) for part in committed if part.start_s >= begun_s)  # the others are context already
    return replace(word, text=word.text[cut:], tokens=word.tokens[known:], start_s=min(committed[-1].end_s, word.end_s))


def tail_distance(said: str, spoken: str) -> int:
    """Fewest edits that make ``spoken`` of an ending of ``said``; how much comes before that ending does not count."""
    row = list(range(len(spoken) + 1))
    for a in said:
        diagonal, row[0] = row[0], 0
        for j, b in enumerate(spoken, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
