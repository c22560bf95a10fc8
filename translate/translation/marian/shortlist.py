"""Lexical shortlist: which target tokens may come of a source token (Schwenk et al. 2007; Devlin et al. 2014).

The file holds, little-endian: ``magic, checksum, first, best, offsets, entries`` (uint64 each), then ``offsets`` uint64
numbers and ``entries`` uint32 token ids; the ids of the source token ``i`` are those from ``offset[i]`` to
``offset[i + 1]``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from translate.errors import ModelDamaged
from translate.translation.marian.items import read_bytes

__all__ = ["Shortlist"]

_MAGIC = 0xF11A48D5013417F5
_HEAD = struct.Struct("<6Q")
_MOST_BYTES = 1 << 28

Ids = np.ndarray[Any, np.dtype[np.int64]]


class Shortlist:
    """The lists of one model.

    Args:
        path: the file.
        source_size: tokens of the source vocabulary.
        target_size: the same of the target vocabulary.

    Raises:
        ModelDamaged: the file cannot be read, is cut short, or is made for other vocabularies.
    """

    def __init__(self, path: Path, source_size: int, target_size: int) -> None:
        try:
            self._offsets, self._entries = _read(read_bytes(path, _MOST_BYTES), source_size, target_size)
        except OSError as error:
            raise ModelDamaged(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, struct.error) as error:
            raise ModelDamaged(f"{path} is no lexical shortlist, or damaged: {error}") from error

    def of(self, sources: Sequence[int]) -> Ids:
        """The ids that may come of ``sources`` (ids of source tokens); sorted, none twice."""
        lists = [self._entries[self._offsets[i] : self._offsets[i + 1]] for i in set(sources)]
        return np.unique(np.concatenate(lists)).astype(np.int64) if lists else np.empty(0, np.int64)


def _read(data: bytes, source_size: int, target_size: int) -> tuple[Ids, np.ndarray[Any, np.dtype[np.uint32]]]:
    magic, _, _, _, offset_count, entry_count = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise ValueError("it does not begin as one")
    if offset_count != source_size + 1:
        raise ValueError(f"it is for {offset_count - 1} source tokens; the vocabulary has {source_size}")
    if _HEAD.size + 8 * offset_count + 4 * entry_count > len(data):
        raise ValueError("it is cut short")
    offsets = np.frombuffer(data, "<u8", offset_count, _HEAD.size)
    entries = np.frombuffer(data, "<u4", entry_count, _HEAD.size + 8 * offset_count)
    if int(offsets[-1]) > entry_count or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("its lists overlap")
    if entry_count and int(entries.max()) >= target_size:
        raise ValueError(f"it names target token {int(entries.max())}; the vocabulary has {target_size}")
    return offsets.astype(np.int64), entries.copy()
