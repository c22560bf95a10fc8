"""The weights of a Marian model, taken from its items by name: whole, of the right shape, close together in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from translate.translation.marian.items import Item, Matrix

__all__ = ["Embeddings", "Weights"]

_LINE = 16
"""Numbers in a line of the processor's cache."""


class Weights:
    """The items of a file, taken by name; each must have the shape that the others ask for.

    What is kept lies in one piece of memory: the system gives that in large pages, and a network of many small arrays
    would wait for the tables of small ones whenever it has rested for a moment.
    """

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        kept = (item for item in items.values() if re.match(r"(?:en|de)coder_l\d", item.name))
        count = sum(math.prod(item.shape) + _LINE for item in kept)
        self._memory = np.empty(count, np.float32)
        self._used = 0

    def keep(self, array: Matrix) -> Matrix:
        """The same array, in its place."""
        place = self._memory[self._used : self._used + array.size].reshape(array.shape)
        place[...] = array
        self._used += -(-array.size // _LINE) * _LINE
        return place

    def item(self, name: str) -> Item:
        """An item as it is. Raises ValueError: there is none."""
        try:
            return self._items[name]
        except KeyError:
            raise ValueError(f"it has no {name}") from None

    def matrix(self, name: str, rows: int, columns: int | None = None) -> Matrix:
        """A matrix of ``rows`` and, unless ``None``, ``columns``. Raises ValueError: it has another shape."""
        item = self.item(name)
        if len(item.shape) != 2 or item.shape[0] != rows or columns not in (None, item.shape[1]):
            raise ValueError(f"{name} has the shape {item.shape}, not {(rows, columns or 'any')}")
        return self._of(item, item.matrix)

    def vector(self, name: str, size: int) -> Matrix:
        """A vector. Raises ValueError: it has another size."""
        item = self.item(name)
        if item.shape not in ((1, size), (size,)):
            raise ValueError(f"{name} has the shape {item.shape}, not {(1, size)}")
        return self._of(item, item.floats).reshape(size)

    def _of(self, item: Item, read: object) -> Matrix:
        try:
            return read()  # type: ignore[operator, no-any-return]
        except ValueError as error:
            raise ValueError(f"{item.name} {error}") from error


class Embeddings:
    """The vectors of a vocabulary, kept as small as the file has them."""

    def __init__(self, item: Item, width: int, *, transposed: bool = False) -> None:
        if len(item.shape) != 2 or item.shape[1 - transposed] != width:
            raise ValueError(f"{item.name} has the shape {item.shape}; the width of the model is {width}")
        self.size = item.shape[transposed]
        self._scale = np.float32(1)
        try:
            if item.quantised:
                values, scale = item.integers()
                self._scale = np.float32(scale)
                self._rows: np.ndarray[tuple[int, int], np.dtype[np.number]] = values.reshape(self.size, width).copy()
            else:
                floats = item.floats()
                self._rows = np.ascontiguousarray(floats.T) if transposed else floats
        except ValueError as error:
            raise ValueError(f"{item.name} {error}") from error

    def of(self, ids: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]]) -> Matrix:
        """The vectors of tokens: (len(ids), d)."""
        return self._rows[ids].astype(np.float32) * self._scale
