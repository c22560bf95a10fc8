"""A Transformer with an SSRU decoder, such as Firefox's students, in torch: to go on training what Marian trained.

It computes what ``translate/translation/marian`` computes (Kim et al. 2019, "From Research to Production and Back:
Ludicrously Fast Neural Machine Translation"); a test holds the logits of both side by side. The weights have the names
and the shapes of Marian's file, so that nothing needs to be mapped between them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import sentencepiece
import torch
from torch import Tensor, nn
from torch.nn import functional

from translate.translation.marian.architecture import Architecture

from .errors import DistilError
from .model import BLOCKED

__all__ = ["EMBEDDINGS", "OUTPUT_BIAS", "SsruTransformer", "carry_over", "segment"]

EMBEDDINGS = "Wemb"
OUTPUT_BIAS = "decoder_ff_logit_out_b"
_EPSILON = 1e-9
_LONGEST = 1024
"""Positions whose code is kept."""
_ROWS = 256
"""Whose logits are computed at once."""
_PLAIN = str.maketrans("’‘“”«»–—¿¡", '\'\'""""--?!')
"""What a mark begins as that a vocabulary lacks."""

Matrix = npt.NDArray[np.float32]


class SsruTransformer(nn.Module):
    """The network of a Marian file whose vocabularies and output share one matrix.

    Ids are padded at the right. The first id of a target stands for its beginning and counts as no token at all: Marian
    feeds a vector of zeros there.

    Raises:
        DistilError: the file has more than one matrix of embeddings.
    """

    positions: Tensor

    def __init__(self, architecture: Architecture, weights: Mapping[str, Matrix]) -> None:
        super().__init__()
        if {architecture.embeddings, architecture.target_embeddings, architecture.output} != {EMBEDDINGS}:
            raise DistilError("only a model with one vocabulary and tied embeddings can be gone on with")
        self.architecture = architecture
        self.weights = nn.ParameterDict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
        self.register_buffer("positions", _position_code(_LONGEST, architecture.width), persistent=False)

    def arrays(self) -> dict[str, Matrix]:
        """The weights as they are now, by their names in Marian's file."""
        return {name: weight.detach().float().cpu().numpy().copy() for name, weight in self.weights.items()}

    def encode(self, source: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return the memory and the attention bias (very negative where ``present`` is false)."""
        x = self._embed(source)
        x = x + self.positions[: x.shape[1]]
        bias = torch.zeros_like(present, dtype=x.dtype).masked_fill(~present, BLOCKED)[:, None, None, :]
        for i in range(1, self.architecture.encoder_layers + 1):
            x = self._attention(f"encoder_l{i}_self", x, x, bias)
            x = self._feed_forward(f"encoder_l{i}_ffn", x)
        return x, bias

    def decode(self, target: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
        """Return what the decoder says at every place of the target, ready for :meth:`project`."""
        x = functional.pad(self._embed(target[:, 1:]), (0, 0, 1, 0))
        x = x + self.positions[: x.shape[1]]
        for i in range(1, self.architecture.decoder_layers + 1):
            x = self._recurrent(f"decoder_l{i}_rnn", x)
            x = self._attention(f"decoder_l{i}_context", x, memory, bias)
            x = self._feed_forward(f"decoder_l{i}_ffn", x)
        return x

    def project(self, said: Tensor) -> Tensor:
        """The logits of every token."""
        return functional.linear(said, self.weights[EMBEDDINGS], self.weights[OUTPUT_BIAS].flatten())

    def loss(self, said: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        """Mean cross entropy with smoothed labels (R) of what is said (R, d), in two thirds of the time of logits."""
        apply: Any = _Loss.apply
        return cast(Tensor, apply(said, self.weights[EMBEDDINGS], self.weights[OUTPUT_BIAS], labels, smoothing))

    def forward(self, source: Tensor, present: Tensor, target: Tensor) -> Tensor:
        return self.decode(target, *self.encode(source, present))

    def _embed(self, ids: Tensor) -> Tensor:
        ids = ids.clamp_min(0)  # a vocabulary without a filler pads with -1
        return functional.embedding(ids, self.weights[EMBEDDINGS]) * math.sqrt(self.architecture.width)

    def _linear(self, x: Tensor, *names: tuple[str, str]) -> Tensor:
        """One product for all pairs of matrix and bias that share an input, side by side."""
        matrices = [self.weights[matrix] for matrix, _ in names]
        biases = [self.weights[bias].flatten() for _, bias in names]
        if len(names) == 1:
            return functional.linear(x, matrices[0].t(), biases[0])
        return functional.linear(x, torch.cat(matrices, dim=1).t(), torch.cat(biases))

    def _norm(self, x: Tensor, prefix: str) -> Tensor:
        scale, bias = (self.weights[f"{prefix}_ln_{name}"].flatten() for name in ("scale", "bias"))
        return functional.layer_norm(x, (x.shape[-1],), scale, bias, _EPSILON)

    def _attention(self, prefix: str, x: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        names = {name: (f"{prefix}_W{name}", f"{prefix}_b{name}") for name in "qkvo"}
        if x is context:
            query, key, value = self._heads(self._linear(x, names["q"], names["k"], names["v"]), 3)
        else:
            (query,) = self._heads(self._linear(x, names["q"]), 1)
            key, value = self._heads(self._linear(context, names["k"], names["v"]), 2)
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2)) + bias
        found = torch.matmul(scores.softmax(-1), value).transpose(1, 2).flatten(2)
        return self._norm(x + self._linear(found, names["o"]), f"{prefix}_Wo")

    def _heads(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        batch, length, _ = x.shape
        split = x.view(batch, length, parts, self.architecture.heads, -1).permute(2, 0, 3, 1, 4)
        found: tuple[Tensor, ...] = split.unbind(0)
        return found

    def _feed_forward(self, prefix: str, x: Tensor) -> Tensor:
        hidden = functional.relu(self._linear(x, (f"{prefix}_W1", f"{prefix}_b1")))
        return self._norm(x + self._linear(hidden, (f"{prefix}_W2", f"{prefix}_b2")), f"{prefix}_ffn")

    def _recurrent(self, prefix: str, x: Tensor) -> Tensor:
        matrices = [self.weights[f"{prefix}_{name}"] for name in ("W", "Wf")]
        new, forget = functional.linear(x, torch.cat(matrices, dim=1).t()).float().chunk(2, dim=-1)
        keep = torch.sigmoid(forget + self.weights[f"{prefix}_bf"])
        apply: Any = _Scan.apply
        cells = cast(Tensor, apply(keep, (1 - keep) * new))
        return self._norm(x + functional.relu(cells), f"{prefix}_ffn")


class _Scan(torch.autograd.Function):
    """``c[t] = keep[t] * c[t - 1] + new[t]`` along the second dimension; nothing stands before the first."""

    @staticmethod
    def forward(context: Any, keep: Tensor, new: Tensor) -> Tensor:
        cells = new.clone()
        for i in range(1, cells.shape[1]):
            cells[:, i].addcmul_(keep[:, i], cells[:, i - 1])
        context.save_for_backward(keep, cells)
        return cells

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        keep, cells = context.saved_tensors
        of_new = gradients[0].clone()
        for i in range(of_new.shape[1] - 2, -1, -1):
            of_new[:, i].addcmul_(keep[:, i + 1], of_new[:, i + 1])
        of_keep = functional.pad(of_new[:, 1:] * cells[:, :-1], (0, 0, 1, 0))
        return of_keep, of_new


class _Loss(torch.autograd.Function):
    """Output layer, softmax and cross entropy in one, some rows at a time, so that logits never leave the cache.

    The gradient of a logit is its probability less its smoothed label: everything is there on the way forward.
    """

    @staticmethod
    def forward(
        context: Any, said: Tensor, embeddings: Tensor, bias: Tensor, labels: Tensor, smoothing: float
    ) -> Tensor:
        kept, spread = 1.0 - smoothing, smoothing / len(embeddings)
        of_embeddings, of_bias = torch.zeros_like(embeddings), torch.zeros_like(bias)
        of_said = -kept * embeddings[labels] - smoothing * embeddings.mean(0)
        total = -kept * ((said * embeddings[labels]).sum() + bias[0, labels].sum())
        total = total - smoothing * ((said @ embeddings.mean(0)).sum() + len(said) * bias.mean())
        room = torch.empty(_ROWS, len(embeddings))
        for first in range(0, len(said), _ROWS):
            rows = said[first : first + _ROWS]
            odds = torch.addmm(bias, rows, embeddings.t(), out=room[: len(rows)])
            largest = odds.amax(1, keepdim=True)
            odds.sub_(largest).exp_()
            sums = odds.sum(1, keepdim=True)
            total = total + (largest + sums.log()).sum()
            of_said[first : first + _ROWS] += (odds @ embeddings) / sums
            of_embeddings.addmm_(odds.t(), rows / sums)
            of_bias.addmm_(sums.reciprocal().t(), odds)
        of_embeddings.index_add_(0, labels, said, alpha=-kept)
        of_embeddings.sub_(spread * said.sum(0))
        of_bias[0].sub_(kept * torch.bincount(labels, minlength=len(embeddings)) + spread * len(said))
        context.save_for_backward(of_said, of_embeddings, of_bias)
        context.rows = len(said)
        return total / len(said)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        scale = gradients[0] / context.rows
        return *(found * scale for found in context.saved_tensors), None, None


def _position_code(length: int, width: int) -> Tensor:
    """Sinusoids from position 0 on: all sines, then all cosines."""
    half = width // 2
    rates = torch.exp(torch.arange(half, dtype=torch.float64) * -(math.log(10000.0) / max(1, half - 1)))
    angles = torch.arange(length, dtype=torch.float64)[:, None] * rates
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1).float()


def carry_over(
    weights: Mapping[str, Matrix],
    old: sentencepiece.SentencePieceProcessor,
    new: sentencepiece.SentencePieceProcessor,
) -> dict[str, Matrix]:
    """The weights for another vocabulary: a new piece begins as the mean of the old pieces that its text splits into.

    So with its vector and its place in the output's bias. The mean of n vectors that have little in common is short, by
    the root of n; made as long as a vector of the old pieces it does worse (loss after 0.25 M tokens: 0.07 more). A
    mark that the old vocabulary lacks begins as a plainer one; a piece of which it has no letter as ``<unk>`` did, and
    so do ``<s>`` and the like.
    """
    scores = {
        old.id_to_piece(i): (i, old.get_score(i))
        for i in range(old.get_piece_size())
        if not old.is_control(i) and not old.is_unknown(i)
    }
    plainer = {mark: plain for mark, plain in _PLAIN.items() if chr(mark) not in scores}
    rows = []
    for i in range(new.get_piece_size()):
        if i == new.eos_id():
            rows.append([old.eos_id()])
        elif new.is_control(i) or new.is_unknown(i):
            rows.append([old.unk_id()])
        else:
            rows.append(segment(new.id_to_piece(i).translate(plainer), scores) or [old.unk_id()])
    embeddings, bias = weights[EMBEDDINGS], weights[OUTPUT_BIAS]
    return {
        **weights,
        EMBEDDINGS: np.stack([embeddings[row].mean(axis=0) for row in rows]),
        OUTPUT_BIAS: np.array([[bias[0, row].mean() for row in rows]], np.float32),
    }


def segment(text: str, scores: Mapping[str, tuple[int, float]]) -> list[int]:
    """The likeliest ids that ``text`` splits into, as a unigram model has it (Kudo 2018); unknown letters are left out.

    Args:
        text: with ``▁`` where a word begins.
        scores: id and log probability of every piece.
    """
    worst = min((score for _, score in scores.values()), default=0.0) - 10.0
    best: list[tuple[float, list[int]]] = [(0.0, [])]
    for end in range(1, len(text) + 1):
        score, ids = best[end - 1]
        found = (score + worst, ids)
        for start in range(end):
            piece = scores.get(text[start:end])
            if piece is not None and best[start][0] + piece[1] > found[0]:
                found = (best[start][0] + piece[1], [*best[start][1], piece[0]])
        best.append(found)
    return best[-1][1]
