"""A text file that is valid after a crash: written at a known place, forced to the disk, and repaired when a write
failed in its middle."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["SafeFile"]


class SafeFile:
    """Appends to a new file; what was appended before is never touched, but for the last piece, which may be replaced.

    Not for the event loop: writing blocks.

    Args:
        path: must not exist yet.

    Raises:
        OSError: from every method that writes; then nothing has changed but perhaps garbage after :attr:`size`, which
            the next write covers and :meth:`close` cuts off.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._torn = False
        self.size = 0
        """Bytes of the file that are good."""

    def append(self, piece: bytes, *, replacing: int = 0) -> None:
        """Write ``piece`` in place of the last ``replacing`` bytes, and have it on the disk when this returns.

        To be safe in a crash, what replaces must be as long as what it replaces, or longer.
        """
        start = self.size - replacing
        written = 0
        try:
            while written < len(piece):
                written += os.pwrite(self._handle, piece[written:], start + written)
            if self._torn:
                os.ftruncate(self._handle, start + len(piece))
                self._torn = False
            os.fsync(self._handle)
        except OSError:
            self._torn = True
            raise
        self.size = start + len(piece)

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        if self._handle < 0:
            return
        handle, self._handle = self._handle, -1
        try:
            if self._torn:
                os.ftruncate(handle, self.size)
        finally:
            os.close(handle)
