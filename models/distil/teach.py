"""A teacher translates the training sources: sequence-level knowledge distillation (Kim and Rush 2016).

A teacher's translations are simpler and more regular than human ones, so a small model learns them with fewer steps. A
line is kept if its score is high enough and its translation back resembles the source. Text of one language can be
translated beside the pairs and used in both directions (back-translation, Sennrich et al. 2016).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import sacrebleu
import torch

from translate.atomic import replacing

from .config import Recipe
from .corpus import Pair, read_lines, read_pairs
from .errors import DistilError
from .filters import reject_reason, tidy
from .prepare import Prepared
from .progress import Progress
from .teachers import Direction, Teacher

__all__ = ["TEXT", "Line", "Taught", "keep", "lines_for", "load_taught", "teach"]

TEXT = "text"
"""Group of the pairs that were made from ``teach.text``."""


class Line(NamedTuple):
    """One line for a teacher."""

    source: str
    group: str
    text: str


class Taught(NamedTuple):
    """One translation by the teacher, with its scores."""

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


def _path(folder: Path, direction: Direction) -> Path:
    return folder / f"{direction[0]}-{direction[1]}.tsv"


def _back(direction: Direction) -> Direction:
    return direction[1], direction[0]


def _ways(recipe: Recipe) -> list[Direction]:
    """The directions in which a teacher has lines to translate."""
    both = dict.fromkeys(
        [*recipe.directions, *map(_back, recipe.directions)] if recipe.teach.back else recipe.directions
    )
    return [way for way in both if (recipe.teach.pairs and way in recipe.directions) or recipe.teach.text.get(way[0])]


def lines_for(direction: Direction, recipe: Recipe, pairs: Sequence[Pair]) -> list[Line]:
    """What a teacher is to translate: the side of the pairs that it reads, and the recipe's text of that language.

    Raises:
        DistilError: a file of text is missing or damaged.
    """
    side = 2 + recipe.languages.index(direction[0])
    learned = recipe.teach.pairs and direction in recipe.directions
    lines = [Line(pair.source, pair.group, pair[side]) for pair in pairs] if learned else []
    base = Path(recipe.path).parent
    for name in recipe.teach.text.get(direction[0], ()):
        path = base / name
        lines += [Line(path.name.split(".")[0], TEXT, text) for text in dict.fromkeys(map(tidy, read_lines(path)))]
    return [line for line in lines if 0 < len(line.text.split()) <= recipe.data.max_words]


def _write_part(teacher: Teacher, recipe: Recipe, direction: Direction, lines: Sequence[Line]) -> list[Taught]:
    origin: list[int] = []
    texts: list[str] = []
    scores: list[float] = []
    plan, sources = recipe.teach, [line.text for line in lines]
    for number, found in teacher.write(direction, sources, beam=plan.beam, hypotheses=plan.hypotheses):
        origin += [number] * len(found)
        texts += [hypothesis.text for hypothesis in found]
        scores += [hypothesis.score for hypothesis in found]
    trips = _round_trips(teacher, recipe, direction, [sources[number] for number in origin], texts)
    forward = direction[0] == recipe.languages[0]
    taught = []
    for number, text, score, trip in zip(origin, texts, scores, trips, strict=True):
        source, group, original = lines[number]
        if reject_reason(original, text, max_words=recipe.data.max_words, max_ratio=recipe.data.max_ratio):
            continue
        taught.append(Taught(Pair(source, group, *((original, text) if forward else (text, original))), score, trip))
    return taught


def _round_trips(
    teacher: Teacher, recipe: Recipe, direction: Direction, sources: Sequence[str], texts: Sequence[str]
) -> list[float]:
    """chrF of each text, translated back, to its source; 100 where nobody can translate it back."""
    if recipe.teach.min_round_trip_chrf <= 0 or not teacher.can(_back(direction)):
        return [100.0] * len(texts)
    result = [0.0] * len(texts)
    for number, found in teacher.write(_back(direction), texts):
        if found:
            result[number] = sacrebleu.sentence_chrf(found[0].text, [sources[number]]).score
    return result


def teach(
    teacher: Teacher, prepared: Prepared, recipe: Recipe, folder: Path, progress: Progress, part_lines: int = 8192
) -> None:
    """Write ``<from>-<to>.tsv`` for every direction; parts that are there already are not translated again."""
    folder.mkdir(parents=True, exist_ok=True)
    for direction in _ways(recipe):
        name = f"{direction[0]}-{direction[1]}"
        if _path(folder, direction).exists():
            progress.say(f"{_path(folder, direction)}: already there")
            continue
        if not teacher.can(direction):
            raise DistilError(f"teach.teachers names no teacher for {name}")
        lines = lines_for(direction, recipe, prepared.pairs)
        parts = folder / f"{name}.parts"
        parts.mkdir(exist_ok=True)
        starts = range(0, len(lines), part_lines)
        for number, start in enumerate(progress.track(starts, f"teaching {name}", len(starts))):
            path = parts / f"{number:05}.pt"
            if not path.exists():
                taught = _write_part(teacher, recipe, direction, lines[start : start + part_lines])
                with replacing(path, single_writer=True) as file:
                    torch.save([(*line.pair, line.score, line.round_trip_chrf) for line in taught], file)
        _gather(parts, direction, recipe, folder, progress)


def _gather(parts: Path, direction: Direction, recipe: Recipe, folder: Path, progress: Progress) -> None:
    lines = [
        Taught(Pair(*row[:4]), row[4], row[5])
        for path in sorted(parts.glob("*.pt"))
        for row in torch.load(path, weights_only=True)
    ]
    kept = keep(lines, recipe.teach.worst_share, recipe.teach.min_round_trip_chrf)
    with replacing(_path(folder, direction), single_writer=True) as file:
        for row in (("source", "group", *recipe.languages), *kept):
            file.write(("\t".join(row) + "\n").encode())
    progress.say(f"{direction[0]}-{direction[1]}: kept {len(kept)} of {len(lines)} lines")


def load_taught(recipe: Recipe, folder: Path) -> Mapping[Direction, Sequence[Pair]]:
    """Pairs with a teacher's translation, by direction; empty when there was no teacher."""
    written = {way: _path(folder, way) for way in _ways(recipe)}
    if not any(path.exists() for path in written.values()):
        return {}
    for path in written.values():
        if not path.exists():
            raise DistilError(f"{path}: the teacher has not finished; run the step 'translate'")
    return {direction: list(_training_pairs(direction, recipe, written)) for direction in recipe.directions}


def _training_pairs(direction: Direction, recipe: Recipe, written: Mapping[Direction, Path]) -> Iterator[Pair]:
    if direction in written:
        yield from read_pairs(written[direction], recipe.languages)
    if recipe.teach.back and _back(direction) in written:
        # Of the pairs, people's own translation is better than the teacher's as a source.
        yield from (pair for pair in read_pairs(written[_back(direction)], recipe.languages) if pair.group == TEXT)
