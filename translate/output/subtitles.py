"""SubRip (.srt) and WebVTT (.vtt) cues from captions, short enough to read. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from translate.events import Word
from translate.output.collect import Caption

__all__ = ["Cue", "cues_of", "srt", "vtt", "vtt_header"]

_LINE_CHARACTERS = 42
_LINES = 2
_SHORTEST_MS = 700


@dataclass(frozen=True, slots=True)
class Cue:
    """Text on the screen from ``start_ms`` to ``end_ms``; lines are separated by newlines."""

    start_ms: int
    end_ms: int
    text: str


def cues_of(caption: Caption, target: str | None) -> Iterator[Cue]:
    """The cues of one segment, each of at most two lines of 42 characters.

    The spoken language is timed by its words; a translation, which has none, in proportion to its length.
    """
    if target is None:
        yield from _timed_by_words(caption.transcript.words)
        return
    transcript = caption.transcript
    start_ms = transcript.words[0].start_ms if transcript.words else transcript.start_ms
    end_ms = max(transcript.words[-1].end_ms if transcript.words else transcript.end_ms, start_ms + _SHORTEST_MS)
    text = caption.text(target)
    pieces = _wrapped(text)
    at = 0
    for piece in pieces:
        upto = at + len(piece)
        total = sum(map(len, pieces))
        span_ms = end_ms - start_ms
        yield Cue(start_ms + span_ms * at // total, start_ms + span_ms * upto // total, piece)
        at = upto


def _timed_by_words(words: Sequence[Word]) -> Iterator[Cue]:
    pending: list[Word] = []
    for word in words:
        if pending and len(_wrapped("".join(w.text for w in [*pending, word]).strip())) > 1:
            yield _cue(pending)
            pending = []
        pending.append(word)
    if pending:
        yield _cue(pending)


def _cue(words: Sequence[Word]) -> Cue:
    start_ms = words[0].start_ms
    text = "".join(word.text for word in words).strip()
    return Cue(start_ms, max(words[-1].end_ms, start_ms + _SHORTEST_MS), _wrapped(text)[0])


def _wrapped(text: str) -> list[str]:
    lines = textwrap.wrap(text, _LINE_CHARACTERS) or [""]
    return ["\n".join(lines[i : i + _LINES]) for i in range(0, len(lines), _LINES)]


def srt(number: int, cue: Cue) -> str:
    """One numbered SubRip cue, with the blank line after it."""
    return f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{cue.text}\n"


def vtt(cue: Cue) -> str:
    """One WebVTT cue, with the blank line after it; what would be markup is escaped."""
    text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n{text}\n"


def vtt_header() -> str:
    """What a WebVTT file begins with."""
    return "WEBVTT\n"


def _clock(ms: int, point: str) -> str:
    hours, ms = divmod(ms, 3_600_000)
    minutes, ms = divmod(ms, 60_000)
    seconds, ms = divmod(ms, 1000)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"
