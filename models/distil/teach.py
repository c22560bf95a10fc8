"""The teacher translates the training sources: sequence-level knowledge distillation (Kim and Rush 2016).

What the teacher writes is simpler and more regular than what people wrote, so that a small model learns it sooner. A
line is kept only if the teacher was sure enough of it and, translated back, it resembles its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import sacrebleu
import torch

from .config import Recipe
from .corpus import Pair, read_pairs
from .decode import translate
from .errors import DistilError
from .filters import reject_reason
from .model import Transformer
from .prepare import Prepared, prefix_ids
from .progress import Progress

__all__ = ["Taught", "keep", "load_taught", "teach"]


class Taught(NamedTuple):
    """One line that the teacher wrote."""

    pair: Pair
    score: float
    round_trip_chrf: float


def keep(lines: Sequence[Taught], worst_share: float, min_round_trip_chrf: float) -> list[Pair]:
    """Drop the ``worst_share`` of the lines with the lowest score, and those that do not come back."""
    if not lines:
        return []
    scores = sorted(line.score for line in lines)
    bar = scores[min(int(len(scores) * worst_share), len(scores) - 1)]
    return [line.pair for line in lines if line.score >= bar and line.round_trip_chrf >= min_round_trip_chrf]


def _path(folder: Path, direction: tuple[str, str]) -> Path:
    return folder / f"{direction[0]}-{direction[1]}.tsv"


def _room(model: Transformer) -> int:
    """Tokens decoded together."""
    return 65_536 if model.output_bias.is_cuda else 4096


def _round_trips(
    model: Transformer,
    prepared: Prepared,
    recipe: Recipe,
    direction: tuple[str, str],
    sources: list[str],
    out: list[str],
) -> list[float]:
    back = prefix_ids(recipe, prepared.tokenizer, direction[0])
    result = [0.0] * len(out)
    for number, hypotheses in translate(model, prepared.tokenizer, out, prefix=back, batch_tokens=_room(model)):
        result[number] = sacrebleu.sentence_chrf(hypotheses[0].text, [sources[number]]).score
    return result


def _teach_part(
    model: Transformer, prepared: Prepared, recipe: Recipe, direction: tuple[str, str], pairs: Sequence[Pair]
) -> list[Taught]:
    forward = direction[0] == recipe.languages[0]
    sources = [pair.first if forward else pair.second for pair in pairs]
    prefix = prefix_ids(recipe, prepared.tokenizer, direction[1])
    origin: list[int] = []
    texts: list[str] = []
    scores: list[float] = []
    room, beam = _room(model), recipe.teach.beam
    for number, hypotheses in translate(
        model, prepared.tokenizer, sources, prefix=prefix, beam=beam, batch_tokens=room
    ):
        for hypothesis in hypotheses[: recipe.teach.hypotheses]:
            origin, texts, scores = [*origin, number], [*texts, hypothesis.text], [*scores, hypothesis.score]
    lines = [sources[number] for number in origin]
    both_ways = (direction[1], direction[0]) in recipe.directions and recipe.teach.min_round_trip_chrf > 0
    trips = _round_trips(model, prepared, recipe, direction, lines, texts) if both_ways else [100.0] * len(texts)
    taught = []
    for number, source, text, score, trip in zip(origin, lines, texts, scores, trips, strict=True):
        if reject_reason(source, text, max_words=recipe.data.max_words, max_ratio=recipe.data.max_ratio):
            continue
        sides = (source, text) if forward else (text, source)
        taught.append(Taught(Pair(pairs[number].source, pairs[number].group, *sides), score, trip))
    return taught


def teach(
    model: Transformer, prepared: Prepared, recipe: Recipe, folder: Path, progress: Progress, part_pairs: int = 8192
) -> None:
    """Write ``<from>-<to>.tsv`` for every direction; parts that are there already are not translated again."""
    folder.mkdir(parents=True, exist_ok=True)
    autocast = torch.autocast(model.output_bias.device.type, dtype=torch.bfloat16)
    for direction in recipe.directions:
        if _path(folder, direction).exists():
            progress.say(f"{_path(folder, direction)}: already there")
            continue
        parts = folder / f"{direction[0]}-{direction[1]}.parts"
        parts.mkdir(exist_ok=True)
        starts = range(0, len(prepared.pairs), part_pairs)
        for number, start in enumerate(progress.track(starts, "teaching", len(starts))):
            path = parts / f"{number:05}.pt"
            if not path.exists():
                with autocast:
                    lines = _teach_part(model, prepared, recipe, direction, prepared.pairs[start : start + part_pairs])
                part = path.with_suffix(".part")
                torch.save([(*line.pair, line.score, line.round_trip_chrf) for line in lines], part)
                part.replace(path)
        _gather(parts, direction, recipe, folder, progress)


def _gather(parts: Path, direction: tuple[str, str], recipe: Recipe, folder: Path, progress: Progress) -> None:
    lines = [
        Taught(Pair(*row[:4]), row[4], row[5])
        for path in sorted(parts.glob("*.pt"))
        for row in torch.load(path, weights_only=True)
    ]
    kept = keep(lines, recipe.teach.worst_share, recipe.teach.min_round_trip_chrf)
    path = _path(folder, direction)
    with path.with_suffix(".part").open("w", encoding="utf-8") as out:
        out.write("\t".join(("source", "group", *recipe.languages)) + "\n")
        out.writelines("\t".join(pair) + "\n" for pair in kept)
    path.with_suffix(".part").replace(path)
    progress.say(f"{direction[0]}-{direction[1]}: kept {len(kept)} of {len(lines)} lines")


def load_taught(recipe: Recipe, folder: Path) -> dict[tuple[str, str], list[Pair]]:
    """Read what the teacher wrote; empty when there was no teacher."""
    found = {
        direction: list(read_pairs(_path(folder, direction), recipe.languages))
        for direction in recipe.directions
        if _path(folder, direction).exists()
    }
    if found and len(found) < len(recipe.directions):
        missing = next(direction for direction in recipe.directions if direction not in found)
        raise DistilError(f"{_path(folder, missing)}: the teacher has not finished; run the step 'translate'")
    return found
