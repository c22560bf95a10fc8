"""``python -m models.firefox.page``: the table of every pair that ``docs/FIREFOX.md`` shows."""

from __future__ import annotations

from collections import defaultdict

from translate.languages import english_name
from translate.registry import ModelSpec, default_catalog

__all__ = ["rows"]

_LARGER = ("-base-memory", "-base")
_ENGLISH = "en"
Cell = list[str]


def rows() -> list[str]:
    """A line for each language, in Markdown: the models from English, then those to English."""
    cells: dict[str, tuple[Cell, Cell]] = defaultdict(lambda: ([], []))
    for spec in default_catalog().models.values():
        if spec.web is None:
            continue
        ((source, target),) = spec.pairs
        other, side = (target, 0) if source == _ENGLISH else (source, 1)
        cells[other][side].append(_cell(spec))
    return [
        f"| {english_name(code)} | `{code}` | {_joined(away)} | {_joined(back)} |"
        for code, (away, back) in sorted(cells.items(), key=lambda item: english_name(item[0]))
    ]


def _cell(spec: ModelSpec) -> str:
    (pair,) = spec.pairs
    bleu = spec.quality.get(pair)
    larger = next((suffix[1:] for suffix in _LARGER if spec.name.endswith(suffix)), "")
    text = f"{'?' if bleu is None else format(bleu, '.1f')}, {(spec.wire_bytes or 0) / 1e6:.0f} MB"
    return f"{larger}: {text}" if larger else text


def _joined(cells: Cell) -> str:
    return "; ".join(cells) or "-"


if __name__ == "__main__":
    print("\n".join(rows()))
