"""What ``sottovoce models list`` shows: a row for each model, and which of them serves which pair."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from translate.errors import MissingModel, ModelDamaged
from translate.registry import ModelSpec, Registry, ResolvedModel, serving

__all__ = ["WIDE", "listed", "model_table", "rows_of", "serving_table", "size_text"]

_Row = dict[str, Any]
_LONGEST_LICENCE = 60
WIDE: Final = 110
"""Columns of a terminal from which on a table with paths and licences can be read."""
_HEADS: Final = (
    (70, ("name", "languages", "size", "BLEU", "here")),
    (45, ("name", "size", "here")),
    (0, ("name", "here")),
)
"""Of narrower ones, by their columns."""


def rows_of(registry: Registry, translations: Sequence[ResolvedModel]) -> list[_Row]:
    """A row for every model that is here or can be had.

    Args:
        registry: which there are.
        translations: those that translate here, among them folders that the configuration names.
    """
    rows = [_own_row(model) for model in translations if model.own]
    rows += [_student_row(registry, name) for name in registry.student_names()]
    rows += [_spec_row(registry, spec) for spec in registry.catalog.models.values()]
    rows += [_added_row(registry, name) for name in registry.added_names()]
    serves: dict[str, list[list[str]]] = {}
    for choice in serving(translations):
        serves.setdefault(str(choice.model.path), []).append(list(choice.pair))
    return [row | {"serves": serves.get(row["where"] or "", [])} for row in rows]


def listed(registry: Registry, rows: Sequence[_Row]) -> tuple[list[_Row], int]:
    """The rows for a person, and how many of Firefox's models that could be pulled are not among them."""
    models = registry.catalog.models
    many = {name for name, spec in models.items() if spec.web is not None}
    kept = [row for row in rows if row["installed"] or row["name"] not in many]
    return kept, len(rows) - len(kept)


def model_table(rows: Sequence[_Row], columns: int) -> Table:
    """One line a model, as far as ``columns`` of a terminal allow; see :data:`WIDE`."""
    if columns < WIDE:
        return _narrow_table(rows, columns)
    heads = ("name", "kind", "languages", "size", "flores-dev BLEU", "where, or how to get it", "licence")
    table = Table(*heads, box=None, pad_edge=False)
    table.columns[3].justify = table.columns[4].justify = "right"
    table.columns[5].overflow = "fold"  # a path that is cut is of no use
    for row in rows:
        table.add_row(
            _cell(row["name"]),
            row["kind"],
            _languages_text(row),
            size_text(row["size_bytes"]),
            _quality_text(row["quality"], row["quality_estimated"]),
            _cell(row["where"]) if row["where"] else _cell(row["command"], style="dim"),
            _cell(_licence_text(row["licence"]) + ("" if row["commercial_use"] else " (not for commercial use)")),
        )
    return table


def _narrow_table(rows: Sequence[_Row], columns: int) -> Table:
    """No path and no licence, which would have to be broken into many lines: their commands say where they are."""
    heads = next(heads for least, heads in _HEADS if columns >= least)
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, no_wrap=True, justify="right" if head in ("size", "BLEU") else "left")
    for row in rows:
        cells: dict[str, str | Text] = {
            "name": _cell(row["name"]),
            "languages": _languages_text(row),
            "size": size_text(row["size_bytes"]),
            "BLEU": _quality_text(row["quality"], row["quality_estimated"]),
            "here": _here(row),
        }
        table.add_row(*(cells[head] for head in heads))
    return table


def _here(row: _Row) -> Text:
    where = str(row["where"] or "")
    text = "damaged" if where.startswith("damaged:") else "yes" if where else "no"
    return Text(text if row["commercial_use"] else f"{text} (non-commercial)", style="" if where else "dim")


def serving_table(translations: Sequence[ResolvedModel]) -> Table:
    """Which model serves each pair, and why."""
    table = Table("serving", "model", "why", box=None, pad_edge=False)
    for pair, model, reason in serving(translations):
        table.add_row(" → ".join(pair), _cell(model.name), _cell(reason))
    widest = next((model for model in translations if not model.pairs and model.languages), None)
    if widest is not None:
        table.add_row("other pairs", _cell(widest.name), f"of {len(widest.languages)} languages, any to any")
    return table


def size_text(size_bytes: int | None) -> str:
    """``17 MB``, ``1.2 GB``, ``640 kB``."""
    if size_bytes is None:
        return "?"
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes >= 999_500 else f"{math.ceil(size_bytes / 1e3)} kB"


def _spec_row(registry: Registry, spec: ModelSpec) -> _Row:
    place = registry.place(spec)
    folder = place.folder if place else None
    return {
        "name": spec.name, "kind": spec.kind, "languages": list(spec.languages),
        "pairs": [list(pair) for pair in spec.pairs],
        # What a pull moves may be packed; what is here is not.
        "size_bytes": _folder_bytes(folder) if folder and spec.web else spec.size_bytes,
        "installed": place is not None, "origin": place.origin if place else None,
        "where": None if place is None else str(folder or "installed packages, joined at first use"),
        "command": spec.command, "licence": spec.licence, "commercial_use": spec.commercial_use, "note": spec.note,
        "quality": _quality(spec), "quality_estimated": _estimated(spec),
    }  # fmt: skip


def _own_row(model: ResolvedModel) -> _Row:
    return _folder_row(model.name, model.path, "path", "named in mt.models") | _found(model)


def _student_row(registry: Registry, name: str) -> _Row:
    folder = registry.students / name
    row = _folder_row(name, folder, "student", "distilled here")
    try:
        return row | _found(registry.find(name))
    except (MissingModel, ModelDamaged) as error:  # the list shows it; the other models are as good as before
        return row | {"note": str(error), "where": f"damaged: {folder}"}


def _added_row(registry: Registry, name: str) -> _Row:
    folder = registry.store.folder(name)
    row = _folder_row(name, folder, "added", "added from a folder")
    try:
        return row | _found(registry.find(name))
    except (MissingModel, ModelDamaged) as error:
        return row | {"note": str(error), "where": f"damaged: {folder}"}


def _folder_row(name: str, folder: Path, origin: str, note: str) -> _Row:
    return {
        "name": name, "kind": "translation", "languages": [], "pairs": [], "size_bytes": _folder_bytes(folder),
        "installed": True, "origin": origin, "where": str(folder), "command": None, "licence": "",
        "commercial_use": True, "note": note, "quality": {}, "quality_estimated": [],
    }  # fmt: skip


def _found(model: ResolvedModel) -> _Row:
    return {
        "kind": model.kind, "pairs": [list(pair) for pair in model.pairs], "languages": list(model.languages),
        "licence": model.licence, "quality": _quality(model), "quality_estimated": _estimated(model),
    }  # fmt: skip


def _quality(model: ModelSpec | ResolvedModel) -> dict[str, float]:
    return {"-".join(pair): score for pair, score in model.quality.items()}


def _estimated(model: ModelSpec | ResolvedModel) -> list[str]:
    """The pairs whose quality is not that of this very model."""
    return sorted("-".join(pair) for pair in model.estimated)


def _quality_text(quality: dict[str, float], estimated: Sequence[str]) -> str:
    ends = sorted({round(score, 1): "≈" if pair in estimated else "" for pair, score in quality.items()}.items())
    return " to ".join(f"{sign}{score:.1f}" for score, sign in ends[:: max(1, len(ends) - 1)])


def _licence_text(licence: str) -> str:
    text = licence.partition(";")[0]  # the rest speaks of the card
    return text if len(text) <= _LONGEST_LICENCE else f"{text[:_LONGEST_LICENCE]}…"


def _cell(text: str, style: str = "") -> Text:
    """Text of a folder as it is to be read: no markup, and nothing that a terminal would obey."""
    return Text("".join(" " if char.isspace() else char for char in text if not _is_control(char)), style)


def _is_control(char: str) -> bool:
    """Control and format characters (among them those that turn the direction of writing), and halves of pairs."""
    return not char.isspace() and unicodedata.category(char) in ("Cc", "Cf", "Cs")


def _languages_text(row: _Row) -> str:
    if row["pairs"]:
        return ", ".join(f"{source} → {target}" for source, target in row["pairs"])
    codes = row["languages"]
    return f"{len(codes)} languages" if len(codes) > 4 else ", ".join(codes) or "?"


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
