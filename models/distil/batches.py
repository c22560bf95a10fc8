"""Batches of tokens from prepared pairs, grouped by length; the same seed gives the same batches.

Text is noised and encoded on the fly, a chunk of pairs at a time, so that no two epochs are alike. A chunk depends
only on the seed, the epoch and its place there: training resumes at (epoch, chunk, batch) without replaying anything.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .config import Recipe, TrainConfig
from .noise import augment, names_in
from .prepare import Prepared, prefix_ids, weight_of

__all__ = ["Batch", "Place", "Stream", "pad"]

IGNORED = -100

Row = tuple[list[int], list[int]]
"""Source ids with tag and end; target ids without either."""
Arrays = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""Padded source and labels of a batch."""
Position = tuple[int, int, list[tuple[int, int]]]
"""Epoch, chunk, and the (direction, index) items of the chunk."""


class Batch(NamedTuple):
    """Padded ids. ``labels`` is ``target`` one place on, with padding that the loss leaves out."""

    source: Tensor
    present: Tensor
    target: Tensor
    labels: Tensor
    tokens: int

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        source, present, target, labels, tokens = self
        return Batch(source.to(device), present.to(device), target.to(device), labels.to(device), tokens)


@dataclass(frozen=True)
class Place:
    """The position of a batch in the stream: the next to train on."""

    epoch: int = 0
    chunk: int = 0
    batch: int = 0


def pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Stack rows of ids, padded at the right to the longest."""
    return torch.from_numpy(_table(rows, value)).long()


def _table(rows: Sequence[Sequence[int]], value: int) -> npt.NDArray[np.int32]:
    table = np.full((len(rows), max(map(len, rows))), value, dtype=np.int32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table


class Stream:
    """Batches of a recipe from a given position on, epoch after epoch."""

    def __init__(
        self, recipe: Recipe, prepared: Prepared, train: TrainConfig, directions: Sequence[tuple[str, str]] = ()
    ) -> None:
        """``directions`` narrows the recipe's own to those that a specialised student still learns."""
        self._recipe = recipe
        self._directions = tuple(directions) or recipe.directions
        self._tokenizer = prepared.tokenizer
        self._train = train
        self._limit = train.gpu_batch_tokens if torch.cuda.is_available() else train.batch_tokens
        self._pairs = [prepared.pairs_for(direction) for direction in self._directions]
        self._weights = [np.array([weight_of(pair, recipe.data) for pair in pairs]) for pairs in self._pairs]
        self._names = _proper_names(prepared)
        self._tags = [prefix_ids(recipe, prepared.tokenizer, target) for _, target in self._directions]

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        """Rows of (direction, index), each pair about as often as its weight says."""
        random = np.random.default_rng([self._recipe.seed, epoch])
        items = []
        for direction, weights in enumerate(self._weights):
            copies = np.floor(weights + random.random(len(weights))).astype(np.int64)
            indices = np.repeat(np.arange(len(copies)), copies)
            items.append(np.stack([np.full_like(indices, direction), indices], axis=1))
        order = np.concatenate(items)
        random.shuffle(order)
        return order

    def _sides(self, direction: int, index: int) -> tuple[str, str]:
        pair = self._pairs[direction][index]
        forward = self._directions[direction][0] == self._recipe.languages[0]
        return (pair.first, pair.second) if forward else (pair.second, pair.first)

    def _texts(self, items: Sequence[tuple[int, int]], random: Random) -> Iterator[tuple[int, str, str]]:
        previous: dict[int, tuple[str, str]] = {}
        for direction, index in items:
            sides = self._sides(direction, index)
            language = self._directions[direction][0]
            other = previous.get(direction, sides)
            source, target = augment(sides, other, language, random, self._recipe.noise, self._names)
            previous[direction] = sides
            yield direction, source, target

    def _chunk(self, epoch: int, chunk: int, items: Sequence[tuple[int, int]]) -> list[Arrays]:
        random = Random(f"{self._recipe.seed} {epoch} {chunk}")
        texts = list(self._texts(items, random))
        end = self._tokenizer.eos_id()
        sources = self._tokenizer.encode([source for _, source, _ in texts])
        targets = self._tokenizer.encode([target for _, _, target in texts])
        limit = self._limit // 8
        rows = [
            (self._tags[direction] + source + [end], target)
            for (direction, _, _), source, target in zip(texts, sources, targets, strict=True)
            if 0 < len(source) < limit and 0 < len(target) < limit
        ]
        rows.sort(key=lambda row: (max(len(row[0]), len(row[1]) + 1), len(row[0])))
        batches = [self._arrays(part) for part in _cut(rows, self._limit)]
        random.shuffle(batches)
        return batches

    def _arrays(self, rows: list[Row]) -> Arrays:
        filler, end = self._tokenizer.pad_id(), self._tokenizer.eos_id()
        return _table([row[0] for row in rows], filler), _table([[*row[1], end] for row in rows], IGNORED)

    def _batch(self, arrays: Arrays) -> Batch:
        source, labels = (torch.from_numpy(array).long() for array in arrays)
        filler = self._tokenizer.pad_id()
        target = torch.full_like(labels, self._tokenizer.bos_id())
        target[:, 1:] = labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, filler)
        return Batch(source, source != filler, target, labels, int((labels != IGNORED).sum()))

    def _positions(self, place: Place) -> Iterator[Position]:
        epoch, chunk, size = place.epoch, place.chunk, self._train.chunk_pairs
        while True:
            order = self._order(epoch)
            for first in range(chunk * size, len(order), size):
                yield epoch, first // size, order[first : first + size].tolist()
            epoch, chunk = epoch + 1, 0

    def _chunks(self, place: Place) -> Iterator[tuple[int, int, list[Arrays]]]:
        workers = self._train.gpu_workers if torch.cuda.is_available() else self._train.workers
        if workers == 0:
            for epoch, chunk, items in self._positions(place):
                yield epoch, chunk, self._chunk(epoch, chunk, items)
            return
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _initialise_worker, (self,))
        waiting: deque[tuple[int, int, Future[list[Arrays]]]] = deque()
        try:
            for epoch, chunk, items in self._positions(place):
                waiting.append((epoch, chunk, pool.submit(_work, epoch, chunk, items)))
                if len(waiting) > workers:
                    done_epoch, done_chunk, future = waiting.popleft()
                    yield done_epoch, done_chunk, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def batches(self, place: Place) -> Iterator[tuple[Place, Batch]]:
        """Yield each batch with the place that follows it."""
        skip = place.batch
        for epoch, chunk, batches in self._chunks(place):
            for number in range(skip, len(batches)):
                last = number + 1 == len(batches)
                after = Place(epoch, chunk + 1, 0) if last else Place(epoch, chunk, number + 1)
                yield after, self._batch(batches[number])
            skip = 0


_worker_stream: list[Stream] = []
"""The stream of a worker process: one item."""


def _initialise_worker(stream: Stream) -> None:
    _worker_stream[:] = [stream]


def _work(epoch: int, chunk: int, items: list[tuple[int, int]]) -> list[Arrays]:
    return _worker_stream[0]._chunk(epoch, chunk, items)


def _proper_names(prepared: Prepared) -> list[str]:
    """Names that some pair has on both sides and no pair writes in lower case."""
    names = {name for pair in prepared.pairs for name in names_in(pair.first, pair.second)}
    common = {word.strip(".,;:!?¡¿") for pair in prepared.pairs for side in pair[2:] for word in side.split()}
    return sorted(name for name in names if name.lower() not in common)


def _cut(rows: list[Row], tokens: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    longest = 0
    for row in rows:
        longest = max(longest, len(row[0]), len(row[1]) + 1)
        if batch and longest * (len(batch) + 1) > tokens:
            yield batch
            batch, longest = [], max(len(row[0]), len(row[1]) + 1)
        batch.append(row)
    if batch:
        yield batch
