"""Greedy and beam search of one translation: which hypotheses are kept. No model: logits in, hypotheses out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from translate.translation.decoding import REPEATED_TOKENS, REPETITION_PENALTY
from translate.translation.marian.items import Matrix
from translate.translation.marian.output import Candidates, to_log_probabilities

__all__ = ["Found", "Search"]


@dataclass(slots=True)
class Found:
    """One hypothesis."""

    ids: list[int]
    score: float = 0.0
    """Log probability of its tokens, the end among them."""
    looks: list[Matrix] = field(default_factory=list)
    """For each token where the aligning head looks: (S,)."""
    ended: bool = False

    @property
    def mean(self) -> float:
        """Log probability of a token."""
        return self.score / max(1, len(self.ids) + self.ended)


class Search:
    """The hypotheses of one translation, best first.

    Args:
        candidates: what may be said.
        start: what every hypothesis begins with.
        beam_size: how many are kept; 1: greedy search.
        longest: most tokens, prefix included.
        end: the token id that ends a translation.
        forbid_repeats: see :meth:`~translate.translation.decoding.Decoder.decode`.
    """

    def __init__(
        self,
        candidates: Candidates,
        start: Found,
        beam_size: int,
        longest: int,
        end: int,
        *,
        forbid_repeats: bool = False,
    ) -> None:
        self.live = [start]
        """What goes on, best first; all of one length."""
        self._candidates = candidates
        self._beam_size = beam_size
        self._longest = longest
        self._end = end
        self._forbid_repeats = forbid_repeats
        self._done: list[Found] = []

    @property
    def over(self) -> bool:
        """Whether it is not worth while to go on: as many have ended as are kept, or one that has ended is likelier by
        its mean than all that go on.

        One that goes on could still overtake it, since likely tokens raise a mean; that happens to one sentence in
        twenty, and is no better then."""
        if not self.live or len(self._done) >= self._beam_size or len(self.live[0].ids) >= self._longest:
            return True
        return bool(self._done) and max(found.mean for found in self._done) >= max(found.mean for found in self.live)

    @property
    def best(self) -> Found:
        """The most likely hypothesis by the mean of its tokens; one that has ended before any that has not."""
        return max(self._done or self.live, key=lambda found: found.mean)

    def step(self, said: Matrix, looks: Matrix) -> list[int]:
        """Go on by one token.

        Args:
            said: what the network says behind each live hypothesis, (R, d).
            looks: where it looks, (R, S).

        Returns:
            For each hypothesis that lives on, the row that it goes on from.
        """
        logits = self._candidates.logits(said)
        if self._forbid_repeats:
            to_log_probabilities(logits)
            for row, found in zip(logits, self.live, strict=True):
                self._discourage(row, found.ids)
        return self._greedy(logits, looks) if self._beam_size == 1 else self._widest(logits, looks)

    def _greedy(self, logits: Matrix, looks: Matrix) -> list[int]:
        row, found = logits[0], self.live[0]
        column = int(row.argmax())
        row -= row[column]
        found.score -= float(np.log(np.add.reduce(np.exp(row))))
        if self._append(found, int(self._candidates.ids[column]), looks[0]):
            return [0]
        self.live = []
        return []

    def _widest(self, logits: Matrix, looks: Matrix) -> list[int]:
        to_log_probabilities(logits)
        logits += np.array([found.score for found in self.live], np.float32)[:, None]
        flat = logits.reshape(-1)
        # Among twice as many the end of a hypothesis cannot crowd out all that go on.
        count = min(2 * self._beam_size, flat.size)
        best = np.argpartition(flat, flat.size - count)[-count:]
        best = best[np.argsort(-flat[best], kind="stable")]
        live: list[Found] = []
        parents: list[int] = []
        for rank, place in enumerate(best.tolist()):
            parent, column = divmod(place, logits.shape[1])
            token = int(self._candidates.ids[column])
            if token == self._end and rank >= self._beam_size:
                continue
            before = self.live[parent]
            found = Found(list(before.ids), float(flat[place]), list(before.looks))
            if self._append(found, token, looks[parent]):
                live.append(found)
                parents.append(parent)
                if len(live) == self._beam_size:
                    break
        self.live = live
        return parents

    def _append(self, found: Found, token: int, look: Matrix) -> bool:
        """Add a token to a hypothesis; whether it goes on."""
        if token != self._end:
            found.ids.append(token)
            found.looks.append(look)
            return True
        found.ended = True
        self._done.append(found)
        return False

    def _discourage(self, row: Matrix, ids: Sequence[int]) -> None:
        """Forbid tokens in a row that were there before, and make what was said less likely (``row``: log
        probabilities)."""
        if not ids:
            return
        row[self._candidates.columns(set(ids))] *= REPETITION_PENALTY
        before = REPEATED_TOKENS - 1
        tail = ids[len(ids) - before :]
        again = {ids[i + before] for i in range(len(ids) - before) if ids[i : i + before] == tail}
        if again:
            row[self._candidates.columns(again)] = -np.inf
