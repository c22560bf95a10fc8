"""A compact pre-norm Transformer (Vaswani et al. 2017) shaped for CTranslate2.

Deep encoder and shallow decoder (Kasai et al. 2021): nearly all of the time of a live translation goes to decoding,
which runs once per target token, so layers are cheap in the encoder and dear in the decoder. One embedding matrix
serves source, target and output (Press and Wolf 2017).

Every weight has a place in ``ctranslate2.specs.TransformerSpec``; see ``convert``.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig

__all__ = ["Attention", "Transformer", "count_parameters", "sinusoids"]


BLOCKED = -1e4

Past = tuple[Tensor, Tensor]
"""Keys and values of the positions so far: batch, heads, length, head."""


def sinusoids(length: int, width: int) -> Tensor:
    """Position encodings as CTranslate2 computes them: sines in the first half, cosines in the second."""
    step = math.log(10000.0) / (width // 2 - 1)
    rates = torch.exp(torch.arange(width // 2, dtype=torch.float32) * -step)
    # CTranslate2 counts positions from 1.
    angles = torch.arange(1, length + 1, dtype=torch.float32)[:, None] * rates[None, :]
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)


class Attention(nn.Module):
    """Multi-head attention with one fused projection for whatever shares an input."""

    def __init__(self, config: ModelConfig, *, cross: bool) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.cross = cross
        self.norm = nn.LayerNorm(width)
        if cross:
            self.query = nn.Linear(width, width)
            self.key_value = nn.Linear(width, 2 * width)
        else:
            self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.dropout = nn.Dropout(config.dropout)

    def _split(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        batch, length, _ = x.shape
        split: tuple[Tensor, ...] = x.view(batch, length, parts, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        return split

    def keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Project a memory once for many queries (cross-attention)."""
        key, value = self._split(self.key_value(x), 2)
        return key, value

    def forward(self, x: Tensor, memory: Tensor | None, bias: Tensor | None) -> Tensor:
        y = self.norm(x)
        if memory is None:
            query, key, value = self._split(self.query_key_value(y), 3)
        else:
            (query,) = self._split(self.query(y), 1)
            key, value = self.keys_values(memory)
        return self._mix(x, query, key, value, bias)

    def step(self, x: Tensor, past: tuple[Tensor, Tensor] | None, bias: Tensor | None) -> tuple[Tensor, Past]:
        """One position of the decoder. Self-attention appends to ``past``; cross-attention only reads it."""
        y = self.norm(x)
        if self.cross:
            assert past is not None
            (query,) = self._split(self.query(y), 1)
            key, value = past
        else:
            query, key, value = self._split(self.query_key_value(y), 3)
            if past is not None:
                key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        return self._mix(x, query, key, value, bias), (key, value)

    def _mix(self, x: Tensor, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
        # Written out: on CPUs the fused kernel is eight times slower than this on sentences of 10 to 30 tokens.
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
        if bias is not None:
            scores = scores + bias
        mixed = torch.matmul(scores.softmax(-1), value)
        return x + cast(Tensor, self.dropout(self.output(mixed.transpose(1, 2).flatten(2))))


class FeedForward(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.inner = nn.Linear(config.width, config.feed_forward)
        self.output = nn.Linear(config.feed_forward, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return x + cast(Tensor, self.dropout(self.output(functional.relu(self.inner(self.norm(x))))))


class EncoderLayer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Attention(config, cross=False)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        return cast(Tensor, self.feed_forward(self.attention(x, None, bias)))


class DecoderLayer(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Attention(config, cross=False)
        self.cross = Attention(config, cross=True)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, causal: Tensor, memory: Tensor, bias: Tensor | None) -> Tensor:
        x = self.attention(x, None, causal)
        return cast(Tensor, self.feed_forward(self.cross(x, memory, bias)))

    def step(self, x: Tensor, own: Past | None, memory: Past, bias: Tensor) -> tuple[Tensor, Past]:
        x, own = self.attention.step(x, own, None)
        x, _ = self.cross.step(x, memory, bias)
        return cast(Tensor, self.feed_forward(x)), own


class Transformer(nn.Module):
    """``forward`` gives logits. Ids are padded at the right: the decoder needs no mask but the causal one."""

    positions: Tensor

    def __init__(self, config: ModelConfig, vocabulary: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary, config.width)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.encoder_norm = nn.LayerNorm(config.width)
        self.decoder_norm = nn.LayerNorm(config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary))
        self.register_buffer("positions", sinusoids(config.max_length, config.width), persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        depth = self.config.encoder_layers + self.config.decoder_layers
        nn.init.normal_(self.embedding.weight, std=self.config.width**-0.5)
        for name, weight in self.named_parameters():
            if weight.dim() == 2 and "embedding" not in name:
                nn.init.xavier_uniform_(weight)
                if name.endswith("output.weight"):  # residual branches start small (Radford et al. 2019)
                    weight.data.mul_(1 / math.sqrt(depth))
            elif name.endswith(".bias"):
                nn.init.zeros_(weight)

    def _embed(self, ids: Tensor, first: int = 0) -> Tensor:
        x = functional.embedding(ids, self.embedding.weight) * math.sqrt(self.config.width)
        return cast(Tensor, self.dropout(x + self.positions[first : first + ids.shape[1]].to(x.dtype)))

    def encode(self, source: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return the memory and the attention bias (very negative where ``present`` is false)."""
        x = self._embed(source)
        bias = torch.zeros_like(present, dtype=x.dtype).masked_fill(~present, BLOCKED)[:, None, None, :]
        for layer in self.encoder:
            x = layer(x, bias)
        return self.encoder_norm(x), bias

    def decode(self, target: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
        """Return the decoder's hidden states, ready for :meth:`project`."""
        x = self._embed(target)
        length = target.shape[1]
        causal = torch.full((length, length), BLOCKED, dtype=x.dtype, device=x.device).triu(1)
        for layer in self.decoder:
            x = layer(x, causal, memory, bias)
        return cast(Tensor, self.decoder_norm(x))

    def memories(self, memory: Tensor) -> list[Past]:
        """What :meth:`decode_step` reads of the source, layer by layer."""
        return [cast(DecoderLayer, layer).cross.keys_values(memory) for layer in self.decoder]

    def decode_step(
        self, ids: Tensor, place: int, past: list[Past | None], memories: list[Past], bias: Tensor
    ) -> tuple[Tensor, list[Past | None]]:
        """Return the hidden states after one more token (``ids``: batch x 1) and the new past."""
        x = self._embed(ids, place)
        grown: list[Past | None] = []
        for layer, own, memory in zip(self.decoder, past, memories, strict=True):
            x, kept = cast(DecoderLayer, layer).step(x, own, memory, bias)
            grown.append(kept)
        return cast(Tensor, self.decoder_norm(x))[:, 0], grown

    def project(self, hidden: Tensor) -> Tensor:
        return functional.linear(hidden, self.embedding.weight, self.output_bias)

    def forward(self, source: Tensor, present: Tensor, target: Tensor) -> Tensor:
        memory, bias = self.encode(source, present)
        return self.project(self.decode(target, memory, bias))


def count_parameters(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())
