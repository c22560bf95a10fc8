"""Names and terms that have to come out as somebody wrote them down.

A glossary is a TSV file. Its first line names the languages of the columns, every further line one thing::

    en              es              de
    force majeure   fuerza mayor    höhere Gewalt
    Sottovoce

A line of one cell is left as it is in every language (a name). A pair of languages uses the lines that have both cells.
Empty lines and lines that begin with ``#`` are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from translate.errors import ConfigError, LanguageError
from translate.languages import canonical, is_spaced
from translate.translation.sentences import clean

__all__ = ["Glossary", "Terms", "read_glossary"]

_MOST_LINES = 5000
_LONGEST_TERM = 100
_HOTWORDS_CHARACTERS = 200
"""Every token of a prompt costs recognition as much as one that it decodes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one pair of languages."""

    written: Mapping[str, str] = field(default_factory=dict)
    """How a term, in lower case, is written in the target language."""
    pattern: re.Pattern[str] | None = None
    """Finds the terms in source text, the longest first; ``None``: there are none."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """What a glossary file says."""

    languages: tuple[str, ...] = ()
    """Canonical codes of the columns."""
    rows: tuple[tuple[str, ...], ...] = ()
    """One cell for each language, empty where there is none; a name is alone in its row."""

    def terms(self, source: str, target: str) -> Terms:
        """The terms from ``source`` to ``target`` (canonical codes)."""
        written = {name.lower(): name for name in self._names()}
        if source in self.languages and target in self.languages:
            here, there = self.languages.index(source), self.languages.index(target)
            written |= {row[here].lower(): row[there] for row in self._rows() if row[here] and row[there]}
        if not written:
            return Terms()
        longest_first = sorted(written, key=len, reverse=True)
        found = "|".join(re.escape(term) for term in longest_first)
        edges = (r"(?<!\w)", r"(?!\w)") if is_spaced(source) else ("", "")
        return Terms(written, re.compile(f"{edges[0]}(?:{found}){edges[1]}", re.IGNORECASE))

    def hotwords(self, spoken: str | None) -> tuple[str, ...]:
        """What recognition should listen for, as far as a prompt has room.

        Args:
            spoken: ``None``: not known yet; then the names only, since terms of another language mislead.
        """
        columns = [i for i, code in enumerate(self.languages) if code == spoken]
        words = [*self._names(), *(row[i] for row in self._rows() for i in columns if row[i])]
        chosen: list[str] = []
        for word in dict.fromkeys(words):
            if sum(map(len, chosen)) + len(word) > _HOTWORDS_CHARACTERS:
                break
            chosen.append(word)
        return tuple(chosen)

    def _names(self) -> list[str]:
        return [row[0] for row in self.rows if len(row) == 1]

    def _rows(self) -> list[tuple[str, ...]]:
        return [row for row in self.rows if len(row) > 1]


def read_glossary(path: Path) -> Glossary:
    """The glossary in ``path``.

    Raises:
        ConfigError: it cannot be read, or a line is bad; the message names the file and the line.
    """
    languages: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    seen: dict[tuple[int, str], int] = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            if not languages:
                languages = _columns(line)
                continue
            rows.append(_row(line, languages))
            _refuse_repeat(rows[-1], number, seen)
        except ValueError as error:
            raise ConfigError(f"glossary {path}, line {number}: {error}") from None
    if not languages:
        raise ConfigError(f"glossary {path} is empty; its first line names the languages, a tab between them: en, es")
    return Glossary(languages, tuple(rows))


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()  # spreadsheets write a byte order mark
    except OSError as error:
        raise ConfigError(f"cannot read glossary {path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"glossary {path} is not UTF-8 text; save it as UTF-8") from error
    if len(lines) > _MOST_LINES:
        raise ConfigError(f"glossary {path} has {len(lines)} lines; at most {_MOST_LINES} are read")
    return lines


def _columns(line: str) -> tuple[str, ...]:
    try:
        codes = tuple(canonical(cell.strip()) for cell in line.split("\t"))
    except LanguageError as error:
        raise ValueError(f"the first line has to name the languages of the columns: {error}") from None
    if len(set(codes)) < len(codes):
        raise ValueError("a language is named twice")
    return codes


def _row(line: str, languages: Sequence[str]) -> tuple[str, ...]:
    cells = [clean(cell) for cell in line.split("\t")]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    if len(cells) > len(languages):
        raise ValueError(f"{len(cells)} cells, but the first line names {len(languages)} languages")
    for cell in cells:
        if len(cell) > _LONGEST_TERM:
            raise ValueError(f"a term of {len(cell)} characters; at most {_LONGEST_TERM} are taken")
        if cell and not any(map(str.isalnum, cell)):
            raise ValueError(f"{cell!r} has neither letter nor digit")
    if sum(map(bool, cells)) == 1:
        if not cells[0]:
            raise ValueError("a term without its translation; to leave it as it is, put it first and alone")
        return (cells[0],)
    return (*cells, *[""] * (len(languages) - len(cells)))


def _refuse_repeat(row: Sequence[str], number: int, seen: dict[tuple[int, str], int]) -> None:
    """A term twice in a column would be translated one way or the other."""
    for column, cell in enumerate(row):
        if not cell:
            continue
        first = seen.setdefault((column if len(row) > 1 else -1, cell.lower()), number)
        if first != number and column == 0:
            raise ValueError(f"{cell!r} is in line {first} already")
