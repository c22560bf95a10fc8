"""SubRip (.srt) and WebVTT (.vtt) cues from captions, short enough to read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from translate.output.collect import Caption
from translate.output.linebreak import Piece, pieces

__all__ = ["Cue", "cues_of", "srt", "starts_ms", "vtt", "vtt_header"]

_LINE_CELLS = 42
"""Columns of a line; a Chinese or Japanese character takes two."""
_LINES = 2
_SHORTEST_MS = 700
_READING_MS_PER_CELL = 60
"""Time to read one column (about 17 letters a second), where there is room before the next cue."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Text on the screen from ``start_ms`` to ``end_ms``; lines are separated by newlines."""

    start_ms: int
    end_ms: int
    text: str


def cues_of(caption: Caption, target: str | None, *, after_ms: int = 0, until_ms: int | None = None) -> list[Cue]:
    """The cues of one segment, each of at most two lines of 42 columns unless one word is longer.

    The spoken language is timed by its words; a translation, which has none, in proportion to its length. Every cue
    begins when the one before it has ended, or later, and lasts for a millisecond at least.

    Args:
        caption: the segment.
        target: language of the cues; ``None``: the spoken one.
        after_ms: no cue begins before.
        until_ms: when the next segment begins: a cue may stay until then to be read. ``None``: there is no next one.
    """
    timed = _by_words(caption) if target is None and caption.transcript.words else _by_length(caption, target)
    return _in_order([_cue(group) for group in _screens(timed)], after_ms, until_ms)


def starts_ms(caption: Caption) -> int:
    """When the first word of a segment was spoken."""
    transcript = caption.transcript
    return transcript.words[0].start_ms if transcript.words else transcript.start_ms


@dataclass(frozen=True, slots=True)
class _Timed:
    piece: Piece
    start_ms: int
    end_ms: int


def _by_words(caption: Caption) -> list[_Timed]:
    words = caption.transcript.words
    owners = [word for word in words for _ in word.text]  # the word of each character
    return [
        _Timed(piece, owners[piece.offset].start_ms, owners[piece.offset + len(piece.text) - 1].end_ms)
        for piece in pieces("".join(word.text for word in words))
    ]


def _by_length(caption: Caption, target: str | None) -> list[_Timed]:
    transcript = caption.transcript
    start_ms = starts_ms(caption)
    end_ms = transcript.words[-1].end_ms if transcript.words else transcript.end_ms
    text = caption.text(target)
    span_ms = max(end_ms - start_ms, _SHORTEST_MS)
    return [
        _Timed(
            piece,
            start_ms + span_ms * piece.offset // len(text),
            start_ms + span_ms * (piece.offset + len(piece.text)) // len(text),
        )
        for piece in pieces(text)
    ]


def _screens(timed: Sequence[_Timed]) -> Iterator[list[_Timed]]:
    """Runs of pieces that fit on the screen together."""
    pending: list[_Timed] = []
    for item in timed:
        if pending and len(_lines([*pending, item])) > _LINES:
            yield pending
            pending = []
        pending.append(item)
    if pending:
        yield pending


def _lines(timed: Sequence[_Timed]) -> list[str]:
    lines = [timed[0].piece.text]
    for item in timed[1:]:
        longer = f"{lines[-1]}{' ' if item.piece.spaced else ''}{item.piece.text}"
        if cell_len(longer) <= _LINE_CELLS:
            lines[-1] = longer
        else:
            lines.append(item.piece.text)
    return lines


def _cue(timed: Sequence[_Timed]) -> Cue:
    return Cue(timed[0].start_ms, max(item.end_ms for item in timed), "\n".join(_lines(timed)))


def _in_order(cues: Sequence[Cue], after_ms: int, until_ms: int | None) -> list[Cue]:
    """The cues one after the other, whatever times the aligner gave, and each as long as it takes to read if it can."""
    starts: list[int] = []
    for cue in cues:
        starts.append(max(cue.start_ms, starts[-1] + 1 if starts else after_ms))
    ordered = []
    for cue, start_ms, limit_ms in zip(cues, starts, [*starts[1:], until_ms], strict=False):
        end_ms = max(cue.end_ms, start_ms + max(_SHORTEST_MS, _READING_MS_PER_CELL * cell_len(cue.text)))
        if limit_ms is not None:
            end_ms = max(min(end_ms, limit_ms), start_ms + 1)
        ordered.append(replace(cue, start_ms=start_ms, end_ms=end_ms))
    return ordered


def srt(number: int, cue: Cue) -> str:
    """One numbered SubRip cue, with the blank line after it. What would be read as a time line is made harmless."""
    text = re.sub("-+->", "→", cue.text)
    return f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{text}\n"


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
