"""Read text: parallel in TSV (plain or xz), TMX and phrase books, or plain. Nothing else is trained on."""

from __future__ import annotations

import lzma
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from .errors import DistilError
from .phrases import fill

__all__ = ["Pair", "read_lines", "read_pairs"]


class Pair(NamedTuple):
    """One sentence in both languages of a recipe, in the recipe's order."""

    source: str
    group: str
    first: str
    second: str


def _open_text(path: Path) -> IO[str]:
    try:
        if path.suffix == ".xz":
            return lzma.open(path, "rt", encoding="utf-8", newline="\n")
        return path.open(encoding="utf-8", newline="\n")
    except FileNotFoundError:
        raise DistilError(f"{path}: no such file") from None


def _columns(header: list[str], languages: tuple[str, str], path: Path) -> tuple[int, int, int, int]:
    try:
        first, second = (header.index(language) for language in languages)
    except ValueError:
        raise DistilError(f"{path}:1: the header names no column {languages[0]!r} and {languages[1]!r}") from None
    source = header.index("source") if "source" in header else -1
    group = header.index("group") if "group" in header else -1
    return source, group, first, second


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file without their ends, from 1."""
    number = 0
    try:
        with _open_text(path) as lines:
            for number, line in enumerate(lines, start=1):
                yield number, line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DistilError(f"{path}:{number + 1}: not UTF-8 ({error.reason})") from None
    except (lzma.LZMAError, EOFError) as error:
        raise DistilError(f"{path}: damaged xz file ({error})") from None


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a plain text (or .xz) that say something; raises as :func:`read_pairs` does."""
    return (line.strip() for _, line in _numbered(path) if line.strip())


def _read_tsv(path: Path, languages: tuple[str, str]) -> Iterator[Pair]:
    lines = _numbered(path)
    header = next(lines, (1, ""))[1].split("\t")
    source, group, first, second = _columns(header, languages, path)
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != len(header):
            raise DistilError(f"{path}:{number}: {len(fields)} fields where the header has {len(header)}")
        left, right = fields[first].strip(), fields[second].strip()
        if not left or not right:
            empty = languages[0] if not left else languages[1]
            raise DistilError(f"{path}:{number}: the {empty} side is empty")
        yield Pair(
            fields[source] if source >= 0 else path.name.split(".")[0],
            fields[group] if group >= 0 else "",
            left,
            right,
        )


def _read_phrases(path: Path, languages: tuple[str, str]) -> Iterator[Pair]:
    """A phrase book (:mod:`.phrases`). Sentences made by filling slots are of the source ``NAME_filled``."""
    lines = _numbered(path)
    header = next(lines, (1, ""))[1].split("\t")
    if header[0] != "slot":
        raise DistilError(f"{path}:1: the first column of a phrase book is 'slot'")
    *_, first, second = _columns(header, languages, path)
    slots: dict[str, list[tuple[str, ...]]] = {}
    phrases: list[tuple[int, tuple[str, ...]]] = []
    for number, line in lines:
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) != len(header) or not (fields[first] and fields[second]):
            raise DistilError(f"{path}:{number}: a text is missing")
        sides = (fields[first], fields[second])
        if fields[0]:
            slots.setdefault(fields[0], []).append(sides)
        else:
            phrases.append((number, sides))
    name = path.name.split(".")[0]
    for number, phrase in phrases:
        try:
            for left, right in fill(phrase, slots):
                yield Pair(name if (left, right) == phrase else f"{name}_filled", "", left, right)
        except DistilError as error:
            raise DistilError(f"{path}:{number}: {error}") from None


_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def _read_tmx(path: Path, languages: tuple[str, str]) -> Iterator[Pair]:
    number = 0
    try:
        for _, unit in ElementTree.iterparse(path):
            if unit.tag != "tu":
                continue
            number += 1
            sides: dict[str, str] = {}
            for variant in unit.iter("tuv"):
                language = (variant.get(_LANGUAGE) or variant.get("lang") or "").split("-")[0].lower()
                segment = variant.find("seg")
                sides[language] = " ".join("".join(segment.itertext()).split()) if segment is not None else ""
            unit.clear()
            for language in languages:
                if not sides.get(language):
                    raise DistilError(f"{path}: unit {number}: the {language} side is empty")
            yield Pair(path.name.split(".")[0], "", sides[languages[0]], sides[languages[1]])
    except FileNotFoundError:
        raise DistilError(f"{path}: no such file") from None
    except ElementTree.ParseError as error:
        raise DistilError(f"{path}:{error.position[0]}: not well-formed XML") from None


def read_pairs(path: Path, languages: tuple[str, str]) -> Iterator[Pair]:
    """Yield the pairs of a file; a bad line raises :class:`DistilError` with the file and the line's number."""
    if path.name.endswith(".phrases.tsv"):
        return _read_phrases(path, languages)
    if path.name.endswith((".tsv", ".tsv.xz")):
        return _read_tsv(path, languages)
    if path.name.endswith(".tmx"):
        return _read_tmx(path, languages)
    raise DistilError(f"{path}: neither .tsv, .tsv.xz nor .tmx")
