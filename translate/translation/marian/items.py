"""The binary model file of Marian: named arrays, one after the other.

Little-endian: ``version, count`` (uint64); for each item the lengths of its name, its shape and its data, and its type
(``name, type, shape, data``, uint64 each); all names (closed by a zero byte); all shapes (int32); one uint64 with the
length of a padding, and the padding; all data. Nothing of a file is believed before it is checked against the length of
the file, so that one that lies costs neither memory nor the process.
"""

from __future__ import annotations

import errno
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from translate.errors import ModelDamaged

__all__ = ["Item", "Matrix", "read_bytes", "read_items"]

Matrix = np.ndarray[Any, np.dtype[np.float32]]

_VERSION = 1
_MOST_ITEMS = 4096
_MOST_DIMENSIONS = 4
_LONGEST_NAME = 256
_MOST_BYTES = 1 << 28
"""Of a file. The largest student of Mozilla's registry has 60 MB."""

_SMALLEST_MULTIPLIER = 1e-6
_TEXT = 0x101
_FLOAT32 = 0x404
_INT8 = 0x4101
"""Prepared for multiplication: matrices are transposed, embeddings are not; one float32 multiplier follows."""


@dataclass(frozen=True, slots=True)
class Item:
    """One named array; :func:`read_items` has held its shape against its data."""

    name: str
    type: int
    shape: tuple[int, ...]
    data: memoryview

    @property
    def quantised(self) -> bool:
        """Whether it is stored as int8 with a multiplier."""
        return self.type == _INT8

    def check(self) -> None:
        """Hold the shape against the data.

        Raises:
            ValueError: the type is unknown, or there are fewer bytes than the shape asks for.
        """
        sizes = {_TEXT: (1, 0), _FLOAT32: (4, 0), _INT8: (1, 4)}
        if self.type not in sizes:
            raise ValueError(f"has the unknown type {self.type:#x}")
        size_bytes, spare = sizes[self.type]
        if self._count * size_bytes + spare > len(self.data):
            raise ValueError(f"has {len(self.data)} bytes, too few for its shape {self.shape}")

    @property
    def text(self) -> str:
        """What an item that holds text says.

        Raises:
            ValueError: it holds something else, or text that is not UTF-8.
        """
        if self.type != _TEXT:
            raise ValueError("is not text")
        return bytes(self.data).rstrip(b"\0").decode()

    def floats(self) -> Matrix:
        """The array of an item of type float32, of its shape.

        Raises:
            ValueError: it is of another type, or a number is not finite.
        """
        if self.type != _FLOAT32:
            raise ValueError(f"has the type {self.type:#x}, not that of float32 numbers")
        found = np.frombuffer(self.data, "<f4", self._count)
        if not np.isfinite(found).all():
            raise ValueError("holds numbers that are not finite")
        return found.reshape(self.shape).astype(np.float32)

    def integers(self) -> tuple[np.ndarray[Any, np.dtype[np.int8]], float]:
        """The int8 numbers of a quantised item, flat as they are stored, and what one of them stands for.

        Raises:
            ValueError: it is of another type, or the multiplier cannot be one.
        """
        if self.type != _INT8:
            raise ValueError(f"has the type {self.type:#x}, not that of int8 numbers")
        (multiplier,) = struct.unpack_from("<f", self.data, self._count)
        if not _SMALLEST_MULTIPLIER < multiplier < 1 / _SMALLEST_MULTIPLIER:
            raise ValueError(f"has the multiplier {multiplier}")
        return np.frombuffer(self.data, np.int8, self._count), 1.0 / multiplier

    def matrix(self) -> Matrix:
        """A matrix that is multiplied from the right (``x @ matrix``), of its shape.

        Raises:
            ValueError: as :meth:`floats` and :meth:`integers`.
        """
        if not self.quantised:
            return self.floats()
        if len(self.shape) != 2:
            raise ValueError(f"has the shape {self.shape}, not that of a matrix")
        values, scale = self.integers()
        stored = values.reshape(self.shape[::-1]).astype(np.float32)
        stored *= np.float32(scale)
        return np.ascontiguousarray(stored.T)

    @property
    def _count(self) -> int:
        return math.prod(self.shape)


def read_items(path: Path) -> Mapping[str, Item]:
    """Every item of a file by its name.

    Raises:
        ModelDamaged: the file cannot be read, is cut short, or is not of this format.
    """
    try:
        return _Reader(memoryview(read_bytes(path, _MOST_BYTES))).items()
    except OSError as error:
        raise ModelDamaged(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, struct.error) as error:
        raise ModelDamaged(f"{path} is no Marian model, or damaged: {error}") from error


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a plain file.

    Raises:
        OSError: it is no plain file, or cannot be read.
        ValueError: it has more than ``most`` bytes.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "it is no plain file", str(path))
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes > most:
            raise ValueError(f"it has {size_bytes / 1e6:.0f} MB; none of its kind has over {most / 1e6:.0f} MB")
        return file.read(most)


class _Reader:
    """Takes a file apart from front to back."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def items(self) -> dict[str, Item]:
        version, count = struct.unpack("<QQ", self._take(16))
        if version != _VERSION:
            raise ValueError(f"its version is {version}, not {_VERSION}")
        if not 0 < count <= _MOST_ITEMS:
            raise ValueError(f"it claims to hold {count} items")
        heads = [struct.unpack("<QQQQ", self._take(32)) for _ in range(count)]
        names = [self._name(head[0]) for head in heads]
        shapes = [self._shape(name, head[2]) for name, head in zip(names, heads, strict=True)]
        (padding,) = struct.unpack("<Q", self._take(8))
        self._take(padding)
        found = {}
        for name, shape, (_, type_, _, length) in zip(names, shapes, heads, strict=True):
            if name in found:
                raise ValueError(f"it has two items {name}")
            found[name] = Item(name, type_, shape, self._take(length))
            try:
                found[name].check()
            except ValueError as error:
                raise ValueError(f"{name[:40]!r} {error}") from error
        return found

    def _name(self, length: int) -> str:
        if not 0 < length <= _LONGEST_NAME:
            raise ValueError(f"the name of an item claims {length} bytes")
        return bytes(self._take(length)).rstrip(b"\0").decode("ascii")

    def _shape(self, name: str, length: int) -> tuple[int, ...]:
        if length > _MOST_DIMENSIONS:
            raise ValueError(f"{name[:40]!r} claims {length} dimensions")
        shape = struct.unpack(f"<{length}i", self._take(4 * length))
        if any(size <= 0 for size in shape):
            raise ValueError(f"{name[:40]!r} has the shape {shape}")
        return shape

    def _take(self, length: int) -> memoryview:
        if length > len(self._data) - self._at:
            raise ValueError(f"it is cut short: {length} bytes should follow, {len(self._data) - self._at} do")
        self._at += length
        return self._data[self._at - length : self._at]
