"""When translated words may be committed. Pure functions of tokens; no model, no clock.

A target token is committed when all of this holds:

* it is part of the longest common prefix of two successive hypotheses (local agreement, Liu et al. 2020, "Low-latency
  sequence-to-sequence speech recognition and translation by partial hypothesis selection"),
* it and every token before it rest on committed source words, as the cross-attention tells (AlignAtt, Papi et al.
  2023),
* it is part of a whole word, and not of the last one, which the rest of the sentence would most likely change.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["agreed", "committable", "rests_within", "support_limit"]

HELD_WORDS = 1
"""Words at the end of a hypothesis that stay uncommitted while the sentence is open."""
HELD_CHARACTERS = 2
"""The same for source text without spaces."""
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


def support_limit(committed: str, tail: str, *, spaced: bool) -> int:
    """Up to where, in UTF-8 bytes, source text may support committed target text.

    The last committed word counts only when at least one word, certain or not, is known to follow it: an adjective or
    a particle that is still to come changes the translation of the word before.
    """
    committed = committed.strip()
    if tail.strip() or not committed:
        return len(committed.encode())
    if spaced:
        words = committed.rsplit(maxsplit=HELD_WORDS)
        return len(words[0].encode()) if len(words) > HELD_WORDS else 0
    return len(committed[:-HELD_CHARACTERS].encode())


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
