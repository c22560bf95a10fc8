"""A list of terms: how often a translation says them as the list does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .corpus import read_pairs

__all__ = ["Terms", "read_terms"]


@dataclass(frozen=True)
class Terms:
    """Terms in both languages of a recipe."""

    pairs: Sequence[Mapping[str, str]]
    """One mapping a term: language -> how it is written there."""

    def score(
        self, lines: Sequence[str], references: Sequence[str], outputs: Sequence[str], source: str, target: str
    ) -> dict[str, int]:
        """``terms``: places where a source line has a term and its reference says it as the list does;
        ``terms_right``: those of them where the output does, too."""
        asked = right = 0
        for line, reference, output in zip(lines, references, outputs, strict=True):
            for term in self.pairs:
                if _has(line, term[source]) and _has(reference, term[target]):
                    asked += 1
                    right += _has(output, term[target])
        return {"terms": asked, "terms_right": right}


def _has(text: str, term: str) -> bool:
    """Whether ``term`` or a plural in -s or -es of its words occurs in ``text``, whatever the case."""
    words = r"\s+".join(re.escape(word) + r"(?:e?s)?" for word in term.casefold().split())
    return re.search(rf"(?<!\w){words}(?!\w)", text.casefold()) is not None


def read_terms(path: Path, languages: tuple[str, str]) -> Terms:
    """Read a TSV of terms; a bad line raises :class:`DistilError` with the file and its number."""
    first, second = languages
    return Terms([{first: pair.first, second: pair.second} for pair in read_pairs(path, languages)])
