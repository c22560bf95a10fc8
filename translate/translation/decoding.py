"""What every decoder takes and gives, whichever library runs its model: tokens in, tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from translate.translation.tokenizer import Encoded

__all__ = ["REPEATED_TOKENS", "REPETITION_PENALTY", "Decoded", "Decoder", "rests_on"]

REPEATED_TOKENS = 3
"""Where repeats are forbidden, no so many tokens in a row come twice."""
REPETITION_PENALTY = 1.2
"""By how much less likely a token is there that was said before (Keskar et al. 2019, "CTRL: A Conditional Transformer
Language Model for Controllable Generation")."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The translation of one input."""

    tokens: tuple[str, ...]
    score: float
    """Mean log probability of a token."""
    rests_on: tuple[int, ...] | None = None
    """See :class:`~translate.translation.engine.Hypothesis`."""
    gaps: tuple[float, ...] | None = None
    """See :class:`~translate.translation.engine.Hypothesis`."""
    ended: bool = True
    """Whether the model came to an end by itself."""


class Decoder(Protocol):
    """One loaded model. Calls from many threads at once are safe."""

    def decode(
        self,
        batch: Sequence[Encoded],
        prefixes: Sequence[Sequence[str]],
        *,
        target: str,
        beam_size: int,
        longest: int,
        align: bool = False,
        forbid_repeats: bool = False,
    ) -> list[Decoded]:
        """Translate several inputs at once.

        Args:
            batch: at least one input, none of them empty.
            prefixes: for each input, the tokens that its translation has to begin with.
            target: the language wanted (canonical code).
            beam_size: 1 for greedy search.
            longest: most tokens of a translation, prefix included.
            align: tell what each token rests on and, of a greedy search, the gaps.
            forbid_repeats: as :data:`REPEATED_TOKENS` and :data:`REPETITION_PENALTY` say.
        """


def rests_on(attention: np.ndarray[Any, np.dtype[np.float32]], part: Encoded) -> tuple[int, ...] | None:
    """For each target token the end of the source token that it attends to most; ``attention``: (target, source).

    ``None`` if the attention is no alignment: one that aligns visits most of the source or gives most target tokens a
    place of their own; a head that only looks at the end of the sentence does neither.
    """
    text = attention[:, part.lead : part.lead + len(part.ends)]
    places = text.argmax(axis=1)
    if len(set(places.tolist())) * 2 < min(text.shape):
        return None
    ends = [part.ends[place] for place in places]
    # Where a token looks at </s> or a language token, it rests on nothing new.
    for i, weights in enumerate(text):
        if weights.sum() < 0.1:
            ends[i] = ends[i - 1] if i else 0
    return tuple(ends)
