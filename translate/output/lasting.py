"""The forms of transcripts on disk: each caption a piece of text that leaves a file valid wherever it ends. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from translate.output.collect import Caption
from translate.output.subtitles import Cue, cues_of, srt, starts_ms, vtt, vtt_header

__all__ = ["Form", "Piece", "make_form"]


@dataclass(frozen=True, slots=True)
class Piece:
    """What to write next."""

    text: bytes
    replacing: int = 0
    """How many of the file's last bytes it stands for."""


class Form(Protocol):
    """One file's form. :meth:`piece` may be asked again for the same caption until it has been :meth:`written`."""

    def head(self) -> bytes:
        """What the file begins with."""

    def piece(self, caption: Caption, target: str | None) -> Piece:
        """What ``caption`` adds.

        Args:
            target: the language of its text; ``None``: the spoken one.
        """

    def written(self) -> None:
        """The last piece is in the file."""


class _Text:
    """A line a caption, after the time into the session."""

    def head(self) -> bytes:
        return b""

    def piece(self, caption: Caption, target: str | None) -> Piece:
        seconds = starts_ms(caption) // 1000
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return Piece(f"[{clock}] {' '.join(caption.text(target).split())}\n".encode())

    def written(self) -> None:
        """Nothing is remembered."""


class _JsonLines:
    """A JSON object a caption.

    Args:
        began: when the session began.
    """

    def __init__(self, began: datetime) -> None:
        self._began = began

    def head(self) -> bytes:
        return b""

    def piece(self, caption: Caption, target: str | None) -> Piece:
        spoken = caption.transcript
        at = self._began + timedelta(milliseconds=spoken.start_ms)
        entry = {
            "segment": spoken.segment,
            "at": at.isoformat(timespec="milliseconds"),
            "start_ms": spoken.start_ms,
            "end_ms": spoken.end_ms,
            "spoken": spoken.lang,
            "lang": target or spoken.lang,
            "text": caption.text(target),
        }
        return Piece((json.dumps(entry, ensure_ascii=False) + "\n").encode())

    def written(self) -> None:
        """Nothing is remembered."""


class _Subtitles:
    """Numbered cues. How long a caption stays on the screen is known when the next one is there: the last caption is
    written at once, and once more, with other times and so as long as before, together with the next.
    """

    def __init__(self, *, web: bool) -> None:
        self._web = web
        self._last: tuple[Caption, str | None] | None = None
        self._last_text = b""
        self._number = 0
        """Of the cues before the last caption."""
        self._ended_ms = 0
        """When the cues before the last caption end."""
        self._next: tuple[Caption, str | None, bytes, int, int] | None = None

    def head(self) -> bytes:
        return (vtt_header() + "\n").encode() if self._web else b""

    def piece(self, caption: Caption, target: str | None) -> Piece:
        number, ended_ms, before = self._number, self._ended_ms, b""
        if self._last is not None:
            last, lang = self._last
            until_ms = starts_ms(caption) if starts_ms(caption) > starts_ms(last) else None
            cues = cues_of(last, lang, after_ms=ended_ms, until_ms=until_ms)
            before = self._text(cues, number)
            if len(before) != len(self._last_text):  # a file so long that a time has grown by a digit
                before = self._last_text
            number += len(cues)
            ended_ms = cues[-1].end_ms if cues else ended_ms
        text = self._text(cues_of(caption, target, after_ms=ended_ms), number)
        self._next = (caption, target, text, number, ended_ms)
        return Piece(before + text, len(before))

    def written(self) -> None:
        if self._next is not None:
            caption, target, self._last_text, self._number, self._ended_ms = self._next
            self._last, self._next = (caption, target), None

    def _text(self, cues: Sequence[Cue], number: int) -> bytes:
        shown = (vtt(cue) if self._web else srt(number + place, cue) for place, cue in enumerate(cues, start=1))
        return "".join(text + "\n" for text in shown).encode()


def make_form(name: str, began: datetime) -> Form:
    """The form called ``name``: srt, vtt, txt or jsonl."""
    if name in ("srt", "vtt"):
        return _Subtitles(web=name == "vtt")
    return _JsonLines(began) if name == "jsonl" else _Text()
