"""When translated words may be committed. Pure functions of tokens; no model, no clock.

A target token is committed when all of this holds:

* it is part of the longest common prefix of two successive hypotheses (local agreement, Liu et al. 2020, "Low-latency
  sequence-to-sequence speech recognition and translation by partial hypothesis selection"),
* it and every token before it rest on committed source words, as the cross-attention tells (AlignAtt, Papi et al.
  2023),
* the model would choose it again, or nearly so, now that more has been heard,
* it is part of a whole word, and not of the last one, which the rest of the sentence would most likely change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Steadiness", "agreed", "committable", "rests_within", "showable", "support_limit"]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How shown words are held. Gaps are in nats: how much likelier another token is than the one in its place."""

    keep_gap: float = 0.3
    """A word that is only shown is taken back when its gap is larger."""
    commit_gap: float = 0.3
    """A word with a larger gap is not committed yet."""
    after_words: int = 1
    """Source words that have to be heard after those that a committed word rests on.

    The better a model, the more it makes of them: ours gain nothing by 3, Firefox's do (``MARIAN_AFTER_WORDS``)."""
    fresh_words: int = 1
    """Words at the end of the source; what rests on them is not shown yet."""
    unseen_words: int = 2
    """The same, at most, of words at the end that were not in the revision before: those change most."""
    hidden_words: int = 2
    """Words at the end of the translation that are not shown yet, of a model that does not tell what they rest on."""


MARIAN_AFTER_WORDS = 3
"""``after_words`` of Firefox's models: 0.6 to 1.7 BLEU for 0.8 words of delay until a word is committed."""
CHARACTERS_A_WORD = 2
"""What counts for a word in text without spaces."""
HELD_WORDS = 1
"""Words at the end of a hypothesis that stay uncommitted while the sentence is open."""
HELD_TOKENS = 2
"""The same for target text without spaces."""


def agreed(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common prefix, in tokens."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def rests_within(rests_on: Sequence[int], limit: int) -> int:
    """How many leading target tokens rest on source that ends at or before ``limit`` (bytes)."""
    for count, end in enumerate(rests_on):
        if end > limit:
            return count
    return len(rests_on)


def support_limit(committed: str, tail: str, *, after: int, spaced: bool) -> int:
    """Up to where, in UTF-8 bytes, source text may support committed target text.

    A committed word counts only when ``after`` words, certain or not, are known to follow it: an adjective, a particle
    or a verb that is still to come changes the translation of words before.
    """
    committed = committed.strip()
    heard = len(tail.split()) if spaced else len("".join(tail.split())) // CHARACTERS_A_WORD
    return _without_last(committed, max(0, after - heard), spaced=spaced)


def _starts_word(tokens: Sequence[str], index: int, *, spaced: bool) -> bool:
    if spaced:
        return tokens[index].startswith("▁")
    # Characters that the vocabulary lacks come as runs of byte tokens; a cut inside would break the character.
    return not tokens[index].startswith("<0x")


def committable(hypothesis: Sequence[str], previous: Sequence[str], *, done: int, supported: int, spaced: bool) -> int:
    """How many tokens of ``hypothesis`` may be committed, at least ``done``.

    Args:
        hypothesis: target tokens, the first ``done`` of which are committed already.
        previous: the hypothesis before, of another revision of the same sentence.
        done: tokens that are committed already.
        supported: leading tokens that rest on committed source.
        spaced: whether the target language separates words by spaces.
    """
    starts = [i for i in range(len(hypothesis)) if _starts_word(hypothesis, i, spaced=spaced)]
    held = HELD_WORDS if spaced else HELD_TOKENS
    if len(starts) <= held:
        return done
    most = min(starts[-held], agreed(hypothesis, previous), supported)
    for start in reversed(starts):
        whole_before = start >= len(previous) or _starts_word(previous, start, spaced=spaced)
        if done < start <= most and whole_before:
            return start
    return done


def showable(
    tokens: Sequence[str],
    rests_on: Sequence[int] | None,
    piece: str,
    before: str,
    steadiness: Steadiness,
    *,
    source_spaced: bool,
    target_spaced: bool,
) -> int:
    """How many tokens of the translation of an open sentence may be shown.

    Args:
        piece: its source so far, cleaned.
        before: the same of the revision before.
    """
    starts = [i for i in range(len(tokens)) if _starts_word(tokens, i, spaced=target_spaced)]
    if rests_on is not None:
        unseen = _unseen_words(piece, before, spaced=source_spaced)
        held = max(steadiness.fresh_words, min(steadiness.unseen_words, unseen))
        most = rests_within(rests_on, _without_last(piece, held, spaced=source_spaced))
    else:
        most = starts[-steadiness.hidden_words] if len(starts) >= steadiness.hidden_words > 0 else 0
    return max((start for start in [*starts, len(tokens)] if start <= most), default=0)


def _unseen_words(piece: str, before: str, *, spaced: bool) -> int:
    if not spaced:
        return (len(piece) - agreed(piece, before)) // CHARACTERS_A_WORD
    words = piece.split()
    return len(words) - agreed(words, before.split())


def _without_last(piece: str, words: int, *, spaced: bool) -> int:
    """Where ``piece`` ends in UTF-8 bytes without its last words (characters, where spaces separate no words)."""
    if not words:
        return len(piece.encode())
    if not spaced:
        return len(piece[: -words * CHARACTERS_A_WORD].encode())
    parts = piece.rsplit(maxsplit=words)
    return len(parts[0].encode()) if len(parts) > words else 0
