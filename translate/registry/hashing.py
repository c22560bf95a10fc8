"""Is a file still the one that it should be? SHA-256 at first use and after every change, remembered in between.

A stamp is what the file system says of a file (size, times of change, inode) beside the hash that was computed then.
While those stay the same the hash is not computed again, so that a start costs one ``stat`` a file. A bit that rots on
the disk without a write is found by ``sottovoce models verify``, which never trusts a stamp.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from translate.atomic import replacing
from translate.errors import ModelDamaged
from translate.registry.folders import FileHash

__all__ = ["Progress", "Stamps", "check_files", "checked_hash", "file_state", "hash_file", "remember"]

_log = logging.getLogger(__name__)

Progress = Callable[[int], None]
"""Called with the number of bytes done since the last call."""

BLOCK_BYTES = 1 << 20
TICK_NS = 50_000_000


def hash_file(path: Path, progress: Progress | None = None) -> str:
    """SHA-256 of a file, in lower-case hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            if progress:
                progress(len(block))
    return digest.hexdigest()


def checked_hash(path: Path, wanted: str | None, name: str) -> str:
    """SHA-256 of a file that has just come.

    Args:
        path: where it lies.
        wanted: what the catalog says; ``None``: it says nothing.
        name: what the message calls the file.

    Raises:
        ModelDamaged: it is another one than ``wanted``.
    """
    sha256 = hash_file(path)
    if wanted is not None and sha256 != wanted:
        raise ModelDamaged(
            f"{name} came with another SHA-256 than the catalog's ({sha256[:12]} instead of {wanted[:12]}); "
            "nothing of it was kept; try again, and report it if it happens twice"
        )
    return sha256


class Stamps:
    """The remembered hashes of one folder, in a small file of the cache.

    A cache that cannot be read or written costs time, never correctness: the hash is then computed again.
    """

    def __init__(self, cache: Path, folder: Path) -> None:
        key = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:24]
        self.path = cache / "stamps" / f"{key}.json"
        self._known: dict[str, Any] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError, RecursionError):
            known = json.loads(self.path.read_text("utf-8"))
            self._known = known if isinstance(known, dict) else {}

    def get(self, path: Path) -> str | None:
        """The remembered hash, ``None`` where the file has changed since or was never hashed."""
        entry = self._known.get(path.name)
        return entry[-1] if isinstance(entry, list) and entry[:-1] == file_state(path) else None

    def put(self, path: Path, state: list[int], sha256: str) -> None:
        """Remember the hash that a file had in ``state``; kept by :meth:`save`."""
        self._known[path.name] = [*state, sha256]
        self._changed = True

    def save(self) -> None:
        """Write what is new, whole or not at all."""
        if not self._changed:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                file.write(json.dumps(self._known).encode())
            self._changed = False
        except OSError as error:
            _log.info("hashes are not remembered, the next start computes them again: %s", error)


def check_files(
    folder: Path,
    expected: Mapping[str, FileHash],
    repair: str,
    *,
    stamps: Stamps | None = None,
    progress: Progress | None = None,
) -> None:
    """Hold every file of a folder against its hash.

    Args:
        folder: where the files are.
        expected: what they must be, by name.
        repair: the command that puts a damaged model right, for the message.
        stamps: remembered hashes; ``None``: compute every one.
        progress: called with the bytes hashed.

    Raises:
        ModelDamaged: a file is missing, unreadable, or not what it should be; one line that names it and ``repair``.
    """
    for name, want in expected.items():
        path = folder / name
        try:
            state = file_state(path)  # before the hash: a write meanwhile must not be covered by the stamp
            size_bytes = state[0]
            if want.size_bytes is not None and size_bytes != want.size_bytes:
                problem = f"has {size_bytes} bytes instead of {want.size_bytes}"
                raise ModelDamaged(f"{path} is damaged: it {problem}; repair: {repair}")
            sha256 = stamps.get(path) if stamps else None
            if sha256 != want.sha256:  # a stamp of another hash proves nothing about the file as it is now
                sha256 = hash_file(path, progress)
        except FileNotFoundError as error:
            raise ModelDamaged(f"{path} is missing; repair: {repair}") from error
        except OSError as error:
            raise ModelDamaged(f"{path} cannot be read ({error.strerror}); repair: {repair}") from error
        if sha256 != want.sha256:
            raise ModelDamaged(f"{path} is damaged: its SHA-256 is not the recorded one; repair: {repair}")
        if stamps and stamps.get(path) != sha256 and not _is_fresh(state):
            stamps.put(path, state, sha256)
    if stamps:
        stamps.save()


def _is_fresh(state: list[int]) -> bool:
    # A second write within one tick of the file system's clock leaves no trace in the times, so a file that has just
    # been written is not remembered yet (Git calls such a file racy).
    return time.time_ns() - max(state[1], state[2]) < TICK_NS


def remember(cache: Path, folder: Path, hashes: Mapping[str, str]) -> None:
    """Stamp the files of a folder that were hashed on their way to the disk."""
    stamps = Stamps(cache, folder)
    for name, sha256 in hashes.items():
        stamps.put(folder / name, file_state(folder / name), sha256)
    stamps.save()


def file_state(path: Path) -> list[int]:
    """What changes when a file does: size, times of writing and of change in nanoseconds, inode.

    Raises:
        OSError: there is no such file.
    """
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
