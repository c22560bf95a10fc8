"""Files that are replaced whole: whoever reads one finds the old content or the new, never a part of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

__all__ = ["replacing"]

_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def replacing(
    path: Path, *, mode: int = 0o666, durable: bool = False, single_writer: bool = False
) -> Iterator[IO[bytes]]:
    """A new file that takes the place of ``path`` when the block ends; after an error ``path`` is as it was.

    The new file lies beside ``path`` until then. What a killed process left there is never taken for ``path``.

    Args:
        path: in a folder that exists; a link is replaced, not followed.
        mode: permissions, from which the umask takes.
        durable: have the content on the disk before it takes the place, so that a crash of the machine tears nothing.
        single_writer: no other process writes ``path`` at the same time; what a killed one left is then overwritten.

    Raises:
        OSError: it cannot be written.
    """
    name = f".{path.name}.part" + ("" if single_writer else f"-{secrets.token_hex(4)}")
    part = path.with_name(name)
    file = os.fdopen(os.open(part, _FLAGS | (os.O_TRUNC if single_writer else os.O_EXCL), mode), "w+b")
    try:
        with file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
