"""The arithmetic of a Marian model, computed a second time from the formulas, number by number in double precision."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.translation.marian_model import items_of, options, pack, weights
from translate.translation.marian.architecture import read_architecture
from translate.translation.marian.items import read_items
from translate.translation.marian.network import Network

Vector = list[float]


class Plain:
    """The model as one would write it down: lists of floats, one token after the other."""

    def __init__(self, found: dict[str, np.ndarray], heads: int, encoder_layers: int, decoder_layers: int) -> None:
        self.w = {name: array.tolist() for name, array in found.items()}
        self.heads, self.encoder_layers, self.decoder_layers = heads, encoder_layers, decoder_layers
        self.source = self.w["Wemb"] if "Wemb" in self.w else self.w["encoder_Wemb"]
        self.target = self.w["Wemb"] if "Wemb" in self.w else self.w["decoder_Wemb"]
        self.width = len(self.source[0])

    def times(self, x: Vector, name: str, bias: str | None = None) -> Vector:
        matrix = self.w[name]
        found = [sum(x[i] * matrix[i][j] for i in range(len(x))) for j in range(len(matrix[0]))]
        return [value + self.w[bias][0][j] for j, value in enumerate(found)] if bias else found

    def norm(self, x: Vector, prefix: str) -> Vector:
        mean = sum(x) / len(x)
        variance = sum((value - mean) ** 2 for value in x) / len(x)
        scale, bias = self.w[f"{prefix}_ln_scale"][0], self.w[f"{prefix}_ln_bias"][0]
        return [(v - mean) / math.sqrt(variance + 1e-9) * s + b for v, s, b in zip(x, scale, bias, strict=True)]

    def position(self, place: int) -> Vector:
        half = self.width // 2
        angles = [place / 10000 ** (i / (half - 1)) for i in range(half)]
        return [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]

    def embedded(self, vector: Vector, place: int) -> Vector:
        return [math.sqrt(self.width) * a + b for a, b in zip(vector, self.position(place), strict=True)]

    def attention(self, x: Vector, context: list[Vector], prefix: str) -> tuple[Vector, Vector]:
        query = self.times(x, f"{prefix}_Wq", f"{prefix}_bq")
        keys = [self.times(c, f"{prefix}_Wk", f"{prefix}_bk") for c in context]
        values = [self.times(c, f"{prefix}_Wv", f"{prefix}_bv") for c in context]
        size = self.width // self.heads
        found: Vector = []
        first: Vector = []
        for head in range(self.heads):
            part = slice(head * size, (head + 1) * size)
            scores = [sum(a * b for a, b in zip(query[part], key[part], strict=True)) / math.sqrt(size) for key in keys]
            total = sum(math.exp(score) for score in scores)
            shares = [math.exp(score) / total for score in scores]
            first = first or shares
            found += [
                sum(share * value[part][i] for share, value in zip(shares, values, strict=True)) for i in range(size)
            ]
        out = self.times(found, f"{prefix}_Wo", f"{prefix}_bo")
        return self.norm([a + b for a, b in zip(x, out, strict=True)], f"{prefix}_Wo"), first

    def feed_forward(self, x: Vector, prefix: str) -> Vector:
        hidden = [max(0.0, value) for value in self.times(x, f"{prefix}_W1", f"{prefix}_b1")]
        out = self.times(hidden, f"{prefix}_W2", f"{prefix}_b2")
        return self.norm([a + b for a, b in zip(x, out, strict=True)], f"{prefix}_ffn")

    def encode(self, ids: list[int]) -> list[Vector]:
        rows = [self.embedded(self.source[token], place) for place, token in enumerate(ids)]
        for i in range(1, self.encoder_layers + 1):
            rows = [self.attention(row, rows, f"encoder_l{i}_self")[0] for row in rows]
            rows = [self.feed_forward(row, f"encoder_l{i}_ffn") for row in rows]
        return rows

    def logits(self, ids: list[int], prefix: list[int]) -> tuple[list[Vector], list[Vector]]:
        """For every place up to the one behind ``prefix``: the logits, and where the first head looks."""
        context = self.encode(ids)
        cells = [[0.0] * self.width for _ in range(self.decoder_layers)]
        scores, looks = [], []
        for place in range(len(prefix) + 1):
            x = self.embedded(self.target[prefix[place - 1]] if place else [0.0] * self.width, place)
            look: Vector = []
            for i in range(1, self.decoder_layers + 1):
                name = f"decoder_l{i}_rnn"
                new = self.times(x, f"{name}_W")
                forget = [1 / (1 + math.exp(-value)) for value in self.times(x, f"{name}_Wf", f"{name}_bf")]
                cells[i - 1] = [f * c + (1 - f) * n for f, c, n in zip(forget, cells[i - 1], new, strict=True)]
                x = self.norm([a + max(0.0, c) for a, c in zip(x, cells[i - 1], strict=True)], f"{name}_ffn")
                x, look = self.attention(x, context, f"decoder_l{i}_context")
                x = self.feed_forward(x, f"decoder_l{i}_ffn")
            bias = self.w["decoder_ff_logit_out_b"][0]
            if "decoder_ff_logit_out_W" in self.w:
                scores.append(self.times(x, "decoder_ff_logit_out_W", "decoder_ff_logit_out_b"))
            else:
                scores.append(
                    [sum(a * b for a, b in zip(x, row, strict=True)) + bias[t] for t, row in enumerate(self.target)]
                )
            looks.append(look)
        return scores, looks


KINDS = {
    "one vocabulary": {},
    "two vocabularies": {"two_vocabularies": True},
    "output of its own": {"tied": False},
    "other depths and widths": {"width": 12, "hidden": 20, "encoder_layers": 3, "decoder_layers": 4},
}


@pytest.fixture(params=[(kind, int8) for kind in KINDS for int8 in (True, False)], ids=str)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Network, Plain]:
    kind, int8 = request.param
    facts = {"width": 8, "encoder_layers": 1, "decoder_layers": 2} | KINDS[kind]
    found = weights(3, **facts)
    heads = facts["width"] // 4
    described = {key: facts[key] for key in ("width", "encoder_layers", "decoder_layers")}
    tied_all = "Wemb" in found and "decoder_ff_logit_out_W" not in found
    tied = "decoder_ff_logit_out_W" not in found
    description = options(heads=heads, tied_all=str(tied_all).lower(), tied=str(tied).lower(), **described)
    if not tied:
        description = description.replace("tied-embeddings-src: false", "tied-embeddings-src: true")
    path = tmp_path / "model.ende.bin"
    path.write_bytes(pack(items_of(found, description, int8=int8)))
    network = Network(read_architecture(description), read_items(path))
    return network, Plain(found, heads, facts["encoder_layers"], facts["decoder_layers"])


SOURCE, PREFIX = [5, 3, 9, 3, 0], [4, 11, 2, 4, 7]


def test_a_prefix_read_at_once_has_the_logits_of_the_formulas(both: tuple[Network, Plain]) -> None:
    network, plain = both
    (memory,) = network.encode([SOURCE])
    said, _, looks = network.read(memory, PREFIX)
    logits = said @ network.output.of(range(network.output.size)).T + network.output_bias
    expected, expected_looks = plain.logits(SOURCE, PREFIX)
    np.testing.assert_allclose(logits, expected, atol=2e-4)
    np.testing.assert_allclose(looks, expected_looks, atol=1e-5)


def test_token_by_token_is_the_same(both: tuple[Network, Plain]) -> None:
    network, plain = both
    other = [2, 8, 0]
    memories = network.encode([SOURCE, other])
    _, state, _ = network.read(memories[0], [])
    _, other_state, _ = network.read(memories[1], PREFIX[:2])
    state = tuple(np.concatenate(layers) for layers in zip(state, other_state, strict=True))
    expected, expected_looks = plain.logits(SOURCE, PREFIX)
    others, _ = plain.logits(other, PREFIX[:2] + PREFIX)
    output = network.output.of(range(network.output.size))
    for i, token in enumerate(PREFIX):
        said, state, looks = network.advance(
            [token, token], [i + 1, i + 3], state, memories, [slice(0, 1), slice(1, 2)]
        )
        logits = said @ output.T + network.output_bias
        np.testing.assert_allclose(logits, [expected[i + 1], others[i + 3]], atol=2e-4)
        np.testing.assert_allclose(looks[0][0], expected_looks[i + 1], atol=1e-5)


def test_places_beyond_the_table_have_their_code_too(both: tuple[Network, Plain]) -> None:
    network, plain = both
    np.testing.assert_allclose(network._positions([5000])[0], plain.position(5000), atol=1e-3)
    np.testing.assert_allclose(network._positions([1023, 5])[0], plain.position(1023), atol=1e-4)
