"""gzip files to what is in them, as a stream that ends where it must."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import IO

from translate.errors import ModelDamaged
from translate.registry.hashing import BLOCK_BYTES

__all__ = ["bound_bytes", "unpack"]

_MOST_BYTES = 1 << 30
_MOST_RATIO = 8
"""Where the size of the content is not stated. Weights and shortlists pack to a half, vocabularies too."""


def bound_bytes(packed_bytes: int, stated_bytes: int | None = None) -> int:
    """What a gzip file of a model may unpack to."""
    return min(_MOST_BYTES, packed_bytes * _MOST_RATIO if stated_bytes is None else stated_bytes)


def unpack(packed: IO[bytes], target: Path, name: str, stated_bytes: int | None = None) -> None:
    """Write what is in a gzip file to ``target``; at most :func:`bound_bytes` ever reach the disk.

    Args:
        packed: the gzip file, open.
        target: replaced if it is there.
        name: what the message calls the gzip file.
        stated_bytes: what must be in it; ``None``: not known.

    Raises:
        ModelDamaged: it is no gzip file, cut short, damaged, or holds more or less than it may.
    """
    bound = bound_bytes(os.fstat(packed.fileno()).st_size, stated_bytes)
    done = 0
    try:
        with gzip.open(packed) as source, target.open("wb") as out:
            while block := source.read(BLOCK_BYTES):
                done += len(block)
                if done > bound:
                    raise ModelDamaged(f"{name} unpacks to more than {bound} bytes; nothing of it was kept")
                out.write(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ModelDamaged(f"{name} cannot be unpacked ({error}); nothing of it was kept") from error
    if stated_bytes is not None and done != stated_bytes:
        raise ModelDamaged(f"{name} unpacks to {done} bytes instead of {stated_bytes}; nothing of it was kept")
