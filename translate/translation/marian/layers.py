"""The layers of a Marian model, each with its weights: what it makes of rows (R, d)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from translate.translation.marian.architecture import Architecture
from translate.translation.marian.items import Matrix
from translate.translation.marian.weights import Weights

__all__ = ["Attention", "FeedForward", "Norm", "Unit"]

_EPSILON = 1e-9
_BLOCK = 8
"""Columns that OpenBLAS multiplies at once."""


def _sums(x: Matrix, axis: int) -> Matrix:
    """The same as ``x.sum``, in a third of the time for a single row."""
    found: Any = np.add.reduce(x, axis=axis, keepdims=True)
    return found  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation (Ba et al. 2016)."""

    scale: Matrix
    bias: Matrix
    ones: Matrix

    @classmethod
    def read(cls, weights: Weights, prefix: str, width: int) -> Norm:
        """That of ``prefix``, for a model of ``width``."""
        return cls(
            weights.keep(weights.vector(f"{prefix}_ln_scale", width)),
            weights.keep(weights.vector(f"{prefix}_ln_bias", width)),
            np.ones(width, np.float32),
        )

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
        x *= np.float32(1 / math.sqrt(np.dot(x, x) / width + _EPSILON))
        x *= self.scale
        x += self.bias
        return x


@dataclass(frozen=True, slots=True)
class FeedForward:
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
    norm: Norm

    @classmethod
    def read(cls, weights: Weights, prefix: str, width: int) -> FeedForward:
        """Those of ``prefix``, for a model of ``width``."""
        inner = weights.matrix(f"{prefix}_W1", width)
        hidden = inner.shape[1]
        return cls(
            weights.keep(inner.T),
            weights.keep(weights.vector(f"{prefix}_b1", hidden)[:, None]),
            weights.keep(weights.matrix(f"{prefix}_W2", hidden, width).T),
            weights.keep(weights.vector(f"{prefix}_b2", width)),
            Norm.read(weights, f"{prefix}_ffn", width),
        )

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
class Attention:
    """Attention of several heads; the query is scaled beforehand."""

    heads: int
    query: Matrix
    query_bias: Matrix
    key_value: Matrix
    """Both side by side."""
    key_value_bias: Matrix
    output: Matrix
    output_bias: Matrix
    norm: Norm

    @classmethod
    def read(cls, weights: Weights, prefix: str, architecture: Architecture) -> Attention:
        """That of ``prefix``."""
        width = architecture.width
        matrix = {name: weights.matrix(f"{prefix}_W{name}", width, width) for name in "qkvo"}
        bias = {name: weights.vector(f"{prefix}_b{name}", width) for name in "qkvo"}
        scale = np.float32((width // architecture.heads) ** -0.5)
        return cls(
            architecture.heads,
            weights.keep(matrix["q"] * scale),
            weights.keep(bias["q"] * scale),
            weights.keep(np.concatenate([matrix["k"], matrix["v"]], axis=1)),
            weights.keep(np.concatenate([bias["k"], bias["v"]])),
            weights.keep(matrix["o"]),
            weights.keep(bias["o"]),
            Norm.read(weights, f"{prefix}_Wo", width),
        )

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
class Unit:
    """Simpler simple recurrent unit."""

    input_forget: Matrix
    """W and Wf side by side."""
    forget_bias: Matrix
    norm: Norm

    @classmethod
    def read(cls, weights: Weights, prefix: str, width: int) -> Unit:
        """That of ``prefix``, for a model of ``width``."""
        both = [weights.matrix(f"{prefix}_{name}", width, width) for name in ("W", "Wf")]
        return cls(
            weights.keep(np.concatenate(both, axis=1)),
            weights.keep(weights.vector(f"{prefix}_bf", width)),
            Norm.read(weights, f"{prefix}_ffn", width),
        )

    def gates(self, x: Matrix) -> tuple[Matrix, Matrix]:
        """How much of the state is kept, and what comes to it: (R, d) each."""
        both = x @ self.input_forget
        width = x.shape[1]
        keep = both[:, width:] + self.forget_bias
        keep = 1 / (1 + np.exp(-keep))
        return keep, (1 - keep) * both[:, :width]

    def close(self, x: Matrix, cells: Matrix) -> Matrix:
        return self.norm(np.maximum(cells, 0) + x)
