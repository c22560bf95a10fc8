"""One model of the list, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["NEEDED", "Entry", "named", "role_of", "written"]

_ROLES = {
    "model.": "model",
    "lex.": "shortlist",
    "vocab.": "vocabulary",
    "srcvocab.": "source vocabulary",
    "trgvocab.": "target vocabulary",
    "qualityModel.": "quality model",
}
NEEDED = ("model", "shortlist", "vocabulary", "source vocabulary", "target vocabulary")
"""What a translation needs, in the order of the list."""

_ARCHITECTURES = ("tiny", "base-memory", "base")
"""By size, the smallest first."""
_TAKEN = frozenset({("en", "pt"), ("pt", "en")})
"""Pairs whose plain name is in the catalog: their models come as a Python package."""
_MINING = "trained to find pairs of sentences, not to be read"
_WARNINGS = {
    ("is", "en", "tiny"): _MINING,
    ("no", "en", "tiny"): _MINING,
    ("nn", "en", "tiny"): _MINING,
}
"""github.com/mozilla/firefox-translations, issue 90."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A pair in one architecture."""

    pair: tuple[str, str]
    """(spoken, written), canonical codes."""
    architecture: str
    vocabulary: list[int] | None
    """Subwords: of both sides, or of source and target; ``None``: not stated."""
    dev: float | None
    """BLEU of the int8 model on FLORES-101 dev, measured by Mozilla."""
    devtest: float | None
    folder: str | None
    """Where the files lie in the repository, as ``NAME.gz``; ``None``: they are Remote Settings' attachments."""
    files: list[list[Any]]
    """In the repository: name, size and SHA-256 unpacked (``None``: not stated), size and SHA-256 of the gzip file.
    Attachments: name, size, SHA-256, location."""


def role_of(name: str) -> str:
    """What a file is for.

    Raises:
        ValueError: nothing that is known.
    """
    for beginning, role in _ROLES.items():
        if name.startswith(beginning):
            return role
    raise ValueError(f"nobody knows what the file {name} is for")


def named(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The entries by name, sorted: the smallest architecture of a pair is ``firefox-en-de``, others say which."""
    found: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda each: (each.pair, _ARCHITECTURES.index(each.architecture))):
        plain = f"firefox-{entry.pair[0]}-{entry.pair[1]}"
        found[f"{plain}-{entry.architecture}" if plain in found or entry.pair in _TAKEN else plain] = entry
    return found


def written(entries: dict[str, Entry], **head: str | int) -> str:
    """The JSON text, one model a line, so that a difference between two lists can be read."""
    lines = (_line(name, entry) for name, entry in entries.items())
    top = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in {"schema": 1, **head}.items())
    return "{\n" + top + '"models": [\n' + ",\n".join(lines) + "\n]\n}\n"


def _line(name: str, entry: Entry) -> str:
    source, target = entry.pair
    values = {
        "name": name,
        "pair": [source, target],
        "architecture": entry.architecture,
        "vocabulary": entry.vocabulary,
        "dev": entry.dev,
        "devtest": entry.devtest,
        "warning": _WARNINGS.get((source, target, entry.architecture)),
        "folder": entry.folder,
        "files": entry.files,
    }
    stated = {key: value for key, value in values.items() if value is not None}
    return json.dumps(stated, ensure_ascii=False, separators=(",", ":"))
