"""The talk in each language: what was said in it, and what was translated into it. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from translate.events import Event, Transcript, Translation
from translate.output.collect import Caption

__all__ = ["Entry", "PerLanguage"]

_MOST_KEPT = 2000
"""Finished segments that a translation may still come for."""

Entry = tuple[str, Caption]
"""A language, and a caption that has text in it."""


class PerLanguage:
    """Events in, finished captions of each language out, each once, as soon as they are final.

    A language's captions come in the order in which they became final, which is the order in which they were spoken
    for all that one translator does.
    """

    def __init__(self) -> None:
        self._spoken: OrderedDict[int, Transcript] = OrderedDict()
        """Newest transcript of each segment, final or not."""
        self._open: dict[tuple[int, str], Translation] = {}
        """Translations that are not out: not final, or of a segment that is not."""

    def add(self, event: Event) -> Iterator[Entry]:
        """What is finished with ``event``."""
        if isinstance(event, Transcript):
            yield from self._said(event)
        elif isinstance(event, Translation):
            self._open[event.segment, event.lang] = event
            yield from self._translated(event)

    def rest(self) -> Iterator[Entry]:
        """When no more will come: what was committed of what is not final."""
        for segment, spoken in sorted(self._spoken.items()):
            if not spoken.final:
                yield from _entry(spoken.lang, Caption(spoken))
            for (number, lang), translation in sorted(self._open.items()):
                if number == segment:
                    yield from _entry(lang, Caption(spoken, {lang: translation}))
        self._spoken.clear()
        self._open.clear()

    def _said(self, event: Transcript) -> Iterator[Entry]:
        self._spoken[event.segment] = event
        if not event.final:
            return
        yield from _entry(event.lang, Caption(event))
        for segment, lang in list(self._open):
            if segment == event.segment:
                yield from self._translated(self._open[segment, lang])
        while len(self._spoken) > _MOST_KEPT:
            gone, _ = self._spoken.popitem(last=False)
            for name in [name for name in self._open if name[0] == gone]:
                del self._open[name]

    def _translated(self, event: Translation) -> Iterator[Entry]:
        spoken = self._spoken.get(event.segment)
        if not event.final or spoken is None or not spoken.final:
            return
        del self._open[event.segment, event.lang]
        if event.lang != spoken.lang:  # else it is what was said, which is there already
            yield from _entry(event.lang, Caption(spoken, {event.lang: event}))


def _entry(lang: str, caption: Caption) -> Iterator[Entry]:
    if caption.text(lang if lang in caption.translations else None):
        yield lang, caption
