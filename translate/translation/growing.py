"""One sentence, translated while it grows.

Decoding goes on behind the words that are committed *and* behind those that are only shown, as long as the model could
have said them: a shown word is taken back only when the model finds it less likely than another in its place. That is
the biased re-translation of Arivazhagan et al. 2020 ("Re-translation strategies for long form, simultaneous, spoken
language translation") with a forced prefix in place of mixed probabilities: what is kept is not decoded again, so that
a steady tail is also a cheap one.
"""

from __future__ import annotations

from dataclasses import dataclass

from translate.translation import policy
from translate.translation.direction import Direction
from translate.translation.engine import Hypothesis
from translate.translation.policy import Steadiness
from translate.translation.sentences import clean, is_finished
from translate.translation.shield import Masked, Shield

__all__ = ["Carry", "GrowingSentence"]

_TRIES = 3
"""Decodings of a finished sentence: as it is, with stand-ins, with other stand-ins."""
_CUT_SHORT = 4
"""A translation that goes on with fewer words than a fraction of those said does not go on."""
_JOINTS = ",;: "
"""What a segment that goes on with a sentence should not begin with."""
_STOPS = frozenset(".。．")


@dataclass(frozen=True, slots=True)
class Carry:
    """A sentence that a segment left unfinished; the next segment goes on with it."""

    source: str
    tokens: tuple[str, ...]
    shield: Shield


class GrowingSentence:
    """The translation of one sentence, from its first words to its end.

    Args:
        carry: what was said of the sentence before; its translation stands and is no part of the texts given back.
    """

    def __init__(self, direction: Direction, steadiness: Steadiness, carry: Carry | None = None) -> None:
        self._direction = direction
        self._steady = steadiness
        self._lead = carry.source + " " if carry is not None else ""
        self._shield = carry.shield.copy() if carry is not None else Shield(direction.terms)
        self._carried = carry.tokens if carry is not None else ()
        self._tokens = self._carried
        """Committed tokens: kept, since text tokenised anew may come out differently."""
        self.committed = ""
        """Their text, without what was carried."""
        self._source: Masked | None = None
        self._found: Hypothesis | None = None
        """The last hypothesis, and the source that it is of."""
        self._visible = len(self._tokens)
        """How many of its tokens are shown."""
        self.carry: Carry | None = None
        """What the next segment goes on with, once finished."""

    @property
    def begun(self) -> bool:
        """Whether any of it is committed."""
        return len(self._tokens) > len(self._carried)

    def grow(self, rest: str, tail: str, *, ended: bool) -> str:
        """Translate a revision and return what is shown of it, beginning with ``committed``.

        Args:
            rest: committed source of the sentence; without any nothing is committed.
            tail: source that may change.
            ended: whether more is known to follow the sentence.
        """
        piece = clean(self._lead + rest + tail)
        before = self._found
        source = self._shield.mask(piece)
        if before is None or source != self._source:
            found, kept = self._decode(source)
            text = self._plain(found, len(found.tokens))
            if self._shield.review(piece, source, text, self._plain(found, len(self._tokens))):
                self._visible = len(self._tokens)
                source = self._shield.mask(piece)
                found, kept = self._decode(source)
            self._visible = max(kept, self._worth_showing(found, source, ended=ended))
            self._source, self._found = source, found
        else:
            found = before
            self._visible = len(found.tokens)  # nothing new was heard: the newest word will hardly change any more
        if rest.strip() and before is not None:
            self._commit(source.limit(self._support(rest, tail)), found, before.tokens)
        self._visible = max(self._visible, len(self._tokens))
        return self._text(found, self._visible)

    def finish(self, piece: str) -> str:
        """The translation of the whole sentence; begins with what is committed of it."""
        found, text = self._best(clean(self._lead + piece))
        if self._lead and not self.begun and self._is_cut_short(piece, text):
            self._drop_lead()
            found, text = self._best(clean(piece))
        if not is_finished(piece):
            tokens = found.tokens
            if len(tokens) > len(self._tokens) and tokens[-1].strip("▁") in _STOPS:
                tokens = tokens[:-1]  # the model's own idea; the sentence goes on
                text = self._text(found, len(tokens))
            self.carry = Carry(clean(self._lead + piece), tokens, self._shield)
        return text

    def _best(self, piece: str) -> tuple[Hypothesis, str]:
        """The best hypothesis of a finished sentence, and its text: that with the fewest terms and numbers lost."""
        tried: list[tuple[int, int, Hypothesis, str]] = []
        for attempt in range(_TRIES):
            source = self._shield.mask(piece)
            found = self._direction.best(source.text, self._tokens)
            text = self._text(found, len(found.tokens))
            tried.append((self._shield.faults(piece, self._whole(found)), attempt, found, text))
            settled = self._plain(found, len(self._tokens))
            if not self._shield.review(piece, source, self._plain(found, len(found.tokens)), settled):
                break
        return min(tried)[2:]

    def _is_cut_short(self, piece: str, text: str) -> bool:
        if not self._direction.source_spaced or not self._direction.target_spaced:
            return len(text) * _CUT_SHORT < len(piece.strip()) // 2
        return len(text.split()) * _CUT_SHORT < len(piece.split())

    def _drop_lead(self) -> None:
        self._lead, self._carried, self._tokens = "", (), ()
        self._shield = Shield(self._direction.terms)

    def _decode(self, source: Masked) -> tuple[Hypothesis, int]:
        """A hypothesis, and how many of the shown tokens it keeps."""
        shown = self._found.tokens[: self._visible] if self._found is not None else self._tokens
        found = self._direction.draft(source.text, shown)
        kept = self._likely(found, len(shown), self._steady.keep_gap)
        if kept < len(shown):
            found = self._direction.draft(source.text, shown[:kept])
        return found, min(kept, len(found.tokens))

    def _likely(self, found: Hypothesis, count: int, gap: float) -> int:
        """How many of the first ``count`` tokens the model could have said; committed ones count always."""
        done = len(self._tokens)
        if found.gaps is None:
            return done
        within = min(count, len(found.gaps))
        return max(done, next((i for i in range(done, within) if found.gaps[i] > gap), count))

    def _worth_showing(self, found: Hypothesis, source: Masked, *, ended: bool) -> int:
        if ended:
            return len(found.tokens)
        return policy.showable(
            found.tokens,
            found.rests_on,
            source.text,
            self._source.text if self._source is not None else "",
            self._steady,
            source_spaced=self._direction.source_spaced,
            target_spaced=self._direction.target_spaced,
        )

    def _support(self, rest: str, tail: str) -> int:
        committed = clean(self._lead + rest)
        spaced = self._direction.source_spaced
        return policy.support_limit(committed, tail, after=self._steady.after_words, spaced=spaced)

    def _commit(self, limit: int, found: Hypothesis, previous: tuple[str, ...]) -> None:
        """Commit what two hypotheses agree on, the model would say again, and the committed source supports."""
        done = len(self._tokens)

        def allowed(supported: int) -> int:
            return policy.committable(
                found.tokens, previous, done=done, supported=supported, spaced=self._direction.target_spaced
            )

        count = len(found.tokens)
        if found.gaps is not None:
            count = self._likely(found, count, self._steady.commit_gap)
        if allowed(count) == done:
            return
        if found.rests_on is not None:
            count = min(count, policy.rests_within(found.rests_on, limit))
        else:
            # No alignment: what the supporting source alone would say, too, rests on nothing else.
            assert self._source is not None
            alone = self._source.text.encode()[:limit].decode()
            count = min(
                count, policy.agreed(found.tokens, self._direction.draft(alone, self._tokens).tokens if alone else ())
            )
        count = allowed(count)
        if count <= done:
            return
        text = self._text(found, count)
        if text.startswith(self.committed):
            self._tokens, self.committed = found.tokens[:count], text

    def _plain(self, found: Hypothesis, count: int) -> str:
        """The text of tokens as the model has it."""
        return self._direction.engine.detokenize(found.tokens[:count])

    def _whole(self, found: Hypothesis) -> str:
        """The text of all tokens, those carried too."""
        return self._shield.restore(self._plain(found, len(found.tokens)))

    def _text(self, found: Hypothesis, count: int) -> str:
        """The text of the first ``count`` tokens without those carried, beginning with what is committed."""
        text = self._shield.restore(self._direction.engine.detokenize(found.tokens[len(self._carried) : count]))
        if self._carried:
            text = text.lstrip(_JOINTS)
        if text.startswith(self.committed):
            return text
        after = self._shield.restore(self._direction.engine.detokenize(found.tokens[len(self._tokens) : count]))
        return self._direction.joined(self.committed, after)
