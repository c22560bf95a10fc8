"""Translation of a transcript that is still growing.

A segment is translated sentence by sentence. A sentence that the recognizer has committed to its end is translated once
with beam search and then stands; only the open sentence is decoded again with every revision, greedily, behind the
target words that are committed already. So the cost of an update is that of one sentence, however long the segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from translate.config import MtConfig
from translate.events import Transcript
from translate.languages import canonical, is_spaced
from translate.translation import policy
from translate.translation.engine import Hypothesis, Translator
from translate.translation.routes import Route
from translate.translation.sentences import clean, lengths_of, piece_end

__all__ = ["Draft", "IncrementalTranslator", "Mode", "SegmentTranslator"]

Mode = Literal["fast", "calm"]
"""``fast`` shows the tail, ``calm`` only what is committed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The translation of one revision; same promises as :class:`~translate.events.Translation`."""

    committed: str
    tail: str
    final: bool
    source_rev: int


class IncrementalTranslator:
    """Translates the segments of one session into one language; one call at a time.

    Args:
        route: from :func:`~translate.translation.routes.plan`; not of kind ``whisper``, which the recognizer serves.
        source: language spoken.
        target: language wanted.
        config: beam size of finished sentences.
        mode: whether the tail is shown.
    """

    def __init__(self, route: Route, source: str, target: str, config: MtConfig, mode: Mode = "fast") -> None:
        if route.kind == "whisper":
            raise ValueError("a route of kind 'whisper' is served by the recognizer, not by a translator")
        if (canonical(source), canonical(target)) != (route.source, route.target):
            raise ValueError(f"the route is from {route.source} to {route.target}, not from {source} to {target}")
        self.mode: Mode = mode
        """May be changed between calls."""
        self._route = route
        self._beam_size = config.beam_size
        self._segments: dict[int, list[SegmentTranslator]] = {}
        self._closed = -1

    def step(self, transcript: Transcript) -> Draft:
        """Translate a revision of a segment; blocks while models run.

        Revisions of a segment come in order (some may be left out) until the final one, after which its state is
        dropped. ``committed`` of the result always begins with that of the result before, and is empty as long as that
        of the transcript is.

        Raises:
            ValueError: the segment is closed, or its committed text does not begin with that of an earlier revision.
        """
        segment = transcript.segment
        if segment <= self._closed and segment not in self._segments:
            raise ValueError(f"segment {segment} is closed")
        hops = self._segments.get(segment)
        if hops is None:
            hops = self._segments[segment] = [
                SegmentTranslator(hop.engine, hop.source, hop.target, self._beam_size) for hop in self._route.hops
            ]
        committed, tail, final = transcript.committed, transcript.tail, transcript.final
        if final:
            committed, tail = committed + tail, ""
        for i, hop in enumerate(hops):
            # The tail of a hop is context for the next one, shown or not.
            wants_tail = self.mode == "fast" or i + 1 < len(hops)
            committed, tail = hop.step(committed, tail, final=final, wants_tail=wants_tail)
        if final:
            del self._segments[segment]
            self._closed = max(self._closed, segment)
        return Draft(committed, tail if self.mode == "fast" else "", final, transcript.rev)


class SegmentTranslator:
    """One segment through one engine. See :class:`IncrementalTranslator` for the promises."""

    def __init__(self, engine: Translator, source: str, target: str, beam_size: int) -> None:
        self._engine = engine
        self._source, self._target = source, target
        self._beam_size = beam_size
        self._lengths = lengths_of(source)
        self._source_spaced, self._target_spaced = is_spaced(source), is_spaced(target)
        self._seen = ""
        self._consumed = 0
        """Characters of the committed source whose translation stands."""
        self._fixed = ""
        """The translation of those."""
        self._sentence = 0
        self._tokens: tuple[str, ...] = ()
        """Committed tokens of the open sentence: kept, since text tokenised anew may come out differently."""
        self._text = ""
        """Their text."""
        self._previous: dict[int, tuple[str, ...]] = {}
        """Hypotheses of the last revision by number of the sentence in the segment."""
        self._cache: dict[str, Hypothesis] = {}
        """The greedy hypotheses of the last revision by source text: most revisions leave most of the text as it is."""

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
            minimum = max(0, len(self._seen) - self._consumed) if self._tokens else 0
            end = piece_end(rest, at_end=at_end, lengths=self._lengths, minimum=minimum)
            if end is None:
                if not final:
                    return
                end = len(rest)
            self._fix(rest[:end])
            self._consumed += end

    def _fix(self, piece: str) -> None:
        """Translate a finished piece for good."""
        found = self._engine.translate(
            clean(piece),
            source=self._source,
            target=self._target,
            prefix_tokens=self._tokens,
            beam_size=self._beam_size,
        )
        self._fixed = self._joined(self._fixed, self._continued(found))
        self._tokens, self._text = (), ""
        self._previous.pop(self._sentence, None)
        self._sentence += 1

    def _draft(self, rest: str, tail: str, *, wants_tail: bool) -> tuple[str, str]:
        """Translate the open sentence, and whatever sentences of the tail follow it."""
        drafts: list[str] = []
        previous: dict[int, tuple[str, ...]] = {}
        cache: dict[str, Hypothesis] = {}
        text, number = rest + tail, self._sentence
        # White space alone is nothing to translate; it must not split the open sentence from what follows.
        uncut = len(rest.rstrip()) if rest.strip() else 0
        while text.strip():
            end = piece_end(text, at_end=True, lengths=self._lengths, minimum=uncut) or len(text)
            is_open = uncut > 0
            if not is_open and not wants_tail:
                break
            piece = clean(text[:end])
            found = self._greedy(piece, self._tokens if is_open else (), cache)
            if is_open:
                self._commit(rest, text[len(rest) : end], found, self._previous.get(number, ()), cache)
                drafts.append(self._continued(found)[len(self._text) :])
            else:
                drafts.append(found.text)
            previous[number] = found.tokens
            text, number, uncut = text[end:], number + 1, 0
        self._previous, self._cache = previous, cache
        committed = self._joined(self._fixed, self._text)
        shown = committed
        for i, draft in enumerate(drafts):
            shown = shown + draft if i == 0 and self._text else self._joined(shown, draft)
        return committed, shown[len(committed) :]

    def _greedy(self, piece: str, prefix: tuple[str, ...], cache: dict[str, Hypothesis]) -> Hypothesis:
        found = self._cache.get(piece)
        if found is None or found.tokens[: len(prefix)] != prefix:
            found = self._engine.translate(
                piece, source=self._source, target=self._target, prefix_tokens=prefix, beam_size=1, align=True
            )
        cache[piece] = found
        return found

    def _commit(
        self, rest: str, tail: str, found: Hypothesis, previous: tuple[str, ...], cache: dict[str, Hypothesis]
    ) -> None:
        """Commit what two hypotheses agree on and the committed source supports."""
        done = len(self._tokens)

        def allowed(supported: int) -> int:
            return policy.committable(
                found.tokens, previous, done=done, supported=supported, spaced=self._target_spaced
            )

        count = allowed(len(found.tokens))
        if count == done:
            return
        committed = clean(rest)
        limit = policy.support_limit(committed, tail, spaced=self._source_spaced)
        if found.rests_on is not None:
            count = allowed(policy.rests_within(found.rests_on, limit))
        else:
            # No alignment: what the supporting source alone would say, too, rests on nothing else.
            alone = committed.encode()[:limit].decode()
            count = (
                allowed(policy.agreed(found.tokens, self._greedy(alone, self._tokens, cache).tokens)) if alone else 0
            )
        if count <= done:
            return
        text = self._engine.detokenize(found.tokens[:count])
        if text.startswith(self._text):
            self._tokens, self._text = found.tokens[:count], text

    def _continued(self, found: Hypothesis) -> str:
        """The text of the open sentence by ``found``, beginning with what is committed of it."""
        if found.text.startswith(self._text):
            return found.text
        return self._joined(self._text, self._engine.detokenize(found.tokens[len(self._tokens) :]))

    def _joined(self, before: str, after: str) -> str:
        space = " " if self._target_spaced and before and after else ""
        return before + space + after
