"""Filters for parallel text. Pure functions."""

from __future__ import annotations

import re

__all__ = ["reject_reason", "tidy"]

_JUNK = re.compile(r"[{}\[\]<>|\\^~`$=_@#*]|https?:|www\.|%[sdif1-9(]|&\w+;|\(\)|--")
_MNEMONIC = re.compile(r"\s*\((?:_|&)\w\)|[_&](?=\w)")
_LETTER = re.compile(r"[^\W\d_]")
_MARKS = re.compile(r"[\s.,;:!?¡¿…'’\"“”«»-]")
_NUMBER = re.compile(r"\d+")
_SPACES = re.compile(r"\s+")
_EDGE_QUOTES = re.compile(r'^["“”«»\s]+|["“”«»\s]+$')


def tidy(text: str) -> str:
    """Collapse spaces, drop menu mnemonics and a pair of quotation marks around the whole."""
    text = _SPACES.sub(" ", _MNEMONIC.sub("", text)).strip()
    inner = _EDGE_QUOTES.sub("", text)
    return inner if not re.search(r'["“”«»]', inner) else text


def _letters_share(text: str) -> float:
    """Of what is not a space or a mark; "Yes." is as much text as any."""
    return len(_LETTER.findall(text)) / max(len(_MARKS.sub("", text)), 1)


def reject_reason(first: str, second: str, *, max_words: int, max_ratio: float) -> str:
    """Return why the pair should be dropped, or an empty string."""
    words = len(first.split()), len(second.split())
    if min(words) == 0:
        return "empty"
    if max(words) > max_words or max(len(first), len(second)) > max_words * 10:
        return "long"
    if max(words) > 4 and (max(words) + 2) / (min(words) + 2) > max_ratio:
        return "ratio"
    if _JUNK.search(first) or _JUNK.search(second):
        return "markup"
    if min(_letters_share(first), _letters_share(second)) < 0.6:
        return "symbols"
    if words[0] > 3 and first.casefold() == second.casefold():
        return "copy"
    if sorted(_NUMBER.findall(first)) != sorted(_NUMBER.findall(second)) and words[0] > 3:
        return "numbers"
    return ""
