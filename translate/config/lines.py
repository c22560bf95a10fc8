"""On which line of a TOML file a key stands; tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

__all__ = ["key_lines", "line_of"]

Path = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_REST_OF_LINE = re.compile(r"[^\n]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Path, int]:
    """The line, from 1, on which each table and each key first stands.

    Args:
        text: TOML that tomllib has read without complaint. What stands inside an inline table is left out: that is
            one line, the one of its key.
    """
    return _Scanner(text).lines()


def line_of(lines: Mapping[Path, int], *names: str) -> int | None:
    """The line of a key, else of the nearest table around it."""
    for length in range(len(names), 0, -1):
        if names[:length] in lines:
            return lines[names[:length]]
    return None


class _Scanner:
    """Goes over valid TOML statement by statement; values are only skipped."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = 1
        self._lines: dict[Path, int] = {}

    def lines(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_BETWEEN)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                start = self._at
                self._at += 2 if self._text.startswith("[[", start) else 1
                table = self._key()
                self._note(table, start)
                self._skip(_REST_OF_LINE)
            else:
                start = self._at
                self._note(table + self._key(), start)
                self._skip_value()
            self._skip(_BETWEEN)
        return self._lines

    def _note(self, path: Path, at: int) -> None:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], self._line)

    def _key(self) -> Path:
        parts = []
        while True:
            self._skip(_SPACE)
            parts.append(self._part())
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _part(self) -> str:
        start = self._at
        if self._text[start] in "\"'":
            self._skip(_STRING)
            return str(tomllib.loads(f"x = {self._text[start : self._at]}")["x"])
        self._skip(_BARE)
        return self._text[start : self._at]

    def _skip_value(self) -> None:
        depth = 0
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter in "\"'":
                self._skip(_STRING)
                continue
            if letter == "#":
                self._skip(_REST_OF_LINE)
                continue
            if letter == "\n" and depth == 0:
                return
            depth += (letter in "[{") - (letter in "]}")
            self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
