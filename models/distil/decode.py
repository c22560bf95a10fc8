"""Greedy and beam decoding in torch: to score a model while it trains, and for the teacher's translations.

Shipped students are decoded by CTranslate2; this needs only torch, so that a teacher can work where it was trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sentencepiece
import torch
from torch import Tensor

from .batches import pad
from .model import Past, Transformer

__all__ = ["Hypothesis", "beam_search", "greedy", "translate"]


class Hypothesis(NamedTuple):
    text: str
    score: float
    """Log-probability per token, the end included."""


def _limit(source_tokens: int, model: Transformer) -> int:
    return min(source_tokens * 3 // 2 + 10, model.config.max_length - 2)


def _select(past: list[Past | None], rows: Tensor) -> list[Past | None]:
    return [None if own is None else (own[0][rows], own[1][rows]) for own in past]


@torch.no_grad()
def beam_search(model: Transformer, source: Tensor, ids: tuple[int, int, int], beam: int) -> tuple[Tensor, Tensor]:
    """Return token ids (rows x beam x length, after the beginning) and mean log-probabilities, best first.

    ``ids`` are those of beginning, end and padding. A finished hypothesis stays in the beam with its score frozen.
    """
    begin, end, filler = ids
    rows, device = source.shape[0], source.device
    memory, bias = model.encode(source, source != filler)
    spread = torch.arange(rows, device=device).repeat_interleave(beam)
    memories = [(key[spread], value[spread]) for key, value in model.memories(memory)]
    bias = bias[spread]
    past: list[Past | None] = [None] * len(memories)
    tokens = torch.full((rows * beam, 1), begin, device=device)
    scores = torch.full((rows, beam), float("-inf"), device=device)
    scores[:, 0] = 0.0
    lengths = torch.zeros(rows, beam, device=device)
    done = torch.zeros(rows, beam, dtype=torch.bool, device=device)
    base = torch.arange(rows, device=device)[:, None] * beam
    for place in range(_limit(source.shape[1], model)):
        hidden, past = model.decode_step(tokens[:, -1:], place, past, memories, bias)
        following = model.project(hidden).float().log_softmax(-1).view(rows, beam, -1)
        frozen = torch.full_like(following[:1, :1], float("-inf"))
        frozen[..., end] = 0.0
        following = torch.where(done[..., None], frozen, following)
        best, flat = (scores[..., None] + following).flatten(1).topk(beam, dim=1)
        origin, token = flat // following.shape[-1], flat % following.shape[-1]
        picked = (base + origin).flatten()
        was_done = done.gather(1, origin)
        lengths = lengths.gather(1, origin) + (~was_done)
        scores, done = best, was_done | (token == end)
        tokens = torch.cat([tokens[picked], token.flatten()[:, None]], dim=1)
        if beam > 1:
            past = _select(past, picked)
        if bool(done.all()):
            break
    means = scores / lengths.clamp(min=1)
    means, order = means.sort(dim=1, descending=True)
    found = tokens[:, 1:].view(rows, beam, -1).gather(1, order[..., None].expand(-1, -1, tokens.shape[1] - 1))
    return found, means


def translate(
    model: Transformer,
    tokenizer: sentencepiece.SentencePieceProcessor,
    lines: Sequence[str],
    *,
    prefix: Sequence[int] = (),
    beam: int = 1,
    batch_tokens: int = 8192,
) -> Iterator[tuple[int, list[Hypothesis]]]:
    """Yield the number of a line and its hypotheses, best first; lines come in order of length."""
    device = model.output_bias.device
    end = tokenizer.eos_id()
    ids = (tokenizer.bos_id(), end, tokenizer.pad_id())
    longest = model.config.max_length // 2
    encoded = [[*prefix, *line[: longest - len(prefix) - 1], end] for line in tokenizer.encode(list(lines))]
    order = sorted(range(len(lines)), key=lambda number: len(encoded[number]))
    start = 0
    while start < len(order):
        count = max(1, batch_tokens // (len(encoded[order[min(start + 1, len(order) - 1)]]) * beam))
        while count > 1 and len(encoded[order[min(start + count, len(order)) - 1]]) * count * beam > batch_tokens:
            count = count * 3 // 4
        part = order[start : start + count]
        start += count
        source = pad([encoded[number] for number in part], ids[2]).to(device)
        tokens, scores = beam_search(model, source, ids, beam)
        for number, alternatives, values in zip(part, tokens.tolist(), scores.tolist(), strict=True):
            texts = [tokenizer.decode(line[: line.index(end)] if end in line else line) for line in alternatives]
            yield number, [Hypothesis(text, value) for text, value in zip(texts, values, strict=True)]


def greedy(
    model: Transformer,
    tokenizer: sentencepiece.SentencePieceProcessor,
    lines: Sequence[str],
    *,
    prefix: Sequence[int] = (),
) -> list[str]:
    """Translate the lines without a beam, in their order."""
    result = [""] * len(lines)
    for number, hypotheses in translate(model, tokenizer, lines, prefix=prefix):
        result[number] = hypotheses[0].text
    return result
