"""Translation of a transcript that is still growing.

A segment is translated sentence by sentence. A sentence that the recognizer has committed to its end is translated once
with beam search and then stands; only the open sentence is decoded again with every revision, greedily, behind the
target words that stand already. How it works and what was measured: docs/TRANSLATION.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from translate.config import MtConfig
from translate.events import Transcript
from translate.languages import canonical
from translate.modes import FAST, Mode
from translate.translation.direction import Direction
from translate.translation.glossary import Glossary
from translate.translation.growing import Carry
from translate.translation.policy import Steadiness
from translate.translation.routes import Route
from translate.translation.segment import SegmentTranslator

__all__ = ["Draft", "IncrementalTranslator", "translate_text"]

LONGEST_PAUSE_MS = 4000
"""After a longer pause a new sentence begins, whatever the text looks like."""

_MOST_OPEN = 8
"""Segments worked on at once. One whose language is found to be another is finished elsewhere, and never here."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The translation of one revision; same promises as :class:`~translate.events.Translation`."""

    committed: str
    tail: str
    final: bool
    source_rev: int


class IncrementalTranslator:
    """Translates the segments of one session into one language; one call at a time.

    A sentence that a segment leaves unfinished (the speaker paused) goes on in the next: what follows is translated
    with the beginning as context, behind its translation, and only the rest is given as that of the next segment.

    Args:
        route: from :func:`~translate.translation.routes.plan`; not of kind ``whisper``, which the recognizer serves.
        source: language spoken.
        target: language wanted.
        config: beam size of finished sentences.
        mode: whether the tail is shown.
        glossary: names and terms that come out as written.
    """

    def __init__(
        self,
        route: Route,
        source: str,
        target: str,
        config: MtConfig,
        mode: Mode = FAST,
        glossary: Glossary | None = None,
    ) -> None:
        if route.kind == "whisper":
            raise ValueError("a route of kind 'whisper' is served by the recognizer, not by a translator")
        if (canonical(source), canonical(target)) != (route.source, route.target):
            raise ValueError(f"the route is from {route.source} to {route.target}, not from {source} to {target}")
        self.mode: Mode = mode
        """May be changed between calls."""
        self._directions = directions(route, config.beam_size, glossary)
        # What the hop before holds back is late enough.
        later = Steadiness(fresh_words=0, unseen_words=0)
        first = (Steadiness(after_words=hop.engine.after_words) for hop in route.hops[:1])
        self._steadiness = [*first, *(later for _ in route.hops[1:])]
        self._segments: dict[int, list[SegmentTranslator]] = {}
        self._closed = -1
        self._unfinished = _Unfinished(-2, 0, ())

    def warm_up(self) -> None:
        """Have every model on the way loaded and its memory allocated; blocks."""
        for direction in self._directions:
            direction.draft("1", ())

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
            hops = self._segments[segment] = self._opened(transcript)
            if len(self._segments) > _MOST_OPEN:
                del self._segments[min(self._segments)]
        committed, tail, final = transcript.committed, transcript.tail, transcript.final
        if final:
            committed, tail = committed + tail, ""
        for i, hop in enumerate(hops):
            # The tail of a hop is context for the next one, shown or not.
            wants_tail = self.mode == FAST or i + 1 < len(hops)
            committed, tail = hop.step(committed, tail, final=final, wants_tail=wants_tail)
        if final:
            del self._segments[segment]
            self._closed = max(self._closed, segment)
            self._unfinished = _Unfinished(segment, transcript.end_ms, tuple(hop.carry for hop in hops))
        return Draft(committed, tail if self.mode == FAST else "", final, transcript.rev)

    def _opened(self, transcript: Transcript) -> list[SegmentTranslator]:
        before = self._unfinished
        goes_on = before.segment == transcript.segment - 1 and transcript.start_ms - before.end_ms <= LONGEST_PAUSE_MS
        carries = before.carries if goes_on else (None,) * len(self._directions)
        return [
            SegmentTranslator(direction, steadiness, carry)
            for direction, steadiness, carry in zip(self._directions, self._steadiness, carries, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """What the segment that was closed last left to go on with, for each hop."""

    segment: int
    end_ms: int
    carries: tuple[Carry | None, ...]


def directions(route: Route, beam_size: int, glossary: Glossary | None = None) -> list[Direction]:
    """The hops of ``route`` with what each has to keep as written."""
    glossary = glossary or Glossary()
    return [
        Direction(hop.engine, hop.source, hop.target, beam_size, glossary.terms(hop.source, hop.target))
        for hop in route.hops
    ]


def translate_text(route: Route, text: str, beam_size: int, glossary: Glossary | None = None) -> str:
    """The translation of a text that is there as a whole, sentence by sentence; blocks while models run."""
    for direction in directions(route, beam_size, glossary):
        text, _ = SegmentTranslator(direction).step(text, "", final=True)
    return text
