"""Short sentences of every day, known by heart.

A small model that has read billions of words of the web takes "Thank you." for the beginning of something longer, and
makes up the rest. What is said most often must not come out wrong, so it is looked up. The table is
``models/phrases.tsv``: its first line names the languages. Where a sentence stands in several lines, its translation is
that of the first.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from translate import resources
from translate.translation.sentences import clean

__all__ = ["Phrases", "phrases_of"]

_PLAIN = re.compile(r"[\w\s',-]+[.!?…]*")
_END = re.compile(r"[.!?…]*$")
_WORDS = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences that are known from one language to another."""

    known: Mapping[str, str] = field(default_factory=dict)
    """Translation by the words of the source, in lower case."""

    def find(self, text: str) -> str | None:
        """The translation of a whole sentence, with its capital letter and its end as ``text`` has them.

        What is asked is another sentence than what is said: "Dói?" asks whether it hurts, "Dói." says so.
        ``None``: the sentence is not known.
        """
        text = clean(text).replace("’", "'")
        found = self.known.get(_key(text)) if _PLAIN.fullmatch(text) else None
        if found is None:
            return None
        first = found.split()[0]
        if text[0].islower() and not first.isupper() and not first.startswith("I'"):
            found = found[0].lower() + found[1:]
        return found if found.endswith("?") else found + _END.findall(text)[0]


@functools.cache
def phrases_of(source: str, target: str) -> Phrases:
    """The sentences that are known from ``source`` to ``target`` (canonical codes); none for most pairs."""
    lines = (resources.models_folder() / "phrases.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    columns = rows[0]
    if source not in columns or target not in columns:
        return Phrases()
    here, there = columns.index(source), columns.index(target)
    return Phrases({_key(row[here]): row[there] for row in reversed(rows[1:]) if row[here] and row[there]})


def _key(text: str) -> str:
    """The words in lower case, and whether they ask."""
    return " ".join(_WORDS.findall(text.lower())) + ("?" if "?" in _END.findall(text)[0] else "")
