"""The lexical shortlist of a Marian folder: which tokens a token of the source may come out as.

Without one our engine looks at every token of the vocabulary for every token that it says, which costs ten times the
rest of the network. The lists are those of the translation table of IBM model 1 (Brown et al. 1993) over the pieces of
the training text, and every piece itself, for names are copied.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from translate.atomic import replacing

from .config import Recipe
from .noise import uncase
from .prepare import Prepared, weight_of

__all__ = ["best_targets", "make_shortlist", "translation_table", "write_shortlist"]

_MAGIC = 0xF11A48D5013417F5
_PAIRS = 200_000
_ROUNDS = 4
_UNCASED = 0.25
"""Share of the sources without case and punctuation, as recognisers write them."""
_BEST = 50
_LEAST = 5e-4
"""A target that is less likely than that is left out."""

Ids = npt.NDArray[np.int64]
Table = npt.NDArray[np.float32]


def make_shortlist(recipe: Recipe, prepared: Prepared, path: Path) -> None:
    """Write the lists for the one direction of a recipe, from a sample of its text, weighted as in training."""
    tokenizer, direction = prepared.tokenizer, recipe.directions[0]
    chance = Random(recipe.seed)
    pairs = prepared.pairs_for(direction)
    weights = [weight_of(pair, recipe.data) for pair in pairs]
    forward = direction[0] == recipe.languages[0]

    def sides() -> Iterator[tuple[str, str]]:
        for pair in chance.choices(pairs, weights, k=min(_PAIRS, 4 * len(pairs))):
            source, target = (pair.first, pair.second) if forward else (pair.second, pair.first)
            yield (uncase(source, target)[0] if chance.random() < _UNCASED else source), target

    end = tokenizer.eos_id()
    texts = list(sides())
    sources = [np.array([*ids, end], np.int64) for ids in tokenizer.encode([source for source, _ in texts])]
    targets = [np.array(ids, np.int64) for ids in tokenizer.encode([target for _, target in texts])]
    table = translation_table(list(zip(sources, targets, strict=True)), tokenizer.get_piece_size(), _ROUNDS)
    write_shortlist(path, best_targets(table, _BEST, _LEAST))


def translation_table(pairs: Sequence[tuple[Ids, Ids]], size: int, rounds: int) -> Table:
    """How likely each target token comes of each source token: (size, size), by expectation maximisation.

    Args:
        pairs: token ids; every source has a token, such as ``</s>``, that what comes of nothing can be laid to.
        size: tokens of the vocabulary of both sides.
        rounds: of expectation maximisation; the first starts from what stands together.
    """
    table = np.ones(size * size, np.float32)
    for _ in range(rounds):
        counts = np.zeros(size * size, np.float32)
        for source, target in pairs:
            places = source[:, None] * size + target[None, :]
            odds = table[places]
            odds /= odds.sum(axis=0)
            np.add.at(counts, places, odds)
        by_source = counts.reshape(size, size)
        by_source /= np.maximum(by_source.sum(axis=1, keepdims=True), np.float32(1e-9))
        table = counts
    return table.reshape(size, size)


def best_targets(table: Table, best: int, least: float) -> list[Ids]:
    """For each source token the likeliest target tokens and itself, in order of their ids."""
    found = []
    for token, row in enumerate(table):
        likely = np.argpartition(row, -best)[-best:] if best < len(row) else np.arange(len(row))
        found.append(np.union1d(likely[row[likely] >= least], [token]))
    return found


def write_shortlist(path: Path, lists: Iterable[Ids]) -> None:
    """Write the file, as a whole; ``translate/translation/marian/shortlist.py`` has the form of it."""
    kept = list(lists)
    offsets = np.cumsum([0, *(len(ids) for ids in kept)]).astype("<u8")
    entries = np.concatenate(kept).astype("<u4")
    head = struct.pack("<6Q", _MAGIC, 0, _BEST, _BEST, len(offsets), len(entries))
    with replacing(path, single_writer=True) as file:
        file.write(head + offsets.tobytes() + entries.tobytes())
