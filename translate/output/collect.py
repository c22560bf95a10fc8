"""Events gathered into segments: what every writer of finished captions needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from translate.events import Event, Transcript, Translation

__all__ = ["Caption", "Collector"]


@dataclass(slots=True)
class Caption:
    """One segment: its newest transcript and its newest translation into each language."""

    transcript: Transcript
    translations: dict[str, Translation] = field(default_factory=dict)

    def complete(self, targets: tuple[str, ...]) -> bool:
        """Whether nothing of the segment can change any more."""
        done = [code for code in targets if (t := self.translations.get(code)) is not None and t.final]
        return self.transcript.final and len(done) == len(targets)

    def text(self, target: str | None) -> str:
        """The committed text in ``target``; ``None``: in the spoken language."""
        event = self.transcript if target is None else self.translations.get(target)
        return event.committed.strip() if event is not None else ""


class Collector:
    """Segments in the order in which they were spoken. Only open ones are kept.

    Args:
        targets: languages whose translation a segment waits for.
    """

    def __init__(self, targets: tuple[str, ...]) -> None:
        self.targets = targets
        self.open: dict[int, Caption] = {}

    def add(self, event: Event) -> Iterator[Caption]:
        """Take an event; yields the segments that are complete with it, in order, those without words left out."""
        if isinstance(event, Transcript):
            caption = self.open.setdefault(event.segment, Caption(event))
            caption.transcript = event
        elif isinstance(event, Translation) and event.segment in self.open:
            self.open[event.segment].translations[event.lang] = event
        while self.open and (first := self.open[min(self.open)]).complete(self.targets):
            yield from self._leave(first)

    def rest(self) -> Iterator[Caption]:
        """At the end of the stream: what is left (a language without a route never completes a segment)."""
        for number in sorted(self.open):
            yield from self._leave(self.open[number])

    def _leave(self, caption: Caption) -> Iterator[Caption]:
        del self.open[caption.transcript.segment]
        if caption.transcript.committed.strip():
            yield caption
