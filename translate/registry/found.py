"""A model that was found on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from translate.registry.spec import Kind, ModelSpec, Quality, covers

__all__ = ["Origin", "Place", "ResolvedModel", "score_text"]

Origin = Literal["path", "student", "package", "cache", "added"]
"""How a model was found: given as a path, shipped in ``models/students``, in an installed package, in the cache because
it was pulled or joined, in the cache because somebody added it (``models add``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedModel:
    """A model folder on this machine."""

    path: Path
    name: str
    kind: Kind
    origin: Origin
    languages: tuple[str, ...] = ()
    """What a ``whisper`` model hears, or what a translation model reads and writes in any combination.

    Canonical codes; empty where the folder does not tell (ask the loaded model).
    """
    pairs: tuple[tuple[str, str], ...] = ()
    """(spoken, written) of a bilingual translation model."""
    licence: str = ""
    commercial_use: bool = True
    own: bool = False
    """Whether the configuration names the folder (``mt.models``)."""
    quality: Quality = field(default_factory=dict, hash=False)
    """BLEU on flores-dev of the pairs for which it was measured."""
    estimated: frozenset[tuple[str, str]] = frozenset()
    """Pairs whose quality was measured of a model much like this one, not of this one."""

    def translates(self, source: str, target: str) -> bool:
        """Whether this is a translation model from ``source`` to ``target`` (canonical codes)."""
        return self.kind == "translation" and covers(self.pairs, self.languages, source, target)

    def quality_of(self, source: str, target: str) -> float | None:
        """BLEU on flores-dev; ``None``: nobody has measured it, or not for this pair (canonical codes)."""
        return self.quality.get((source, target))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model of the catalog was found; ``folder`` of ``None``: in packages, to be joined at first use."""

    origin: Origin
    folder: Path | None


def score_text(model: ModelSpec | ResolvedModel, pair: tuple[str, str]) -> str | None:
    """The quality of a pair for a person: ``38.8``, or ``≈38.8`` if it is estimated; ``None``: not known."""
    score = model.quality.get(pair)
    return None if score is None else f"{'≈' if pair in model.estimated else ''}{score:.1f}"
