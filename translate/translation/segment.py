"""One segment of a transcript through one engine, sentence by sentence."""

from __future__ import annotations

from translate.translation.direction import Direction
from translate.translation.growing import Carry, GrowingSentence
from translate.translation.policy import Steadiness
from translate.translation.sentences import lengths_of, piece_end

__all__ = ["SegmentTranslator"]


class SegmentTranslator:
    """A sentence that is committed to its end is translated once for good; the open ones grow.

    So the cost of an update is that of one sentence, however long the segment.

    Args:
        carry: a sentence that the segment before left unfinished, with which this one goes on.
    """

    def __init__(self, direction: Direction, steadiness: Steadiness | None = None, carry: Carry | None = None) -> None:
        self._direction = direction
        self._steadiness = steadiness or Steadiness()
        self._lengths = lengths_of(direction.source)
        self._seen = ""
        self._consumed = 0
        """Characters of the committed source whose translation stands."""
        self._fixed = ""
        """The translation of those."""
        self._open = [GrowingSentence(direction, self._steadiness, carry)]
        """The open sentence, and those of the tail that follow it."""
        self.carry: Carry | None = None
        """What the next segment can go on with, once this one is final."""

    def step(self, committed: str, tail: str, *, final: bool, wants_tail: bool = True) -> tuple[str, str]:
        """Committed and uncommitted translation of a revision.

        Args:
            committed: source text that stays as it is; begins with that of the step before.
            tail: source text that may change.
            final: nothing follows; ``tail`` has to be empty.
            wants_tail: whether to translate what has no part in what can be committed.

        Raises:
            ValueError: ``committed`` does not begin with that of the step before.
        """
        if not committed.startswith(self._seen):
            raise ValueError("committed source text was changed after it was committed")
        self._fix_finished(committed, tail, final=final)
        self._seen = committed
        if final:
            return self._fixed, ""
        return self._draft(committed[self._consumed :], tail, wants_tail=wants_tail)

    def _fix_finished(self, committed: str, tail: str, *, final: bool) -> None:
        at_end = final or not tail or tail[0].isspace()
        while (rest := committed[self._consumed :]).strip():
            # Committed target words rest on source words seen before, so these must go into the same piece.
            minimum = max(0, len(self._seen) - self._consumed) if self._open[0].begun else 0
            end = piece_end(rest, at_end=at_end, lengths=self._lengths, minimum=minimum)
            if end is None:
                if not final:
                    return
                end = len(rest)
            # Nothing changes before the engine has answered: a step that fails can be made again.
            finished = self._open[0]
            text = finished.finish(rest[:end])
            del self._open[0]
            self._fixed = self._direction.joined(self._fixed, text)
            self._consumed += end
            carry = finished.carry
            self.carry = carry if carry is not None and len(carry.source) <= self._lengths.soft else None
            if not self._open:
                self._open.append(GrowingSentence(self._direction, self._steadiness))

    def _draft(self, rest: str, tail: str, *, wants_tail: bool) -> tuple[str, str]:
        """Translate the open sentence, and whatever sentences of the tail follow it."""
        shown, text, number = self._fixed, rest + tail, 0
        # White space alone is nothing to translate; it must not split the open sentence from what follows.
        uncut = len(rest.rstrip()) if rest.strip() else 0
        while text.strip() and (uncut > 0 or wants_tail):
            end = piece_end(text, at_end=True, lengths=self._lengths, minimum=uncut) or len(text)
            if number == len(self._open):
                self._open.append(GrowingSentence(self._direction, self._steadiness))
            certain = rest if uncut else ""
            draft = self._open[number].grow(certain, text[len(certain) : end], ended=bool(text[end:].strip()))
            shown = self._direction.joined(shown, draft)
            text, number, uncut = text[end:], number + 1, 0
        del self._open[max(1, number) :]
        committed = self._direction.joined(self._fixed, self._open[0].committed)
        return committed, shown[len(committed) :]
