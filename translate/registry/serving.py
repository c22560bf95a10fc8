"""Which of the installed models serves a pair of languages: by measured quality, not by the order of finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from translate.registry.found import ResolvedModel, score_text

__all__ = ["Preference", "Serving", "preference", "serving"]

Preference = tuple[bool, bool, float, bool]


class Serving(NamedTuple):
    """The model that serves a pair, and why."""

    pair: tuple[str, str]
    model: ResolvedModel
    reason: str
    """For a person: ``BLEU 38.8 (en-de 21.1)``; with ``≈`` before a number that is estimated."""


def preference(model: ResolvedModel, source: str, target: str) -> Preference:
    """A key to sort by: the model with the smallest serves the pair, of equal ones the first of
    :meth:`~translate.registry.Registry.translations`.

    A folder that the configuration names goes first, in the order there. Then quality counts, as far as it was
    measured. Of models that nobody has measured one of the pair's own goes before one of many languages.
    """
    if model.own:
        return False, False, 0.0, False
    quality = model.quality_of(source, target)
    if quality is not None:
        return True, False, -quality, False
    return True, True, 0.0, not model.pairs


def serving(models: Sequence[ResolvedModel]) -> list[Serving]:
    """Who serves each pair for which there is a bilingual model or a measurement, sorted by pair.

    A many-to-many model also serves every other pair of its languages; these are not listed.
    """
    pairs = {pair for model in models for pair in (*model.pairs, *model.quality)}
    return [Serving(pair, *_chosen(models, *pair)) for pair in sorted(pairs)]


def _chosen(models: Iterable[ResolvedModel], source: str, target: str) -> tuple[ResolvedModel, str]:
    able = [model for model in models if model.translates(source, target)]
    first, *others = sorted(able, key=lambda model: preference(model, source, target))
    if first.own:
        return first, "named in mt.models" + _beside(others, source, target)
    if not others:
        return first, "the only one"
    score = score_text(first, (source, target))
    if score is not None:
        return first, f"BLEU {score}" + _beside(others, source, target)
    return first, ("of the pair's own" if first.pairs else "found first") + _beside(others, source, target)


def _beside(others: Sequence[ResolvedModel], source: str, target: str) -> str:
    if not others:
        return ""
    texts = [f"{model.name} {score_text(model, (source, target)) or 'not measured'}" for model in others]
    return f" ({', '.join(texts)})"
