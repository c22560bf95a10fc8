"""Terms are counted where the reference says them as the list does, plural and case aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.distil.errors import DistilError
from models.distil.terms import read_terms


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "terms.tsv"
    path.write_text("en\tes\ntext box\tcuadro de texto\naxis\teje\n", encoding="utf-8")
    return path


def count(path: Path, line: str, reference: str, output: str) -> tuple[int, int]:
    found = read_terms(path, ("en", "es")).score([line], [reference], [output], "en", "es")
    return found["terms"], found["terms_right"]


def test_a_term_is_right_in_any_case_and_in_the_plural(path: Path) -> None:
    line, reference = "Text boxes are fields.", "Los cuadros de texto son campos."
    assert count(path, line, reference, "CUADROS DE TEXTO son eso.") == (1, 1)
    assert count(path, line, reference, "Las cajas de texto son campos.") == (1, 0)


def test_a_term_inside_another_word_is_none(path: Path) -> None:
    assert count(path, "The taxis wait.", "Los ejes esperan.", "ejes") == (0, 0)


def test_where_the_reference_says_it_otherwise_nothing_is_asked(path: Path) -> None:
    assert count(path, "Use the text box.", "Use el campo.", "Use el cuadro de texto.") == (0, 0)


def test_a_bad_line_is_named(path: Path) -> None:
    with path.open("a", encoding="utf-8") as lines:
        lines.write("lonely\n")
    with pytest.raises(DistilError, match=r"terms\.tsv:4: 1 fields where the header has 2"):
        read_terms(path, ("en", "es"))
