"""Read the weights of a Marian model, and write a folder that our engine for such models runs, in int8."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from translate.atomic import replacing
from translate.errors import ModelDamaged
from translate.translation.marian.architecture import Architecture, read_architecture
from translate.translation.marian.folder import find_folder
from translate.translation.marian.items import Item, read_items

from .errors import DistilError
from .ssru import EMBEDDINGS, Matrix

__all__ = ["MarianWeights", "read_weights", "step_of", "write_folder"]

_DESCRIPTION = "special:model.yml"
_ALPHA = "_QuantMultA"
"""Ends the names of what other engines quantise activations by; ours computes these in float32."""
_FLOAT32, _INT8, _TEXT = 0x404, 0x4101, 0x101
_ALIGNED = 256
_SHARES = np.linspace(1.0, 0.5, 26)
"""Of the largest number of a matrix: what the largest int8 number may stand for."""


class MarianWeights(NamedTuple):
    """What a model file holds."""

    description: str
    """YAML, as Marian writes it."""
    weights: dict[str, Matrix]

    @property
    def architecture(self) -> Architecture:
        """What the description states."""
        try:
            return read_architecture(self.description)
        except ValueError as error:
            raise DistilError(f"the model cannot be gone on with: {error}") from error


def read_weights(folder: Path) -> MarianWeights:
    """The weights of a model folder in float32, by their names in the file.

    Raises:
        DistilError: there is no such model, or it is damaged.
    """
    try:
        items = read_items(find_folder(folder).model)
        weights = {
            name: _numbers(item) for name, item in items.items() if name != _DESCRIPTION and not name.endswith(_ALPHA)
        }
        return MarianWeights(items[_DESCRIPTION].text, weights)
    except (OSError, ModelDamaged) as error:
        raise DistilError(str(error)) from error
    except (KeyError, ValueError) as error:
        raise DistilError(f"{folder}: the model cannot be read: {error}") from error


def _numbers(item: Item) -> Matrix:
    if item.quantised and item.name == EMBEDDINGS:
        values, scale = item.integers()
        return values.reshape(item.shape).astype(np.float32) * np.float32(scale)
    return item.matrix()


def write_folder(
    folder: Path, model: MarianWeights, tokenizer: Path, direction: tuple[str, str], shortlist: Path | None = None
) -> None:
    """Write the model file, the vocabulary and the shortlist, named for the direction as Mozilla's registry names them.

    Each file is replaced as a whole: a kill leaves the old one or the new one.
    """
    name = "".join(direction)
    size = len(model.weights[EMBEDDINGS])
    options = {**yaml.safe_load(model.description), "dim-vocabs": [size, size]}
    items = {key: _item(key, array) for key, array in sorted(model.weights.items())}
    items[_DESCRIPTION] = _text(yaml.safe_dump(options))
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"model.{name}.intgemm.alphas.bin", _pack(items))
    _replace(folder / f"vocab.{name}.spm", tokenizer.read_bytes())
    if shortlist is not None:
        _replace(folder / f"lex.50.50.{name}.s2t.bin", shortlist.read_bytes())


def step_of(matrix: Matrix) -> float:
    """What one int8 number stands for: of 26 ranges the one whose rounding and clipping lose least (mean square)."""
    largest = float(np.abs(matrix).max()) or 1.0
    steps = [largest * float(share) / 127 for share in _SHARES]
    return min(steps, key=lambda step: float(np.square(_rounded(matrix, step) * np.float32(step) - matrix).sum()))


def _rounded(matrix: Matrix, step: float) -> Matrix:
    found: Matrix = np.clip(np.rint(matrix / np.float32(step)), -127, 127)
    return found


_Packed = tuple[int, tuple[int, ...], bytes]


def _item(name: str, array: Matrix) -> _Packed:
    if len(array) == 1:
        return _FLOAT32, array.shape, _padded(array.astype("<f4").tobytes())
    step = step_of(array)
    values = _rounded(array, step).astype(np.int8)
    stored = values if name == EMBEDDINGS else values.T
    return _INT8, array.shape, _padded(stored.tobytes() + struct.pack("<f", 1 / step))


def _text(content: str) -> _Packed:
    data = content.encode() + b"\0"
    return _TEXT, (len(data),), data


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNED)


def _pack(items: Mapping[str, _Packed]) -> bytes:
    """The file; ``translate/translation/marian/items.py`` has the form of it."""
    names = [name.encode("ascii") + b"\0" for name in items]
    heads = [
        struct.pack("<QQQQ", len(name), kind, len(shape), len(data))
        for name, (kind, shape, data) in zip(names, items.values(), strict=True)
    ]
    shapes = [struct.pack(f"<{len(shape)}i", *shape) for _, shape, _ in items.values()]
    start = struct.pack("<QQ", 1, len(items)) + b"".join([*heads, *names, *shapes])
    gap = -(len(start) + 8) % _ALIGNED
    return start + struct.pack("<Q", gap) + bytes(gap) + b"".join(data for _, _, data in items.values())


def _replace(path: Path, data: bytes) -> None:
    with replacing(path, single_writer=True) as file:
        file.write(data)
