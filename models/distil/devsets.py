"""Development sets and the two scores that are reported on them (sacreBLEU: Post 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import sacrebleu
import sentencepiece

from .config import Recipe, dev_path
from .decode import greedy
from .errors import DistilError
from .model import Transformer
from .prepare import prefix_ids

__all__ = ["bleu", "chrf", "dev_scores", "read_dev"]


def read_dev(recipe: Recipe, name: str, source: str, target: str) -> tuple[list[str], list[str]]:
    """Return the lines of both sides of a development set."""
    sides = []
    for language in (source, target):
        path = dev_path(recipe, name, (source, target), language)
        if not path.exists():
            raise DistilError(f"{path}: no such development set")
        sides.append(path.read_text(encoding="utf-8").splitlines())
    if len(sides[0]) != len(sides[1]):
        raise DistilError(f"{name}: {len(sides[0])} source lines but {len(sides[1])} target lines")
    return sides[0], sides[1]


def bleu(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    return float(sacrebleu.corpus_bleu(list(hypotheses), [list(references)]).score)


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    return float(sacrebleu.corpus_chrf(list(hypotheses), [list(references)]).score)


def dev_scores(
    model: Transformer,
    recipe: Recipe,
    tokenizer: sentencepiece.SentencePieceProcessor,
    directions: Sequence[tuple[str, str]],
    sentences: int,
) -> dict[str, float]:
    """Greedy BLEU on the first ``sentences`` lines of every development set, in every direction."""
    scores = {}
    for source, target in directions:
        prefix = prefix_ids(recipe, tokenizer, target)
        for name in recipe.dev:
            lines, references = (side[:sentences] for side in read_dev(recipe, name, source, target))
            scores[f"{name} {source}-{target}"] = bleu(greedy(model, tokenizer, lines, prefix=prefix), references)
    return scores
