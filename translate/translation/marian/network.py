"""The arithmetic of a Marian student in NumPy: a Transformer encoder and an SSRU decoder, in float32.

Layers normalise behind themselves ("dan": Vaswani et al. 2017). The decoder has a simpler simple recurrent unit in
place of self-attention (Kim et al. 2019): what it keeps of a translation so far is one vector a layer, so that a prefix
of any length is read at once and a step costs the same wherever it is. A head of its last layer aligns words (Garg et
al. 2019, "Jointly Learning to Align and Translate with Transformer Models").

Sizes below: ``d`` width of the model, ``S`` source tokens, ``R`` rows (hypotheses, or places of one prefix).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from translate.translation.marian.architecture import Architecture
from translate.translation.marian.items import Item, Matrix

__all__ = ["Embeddings", "Memory", "Network", "State"]

_EPSILON = np.float32(1e-9)
_POSITIONS = 1024
"""Places whose code is kept."""
_LINE = 16
"""Numbers in a line of the processor's cache."""
_BLOCK = 8
"""Columns that OpenBLAS multiplies at once."""

Memory = tuple[tuple[Matrix, Matrix], ...]
"""A source as each decoder layer attends to it: keys (heads, d / heads, S) and values (heads, S, d / heads)."""
State = tuple[Matrix, ...]
"""What each decoder layer keeps of what was said: (R, d)."""


def _sums(x: Matrix, axis: int) -> Matrix:
    """The same as ``x.sum``, in a third of the time for a single row."""
    found: Any = np.add.reduce(x, axis=axis, keepdims=True)
    return found  # type: ignore[no-any-return]


class _Weights:
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
        try:
            return self._items[name]
        except KeyError:
            raise ValueError(f"it has no {name}") from None

    def matrix(self, name: str, rows: int, columns: int | None = None) -> Matrix:
        item = self.item(name)
        if len(item.shape) != 2 or item.shape[0] != rows or columns not in (None, item.shape[1]):
            raise ValueError(f"{name} has the shape {item.shape}, not {(rows, columns or 'any')}")
        return self._of(item, item.matrix)

    def vector(self, name: str, size: int) -> Matrix:
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


@dataclass(frozen=True, slots=True)
class _Norm:
    """Layer normalisation (Ba et al. 2016)."""

    scale: Matrix
    bias: Matrix
    ones: Matrix

    def __call__(self, x: Matrix) -> Matrix:
        if len(x) == 1:
            return self._row(x[0])[None]
        width = np.float32(x.shape[1])
        x = x - _sums(x, 1) / width
        variance = _sums(x * x, 1) / width
        x /= np.sqrt(variance + _EPSILON)
        x *= self.scale
        x += self.bias
        return x

    def _row(self, x: Matrix) -> Matrix:
        """The same for one row, in a third of the time: a step of greedy search does this six times and more."""
        width = len(x)
        x = x - np.float32(np.dot(x, self.ones) / width)
        x *= np.float32(1 / math.sqrt(np.dot(x, x) / width + 1e-9))
        x *= self.scale
        x += self.bias
        return x


@dataclass(frozen=True, slots=True)
class _FeedForward:
    """Two layers with a ReLU between them, computed column by column.

    Of a wide matrix and a few columns OpenBLAS makes the product in two thirds of the time that it takes for rows, and
    of 24 columns in two thirds of the time that it takes for 23.
    """

    inner: Matrix
    """Transposed."""
    inner_bias: Matrix
    """A column."""
    outer: Matrix
    """Transposed."""
    outer_bias: Matrix
    norm: _Norm

    def __call__(self, x: Matrix) -> Matrix:
        rows = len(x)
        columns: Matrix = x.T
        if rows not in (1, 2, 4) and rows % _BLOCK:
            columns = np.zeros((x.shape[1], -(-rows // _BLOCK) * _BLOCK if rows > 4 else 4), np.float32)
            columns[:, :rows] = x.T
        hidden: Matrix = self.inner @ columns
        hidden += self.inner_bias
        np.maximum(hidden, 0, out=hidden)
        found: Matrix = (self.outer @ hidden).T[:rows] + self.outer_bias
        found += x
        return self.norm(found)


@dataclass(frozen=True, slots=True)
class _Attention:
    """Attention of several heads; the query is scaled beforehand."""

    heads: int
    query: Matrix
    query_bias: Matrix
    key_value: Matrix
    """Both side by side."""
    key_value_bias: Matrix
    output: Matrix
    output_bias: Matrix
    norm: _Norm

    def keys_and_values(self, context: Matrix) -> tuple[Matrix, Matrix]:
        """What rows (S, d) offer to attention."""
        size, width = context.shape
        both: Matrix = context @ self.key_value
        both += self.key_value_bias
        keys, values = both.reshape(size, 2, self.heads, width // self.heads).transpose(1, 2, 0, 3)
        return np.ascontiguousarray(keys.transpose(0, 2, 1)), np.ascontiguousarray(values)

    def look(self, queries: Matrix, keys: Matrix, values: Matrix) -> tuple[Matrix, Matrix]:
        """What rows of queries (R, d) find: (R, d); and where the first head looks: (R, S)."""
        rows, width = queries.shape
        weights = queries.reshape(rows, self.heads, width // self.heads).transpose(1, 0, 2) @ keys
        weights -= np.maximum.reduce(weights, axis=2, keepdims=True)
        np.exp(weights, out=weights)
        weights /= _sums(weights, 2)
        found: Any = (weights @ values).transpose(1, 0, 2).reshape(rows, width)
        return found, weights[0].copy()

    def queries(self, x: Matrix) -> Matrix:
        found = x @ self.query
        found += self.query_bias
        return found

    def close(self, x: Matrix, found: Matrix) -> Matrix:
        """The layer's output from its input and what attention found."""
        found = found @ self.output
        found += self.output_bias
        found += x
        return self.norm(found)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Simpler simple recurrent unit."""

    input_forget: Matrix
    """W and Wf side by side."""
    forget_bias: Matrix
    norm: _Norm

    def gates(self, x: Matrix) -> tuple[Matrix, Matrix]:
        """How much of the state is kept, and what comes to it: (R, d) each."""
        both = x @ self.input_forget
        width = x.shape[1]
        keep = both[:, width:] + self.forget_bias
        keep = 1 / (1 + np.exp(-keep))
        return keep, (1 - keep) * both[:, :width]

    def close(self, x: Matrix, cells: Matrix) -> Matrix:
        return self.norm(np.maximum(cells, 0) + x)


@dataclass(frozen=True, slots=True)
class _EncoderLayer:
    attention: _Attention
    feed_forward: _FeedForward


@dataclass(frozen=True, slots=True)
class _DecoderLayer:
    unit: _Unit
    attention: _Attention
    feed_forward: _FeedForward


class Network:
    """The layers of one model. Reading only: safe for any number of threads.

    Raises:
        ValueError: an item is missing, or its shape or numbers cannot be; the message names it.
    """

    def __init__(self, architecture: Architecture, items: Mapping[str, Item]) -> None:
        self.width = architecture.width
        self._scale = np.float32(np.sqrt(architecture.width))
        weights = _Weights(items)
        self.embeddings = Embeddings(weights.item(architecture.embeddings), self.width)
        self.target_embeddings = (
            self.embeddings
            if architecture.target_embeddings == architecture.embeddings
            else Embeddings(weights.item(architecture.target_embeddings), self.width)
        )
        self.output = (
            self.target_embeddings
            if architecture.output == architecture.target_embeddings
            else Embeddings(weights.item(architecture.output), self.width, transposed=True)
        )
        if self.output.size != self.target_embeddings.size:
            raise ValueError(f"{architecture.output} is for {self.output.size} tokens, not the vocabulary's")
        bias = "decoder_ff_logit_out_b"
        self.output_bias = (
            weights.vector(bias, self.output.size) if bias in items else np.zeros(self.output.size, np.float32)
        )
        self._encoder = [
            _EncoderLayer(
                _attention(weights, f"encoder_l{i}_self", architecture),
                _feed_forward(weights, f"encoder_l{i}_ffn", self.width),
            )
            for i in range(1, architecture.encoder_layers + 1)
        ]
        self._decoder = [
            _DecoderLayer(
                _unit(weights, f"decoder_l{i}_rnn", self.width),
                _attention(weights, f"decoder_l{i}_context", architecture),
                _feed_forward(weights, f"decoder_l{i}_ffn", self.width),
            )
            for i in range(1, architecture.decoder_layers + 1)
        ]
        self._code = _position_code(np.arange(_POSITIONS), self.width)

    def encode(self, sources: Sequence[Sequence[int]]) -> list[Memory]:
        """Read sources (token ids, each closed by that of ``</s>``)."""
        ends = np.cumsum([len(source) for source in sources]).tolist()
        spans = [slice(end - len(source), end) for source, end in zip(sources, ends, strict=True)]
        x = self.embeddings.of([token for source in sources for token in source]) * self._scale
        x += self._positions([i for source in sources for i in range(len(source))])
        for layer in self._encoder:
            attention = layer.attention
            queries = attention.queries(x)
            found = np.empty_like(x)
            for span in spans:
                found[span], _ = attention.look(queries[span], *attention.keys_and_values(x[span]))
            x = layer.feed_forward(attention.close(x, found))
        return [tuple(layer.attention.keys_and_values(x[span]) for layer in self._decoder) for span in spans]

    def read(self, memory: Memory, prefix: Sequence[int]) -> tuple[Matrix, State, Matrix]:
        """Read the beginning of one translation at once.

        Returns:
            For each place of the prefix and the one behind it, what is said there (P + 1, d); the state behind (1, d);
            where the aligning head looks (P + 1, S).
        """
        x = np.zeros((len(prefix) + 1, self.width), np.float32)
        if prefix:
            x[1:] = self.target_embeddings.of(prefix) * self._scale
        x += self._positions(range(len(x)))
        state = []
        looks = x
        for layer, (keys, values) in zip(self._decoder, memory, strict=True):
            keep, new = layer.unit.gates(x)
            cells = new
            for i in range(1, len(cells)):
                cells[i] += keep[i] * cells[i - 1]
            state.append(cells[-1:].copy())
            x = layer.unit.close(x, cells)
            found, looks = layer.attention.look(layer.attention.queries(x), keys, values)
            x = layer.feed_forward(layer.attention.close(x, found))
        return x, tuple(state), looks

    def advance(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        state: State,
        memories: Sequence[Memory],
        spans: Sequence[slice],
    ) -> tuple[Matrix, State, list[Matrix]]:
        """One token further.

        Args:
            tokens: the last token of every row.
            positions: how many tokens every row has.
            state: what the last call gave, rows in the order of ``tokens``.
            memories: the sources.
            spans: the rows of each source.

        Returns:
            What is said (R, d), the state, and for each source where the aligning head looks.
        """
        x = self.target_embeddings.of(tokens)
        x *= self._scale
        x += self._positions(positions)
        after = []
        looks: list[Matrix] = []
        for i, layer in enumerate(self._decoder):
            keep, new = layer.unit.gates(x)
            keep *= state[i]
            keep += new
            after.append(keep)
            x = layer.unit.close(x, keep)
            queries = layer.attention.queries(x)
            views = [
                layer.attention.look(queries[span], *memory[i]) for span, memory in zip(spans, memories, strict=True)
            ]
            looks = [look for _, look in views]
            found = views[0][0] if len(views) == 1 else np.concatenate([found for found, _ in views])
            x = layer.feed_forward(layer.attention.close(x, found))
        return x, tuple(after), looks

    def _positions(self, places: Sequence[int]) -> Matrix:
        if max(places) < _POSITIONS:
            return self._code[list(places)]
        return _position_code(np.asarray(places), self.width)


def _position_code(places: np.ndarray[Any, np.dtype[np.int64]], width: int) -> Matrix:
    """Sinusoids: all sines, then all cosines."""
    half = width // 2
    rates = np.exp(np.arange(half) * -(np.log(10000.0) / max(1, half - 1)))
    angles = places[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def _norm(weights: _Weights, prefix: str, width: int) -> _Norm:
    return _Norm(
        weights.keep(weights.vector(f"{prefix}_ln_scale", width)),
        weights.keep(weights.vector(f"{prefix}_ln_bias", width)),
        np.ones(width, np.float32),
    )


def _feed_forward(weights: _Weights, prefix: str, width: int) -> _FeedForward:
    inner = weights.matrix(f"{prefix}_W1", width)
    hidden = inner.shape[1]
    return _FeedForward(
        weights.keep(inner.T),
        weights.keep(weights.vector(f"{prefix}_b1", hidden)[:, None]),
        weights.keep(weights.matrix(f"{prefix}_W2", hidden, width).T),
        weights.keep(weights.vector(f"{prefix}_b2", width)),
        _norm(weights, f"{prefix}_ffn", width),
    )


def _attention(weights: _Weights, prefix: str, architecture: Architecture) -> _Attention:
    width = architecture.width
    matrix = {name: weights.matrix(f"{prefix}_W{name}", width, width) for name in "qkvo"}
    bias = {name: weights.vector(f"{prefix}_b{name}", width) for name in "qkvo"}
    scale = np.float32((width // architecture.heads) ** -0.5)
    return _Attention(
        architecture.heads,
        weights.keep(matrix["q"] * scale),
        weights.keep(bias["q"] * scale),
        weights.keep(np.concatenate([matrix["k"], matrix["v"]], axis=1)),
        weights.keep(np.concatenate([bias["k"], bias["v"]])),
        weights.keep(matrix["o"]),
        weights.keep(bias["o"]),
        _norm(weights, f"{prefix}_Wo", width),
    )


def _unit(weights: _Weights, prefix: str, width: int) -> _Unit:
    both = [weights.matrix(f"{prefix}_{name}", width, width) for name in ("W", "Wf")]
    return _Unit(
        weights.keep(np.concatenate(both, axis=1)),
        weights.keep(weights.vector(f"{prefix}_bf", width)),
        _norm(weights, f"{prefix}_ffn", width),
    )
