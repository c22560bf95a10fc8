"""The arithmetic of a Marian student in NumPy: a Transformer encoder and an SSRU decoder, in float32.

Layers normalise behind themselves ("dan": Vaswani et al. 2017). The decoder has a simpler simple recurrent unit in
place of self-attention (Kim et al. 2019): what it keeps of a translation so far is one vector a layer, so that a prefix
of any length is read at once and a step costs the same wherever it is. A head of its last layer aligns words (Garg et
al. 2019, "Jointly Learning to Align and Translate with Transformer Models").

Sizes below: ``d`` width of the model, ``S`` source tokens, ``R`` rows (hypotheses, or places of one prefix).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from translate.translation.marian.architecture import Architecture
from translate.translation.marian.items import Item, Matrix
from translate.translation.marian.layers import Attention, FeedForward, Unit
from translate.translation.marian.weights import Embeddings, Weights

__all__ = ["Memory", "Network", "State"]

_POSITIONS = 1024
"""Places whose code is kept."""

Memory = tuple[tuple[Matrix, Matrix], ...]
"""A source as each decoder layer attends to it: keys (heads, d / heads, S) and values (heads, S, d / heads)."""
State = tuple[Matrix, ...]
"""What each decoder layer keeps of what was said: (R, d)."""


@dataclass(frozen=True, slots=True)
class _EncoderLayer:
    attention: Attention
    feed_forward: FeedForward


@dataclass(frozen=True, slots=True)
class _DecoderLayer:
    unit: Unit
    attention: Attention
    feed_forward: FeedForward


class Network:
    """The layers of one model. Reading only: safe for any number of threads.

    Raises:
        ValueError: an item is missing, or its shape or numbers cannot be; the message names it.
    """

    def __init__(self, architecture: Architecture, items: Mapping[str, Item]) -> None:
        self.width = architecture.width
        self._scale = np.float32(np.sqrt(architecture.width))
        weights = Weights(items)
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
                Attention.read(weights, f"encoder_l{i}_self", architecture),
                FeedForward.read(weights, f"encoder_l{i}_ffn", self.width),
            )
            for i in range(1, architecture.encoder_layers + 1)
        ]
        self._decoder = [
            _DecoderLayer(
                Unit.read(weights, f"decoder_l{i}_rnn", self.width),
                Attention.read(weights, f"decoder_l{i}_context", architecture),
                FeedForward.read(weights, f"decoder_l{i}_ffn", self.width),
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
