"""Marian model files written by hand: the format once more, and a network whose weights are random but known."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

FLOAT32, INT8, TEXT = 0x404, 0x4101, 0x101

OPTIONS = """\
dec-cell: ssru
dec-depth: {decoder_layers}
dim-emb: {width}
dim-vocabs:
  - {size}
  - {size}
enc-depth: {encoder_layers}
input-types: []
layer-normalization: false
tied-embeddings: {tied}
tied-embeddings-all: {tied_all}
tied-embeddings-src: false
transformer-decoder-autoreg: rnn
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-guided-alignment-layer: last
transformer-heads: {heads}
transformer-no-projection: false
transformer-postprocess: dan
transformer-postprocess-emb: d
transformer-postprocess-top: ""
transformer-preprocess: ""
transformer-tied-layers: []
transformer-train-position-embeddings: false
type: transformer
"""


def options(**changes: object) -> str:
    """What a model says of itself."""
    facts = {
        "width": 8, "heads": 2, "encoder_layers": 1, "decoder_layers": 2, "size": 12, "tied": "false",
        "tied_all": "true", **changes,
    }  # fmt: skip
    return OPTIONS.format(**facts)


def pack(items: Mapping[str, tuple[int, tuple[int, ...], bytes]]) -> bytes:
    """The file of items (type, shape, data)."""
    names = [name.encode() + b"\0" for name in items]
    heads = b"".join(
        struct.pack("<QQQQ", len(name), type_, len(shape), len(data))
        for name, (type_, shape, data) in zip(names, items.values(), strict=True)
    )
    shapes = b"".join(struct.pack(f"<{len(shape)}i", *shape) for _, shape, _ in items.values())
    start = struct.pack("<QQ", 1, len(items)) + heads + b"".join(names) + shapes
    padding = -(len(start) + 8) % 256
    return start + struct.pack("<Q", padding) + bytes(padding) + b"".join(data for _, _, data in items.values())


def quantised(matrix: np.ndarray, *, transposed: bool = True) -> tuple[int, tuple[int, ...], bytes]:
    """A matrix as int8 with its multiplier, as Marian's converter leaves it."""
    multiplier = 127.0 / float(np.abs(matrix).max())
    values = np.rint((matrix.T if transposed else matrix) * multiplier).astype(np.int8)
    data = values.tobytes() + struct.pack("<f", multiplier)
    return INT8, matrix.shape, data + bytes(-len(data) % 256)


def floats(array: np.ndarray) -> tuple[int, tuple[int, ...], bytes]:
    data = array.astype("<f4").tobytes()
    return FLOAT32, array.shape, data + bytes(-len(data) % 256)


def text(content: str) -> tuple[int, tuple[int, ...], bytes]:
    data = content.encode() + b"\0"
    return TEXT, (len(data),), data


def weights(
    seed: int, *, width: int = 8, hidden: int = 16, size: int = 12, encoder_layers: int = 1, decoder_layers: int = 2,
    two_vocabularies: bool = False, tied: bool = True,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Random weights of every item of a model, by name."""
    rng = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        # On the grid of int8, so that what is written is what is read.
        values = rng.integers(-127, 128, (rows, columns))
        values.flat[0] = 127
        return values / np.float64(127 * 1.5)

    def vector(columns: int) -> np.ndarray:
        return rng.standard_normal((1, columns)).astype(np.float32).astype(np.float64) / 4

    found: dict[str, np.ndarray] = {}

    def norm(prefix: str) -> None:
        found[f"{prefix}_ln_scale"] = 1 + vector(width)
        found[f"{prefix}_ln_bias"] = vector(width)

    def attention(prefix: str) -> None:
        for name in "qkvo":
            found[f"{prefix}_W{name}"] = matrix(width, width)
            found[f"{prefix}_b{name}"] = vector(width)
        norm(f"{prefix}_Wo")

    def feed_forward(prefix: str) -> None:
        found[f"{prefix}_W1"], found[f"{prefix}_b1"] = matrix(width, hidden), vector(hidden)
        found[f"{prefix}_W2"], found[f"{prefix}_b2"] = matrix(hidden, width), vector(width)
        norm(f"{prefix}_ffn")

    for name in ("encoder_Wemb", "decoder_Wemb") if two_vocabularies else ("Wemb",):
        found[name] = matrix(size, width)
    if not tied:
        found["decoder_ff_logit_out_W"] = matrix(width, size)
    found["decoder_ff_logit_out_b"] = vector(size)
    for i in range(1, encoder_layers + 1):
        attention(f"encoder_l{i}_self")
        feed_forward(f"encoder_l{i}_ffn")
    for i in range(1, decoder_layers + 1):
        found[f"decoder_l{i}_rnn_W"], found[f"decoder_l{i}_rnn_Wf"] = matrix(width, width), matrix(width, width)
        found[f"decoder_l{i}_rnn_bf"] = vector(width)
        norm(f"decoder_l{i}_rnn_ffn")
        attention(f"decoder_l{i}_context")
        feed_forward(f"decoder_l{i}_ffn")
    return found


def items_of(
    found: Mapping[str, np.ndarray], description: str, *, int8: bool = True
) -> dict[str, tuple[int, tuple[int, ...], bytes]]:
    """Weights as the items of a file."""
    items = {}
    for name, array in found.items():
        is_matrix = name.rpartition("_")[2][:1] == "W" and array.shape[0] > 1
        items[name] = quantised(array, transposed="Wemb" not in name) if int8 and is_matrix else floats(array)
    return items | {"special:model.yml": text(description)}


def write_shortlist(path: Path, lists: Mapping[int, list[int]], source_size: int) -> None:
    """A lexical shortlist: target ids by source id."""
    offsets, entries = [0], []
    for i in range(source_size):
        entries += lists.get(i, [])
        offsets.append(len(entries))
    head = struct.pack("<6Q", 0xF11A48D5013417F5, 0, 50, 50, len(offsets), len(entries))
    path.write_bytes(head + struct.pack(f"<{len(offsets)}Q", *offsets) + struct.pack(f"<{len(entries)}I", *entries))
