"""Lines of text of any length, as parts that a model translates in a moment."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from translate.translation.sentences import Lengths, piece_end

__all__ = ["Part", "parts"]

_READ_BYTES: Final = 16_384
_MOST: Final = 2000
"""Characters of a line that is translated as a whole."""
_LEAST: Final = 800
"""A part of a longer line has sentences of about so many characters."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some sentences of a line; of a line that is not very long all of them."""

    text: str
    ends_line: bool


def parts(stream: IO[bytes], lengths: Lengths) -> Iterator[Part]:
    """The lines of ``stream``, read as UTF-8, as soon as each is there; a bad byte loses nothing but itself.

    A line of more than some sentences comes in parts, cut where it would be cut for translation anyway. However long
    it is, no more of it is held than a part and what is read at once.

    Args:
        stream: read to its end.
        lengths: of the language.
    """
    text, is_open = "", False
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while read := stream.readline(_READ_BYTES):
        ends = read.endswith(b"\n")
        text += decoder.decode(read, ends)
        is_open = not ends
        if len(text) > _MOST:
            *found, text = _cut(text, lengths)
            for part in found:
                yield Part(part, ends_line=False)
        if ends:
            yield Part(text.rstrip("\r\n"), ends_line=True)
            text = ""
    if is_open:
        yield Part(text + decoder.decode(b"", True), ends_line=True)


def _cut(text: str, lengths: Lengths) -> Iterator[str]:
    """``text`` in parts; the last one may go on."""
    while len(text := text.lstrip()) > _MOST:
        end = 0
        while end < _LEAST and (more := piece_end(text[end : end + _MOST], at_end=False, lengths=lengths)) is not None:
            end += more
        if end == 0:
            break
        # With the space after it: it tells a mark between clauses from one within a number.
        end += len(text[end:]) - len(text[end:].lstrip())
        yield text[:end]
        text = text[end:]
    yield text
