"""Events gathered into segments: what every writer of finished captions needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from translate.events import Event, Transcript, Translation

__all__ = ["Caption", "Collector"]

_MOST_OPEN = 1000
"""More segments than may wait for a translation in a session (``Limits.events``), with a margin."""


@dataclass(slots=True)
class Caption:
    """One segment: its newest transcript and its newest translation into each language."""

    transcript: Transcript
    translations: dict[str, Translation] = field(default_factory=dict)

    def text(self, target: str | None) -> str:
        """The committed text in ``target``; ``None``: in the spoken language."""
        event = self.transcript if target is None else self.translations.get(target)
        return event.committed.strip() if event is not None else ""


class Collector:
    """Segments in the order in which they were spoken. Only open ones are kept.

    A segment is complete when it is final and each language has said its last of it. A language works through the
    segments in order, so the final of a later segment says that nothing more comes of the earlier ones.

    Args:
        targets: languages whose translation a segment waits for.
        most_open: a language without a route never says anything: with more segments open, the oldest goes without.
    """

    def __init__(self, targets: tuple[str, ...], most_open: int = _MOST_OPEN) -> None:
        self.targets = targets
        self.open: dict[int, Caption] = {}
        self._most_open = most_open
        self._newest_final = dict.fromkeys(targets, -1)

    def add(self, event: Event) -> Iterator[Caption]:
        """Take an event; yields the segments that are complete with it, in order, those without words left out."""
        if isinstance(event, Transcript):
            caption = self.open.setdefault(event.segment, Caption(event))
            caption.transcript = event
        elif isinstance(event, Translation):
            self._take(event)
        while self.open and (self._complete(first := min(self.open)) or len(self.open) > self._most_open):
            yield from self._leave(first)

    def rest(self) -> Iterator[Caption]:
        """At the end of the stream: what is left."""
        for number in sorted(self.open):
            yield from self._leave(number)

    def _take(self, event: Translation) -> None:
        if event.segment in self.open:
            self.open[event.segment].translations[event.lang] = event
        if event.final and event.lang in self._newest_final:
            self._newest_final[event.lang] = max(self._newest_final[event.lang], event.segment)

    def _complete(self, number: int) -> bool:
        return self.open[number].transcript.final and min(self._newest_final.values(), default=number) >= number

    def _leave(self, number: int) -> Iterator[Caption]:
        caption = self.open.pop(number)
        if caption.transcript.committed.strip():
            yield caption
