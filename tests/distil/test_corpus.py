"""Readers and filters: what is read, and what is said of a line that cannot be."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from models.distil.corpus import Pair, read_pairs
from models.distil.errors import DistilError
from models.distil.filters import reject_reason, tidy

LANGUAGES = ("en", "es")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_tsv_with_all_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "source\tgroup\ten\tes\ntatoeba\tA\tHi.\tHola.\n")
    assert list(read_pairs(path, LANGUAGES)) == [Pair("tatoeba", "A", "Hi.", "Hola.")]
    assert list(read_pairs(path, ("es", "en"))) == [Pair("tatoeba", "A", "Hola.", "Hi.")]


def test_tsv_of_ones_own_needs_only_the_languages(tmp_path: Path) -> None:
    path = write(tmp_path / "law.tsv", "es\ten\r\nHola.\tHi.\r\n")
    assert list(read_pairs(path, LANGUAGES)) == [Pair("law", "", "Hi.", "Hola.")]


def test_xz(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.xz"
    path.write_bytes(lzma.compress(b"en\tes\nHi.\tHola.\n"))
    assert len(list(read_pairs(path, LANGUAGES))) == 1
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DistilError, match=r"a\.tsv\.xz: damaged"):
        list(read_pairs(path, LANGUAGES))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("en\tes\nHi.\tHola.\nHi.\n", r"a\.tsv:3: 1 fields where the header has 2"),
        ("en\tes\nHi.\t \n", r"a\.tsv:2: the es side is empty"),
        ("en\tes\n\tHola.\n", r"a\.tsv:2: the en side is empty"),
        ("english\tspanish\nHi.\tHola.\n", r"a\.tsv:1: the header names no column 'en' and 'es'"),
    ],
)
def test_bad_line_names_file_and_number(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DistilError, match=message):
        list(read_pairs(write(tmp_path / "a.tsv", text), LANGUAGES))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(b"en\tes\nHi.\tHola.\nHi.\t\xff\xfe\n")
    with pytest.raises(DistilError, match=r"a\.tsv.*not UTF-8"):
        list(read_pairs(path, LANGUAGES))


TMX = """<?xml version="1.0"?><tmx version="1.4"><header/><body>
<tu><tuv xml:lang="en-GB"><seg>Good <bpt i="1"/>day.</seg></tuv><tuv xml:lang="es"><seg>Buenos
días.</seg></tuv></tu>{more}</body></tmx>"""


def test_tmx(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tmx", TMX.format(more=""))
    assert list(read_pairs(path, LANGUAGES)) == [Pair("a", "", "Good day.", "Buenos días.")]


def test_tmx_errors(tmp_path: Path) -> None:
    half = '<tu><tuv xml:lang="en"><seg>Hi.</seg></tuv></tu>'
    with pytest.raises(DistilError, match=r"a\.tmx: unit 2: the es side is empty"):
        list(read_pairs(write(tmp_path / "a.tmx", TMX.format(more=half)), LANGUAGES))
    with pytest.raises(DistilError, match=r"b\.tmx:3: not well-formed"):
        list(read_pairs(write(tmp_path / "b.tmx", TMX.format(more="<tu>")), LANGUAGES))


def test_unknown_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DistilError, match=r"neither \.tsv"):
        read_pairs(tmp_path / "a.csv", LANGUAGES)
    for name in ("a.tsv", "a.tsv.xz", "a.tmx"):
        with pytest.raises(DistilError, match="no such file"):
            list(read_pairs(tmp_path / name, LANGUAGES))


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("I bought this yesterday.", "Ayer compré esto.", ""),
        ("Open {file} now", "Abra {file} ahora", "markup"),
        ("See https://example.org for more", "Vea https://example.org", "markup"),
        ("one two three four five six seven eight nine ten", "uno dos", "ratio"),
        ("The same text on both sides", "the same text on both sides", "copy"),
        ("He was born in 1984 there", "Nació allí en 1948", "numbers"),
        ("12 34 56 ( )", "12 34 56 ( )", "symbols"),
        ("No.", "Sí.", ""),
        ("I was born on 12 May 1994.", "Nací el 12 de mayo de 1994.", ""),
        ("word " * 70, "palabra " * 70, "long"),
        ("", "algo", "empty"),
    ],
)
def test_filters(first: str, second: str, reason: str) -> None:
    assert reject_reason(first, second, max_words=60, max_ratio=2.5) == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two   spaces ", "two spaces"),
        ("_Open the file", "Open the file"),
        ("Niebla de guerra (_W)", "Niebla de guerra"),
        ("“Come in.”", "Come in."),
        ("“Come” he said “in.”", "“Come” he said “in.”"),
    ],
)
def test_tidy(text: str, expected: str) -> None:
    assert tidy(text) == expected
