"""Writers for standard output: plain text, subtitles, one JSON document, or the wire events as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from translate.events import EndOfStream, Event, Lag, Notice, Transcript, Translation
from translate.latency import SessionClock, ms_of
from translate.output.collect import Caption, Collector
from translate.output.subtitles import cues_of, srt, starts_ms, vtt, vtt_header
from translate.protocol import encode

__all__ = ["FORMATS", "Writer", "make_writer", "one_line"]

Write = Callable[[str], None]
"""Takes one piece of output, without the newline at its end."""


class Writer(Protocol):
    """Takes the events of one session."""

    def add(self, event: Event) -> None: ...

    def close(self) -> None: ...


class _CaptionWriter:
    """Base of the writers that wait until a segment is complete."""

    def __init__(self, write: Write, targets: tuple[str, ...]) -> None:
        self._write = write
        self._collector = Collector(targets)
        self._targets = targets

    def add(self, event: Event) -> None:
        for caption in self._collector.add(event):
            self.caption(caption)

    def close(self) -> None:
        for caption in self._collector.rest():
            self.caption(caption)

    def caption(self, caption: Caption) -> None:
        raise NotImplementedError


class _TextWriter(_CaptionWriter):
    """A line for each segment; with translations, each line says its language."""

    def caption(self, caption: Caption) -> None:
        if not self._targets:
            self._write(caption.text(None))
            return
        self._write(f"[{caption.transcript.lang}] {caption.text(None)}")
        for target in self._targets:
            if text := caption.text(target):
                self._write(f"[{target}] {text}")


class _SubtitleWriter(_CaptionWriter):
    """Cues of the translations, or of the spoken language when there are none, in the order of their times.

    A segment is written when the next one is there, since only then is it known how long it may stay on the screen.
    """

    def __init__(self, write: Write, targets: tuple[str, ...], *, web: bool) -> None:
        super().__init__(write, targets)
        self._web = web
        self._number = 0
        self._ended_ms = 0
        self._held: Caption | None = None
        if web:
            write(vtt_header())

    def caption(self, caption: Caption) -> None:
        self._release(until_ms=starts_ms(caption))
        self._held = caption

    def close(self) -> None:
        super().close()
        self._release(until_ms=None)

    def _release(self, until_ms: int | None) -> None:
        caption, self._held = self._held, None
        if caption is None:
            return
        languages = self._targets or (None,)
        cues = [cue for each in languages for cue in cues_of(caption, each, after_ms=self._ended_ms, until_ms=until_ms)]
        for cue in sorted(cues, key=lambda cue: cue.start_ms):
            self._number += 1
            self._write(vtt(cue) if self._web else srt(self._number, cue))
        self._ended_ms = max((cue.end_ms for cue in cues), default=self._ended_ms)


class _JsonWriter(_CaptionWriter):
    """One document with every segment, written at the end."""

    def __init__(self, write: Write, targets: tuple[str, ...]) -> None:
        super().__init__(write, targets)
        self._segments: list[dict[str, Any]] = []
        self._length_ms = 0

    def add(self, event: Event) -> None:
        super().add(event)
        if isinstance(event, EndOfStream):
            self._length_ms = round(ms_of(event.position))

    def caption(self, caption: Caption) -> None:
        transcript = caption.transcript
        self._segments.append(
            {
                "segment": transcript.segment,
                "lang": transcript.lang,
                "start_ms": transcript.start_ms,
                "end_ms": transcript.end_ms,
                "text": caption.text(None),
                "words": [
                    {"text": w.text, "start_ms": w.start_ms, "end_ms": w.end_ms, "probability": w.probability}
                    for w in transcript.words
                ],
                "translations": {target: caption.text(target) for target in self._targets},
            }
        )

    def close(self) -> None:
        super().close()
        document = {"targets": list(self._targets), "length_ms": self._length_ms, "segments": self._segments}
        self._write(json.dumps(document, ensure_ascii=False, indent=1))


class _EventWriter:
    """What a listener would get on the wire, a message a line (docs/PROTOCOL.md)."""

    def __init__(self, write: Write, clock: SessionClock) -> None:
        self._write = write
        self._clock = clock
        self._seq = 0

    def add(self, event: Event) -> None:
        self._seq += 1
        now_ms = self._clock.now_ms()
        if isinstance(event, (Transcript, Translation)):
            event = replace(event, marks=replace(event.marks, sent=now_ms))
        self._write(encode(event, seq=self._seq, t_ms=now_ms))

    def close(self) -> None:
        """Nothing is held back."""


FORMATS = ("text", "srt", "vtt", "json", "events")


def make_writer(name: str, write: Write, targets: tuple[str, ...], clock: SessionClock) -> Writer:
    """The writer of one of :data:`FORMATS`."""
    if name == "events":
        return _EventWriter(write, clock)
    if name in ("srt", "vtt"):
        return _SubtitleWriter(write, targets, web=name == "vtt")
    return _JsonWriter(write, targets) if name == "json" else _TextWriter(write, targets)


def one_line(event: Notice | Lag) -> str:
    """A notice or a lag for a person to read."""
    if isinstance(event, Notice):
        return event.message
    where = f"{event.stage} ({event.lang})" if event.lang else event.stage
    return f"{where} is {event.behind_ms / 1000:.1f} s behind" if event.behind_ms else f"{where} has caught up"
