"""The cache of models: where it is, one process at a time, and folders that are there whole or not at all.

::

    models/NAME/           complete model folder with its lock file
    models/.NAME.new/      being joined or pulled; never read
    models/.NAME.old/      being replaced
    locks/NAME.lock        held while one of these changes
    stamps/                remembered hashes
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from translate.errors import MissingModel
from translate.paths import cache_home, expanded
from translate.registry.spec import MODEL_NAME
from translate.state import of_system

__all__ = ["FULL_ERRORS", "Store", "cache_folder"]

_log = logging.getLogger(__name__)

FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What writing fails with when there is no room: the disk, the quota, the limit of the process."""
_SPARE_BYTES = 4 << 20
"""Left free beside the files themselves: folders, lock file, what others write meanwhile."""


_SYSTEM_CACHE = Path("/var/cache/sottovoce")
"""Of the service that systemd runs."""


def cache_folder() -> Path:
    """``$SOTTOVOCE_CACHE``, else for root that of the service of this machine if one is installed, else
    ``$XDG_CACHE_HOME/sottovoce``, else ``~/.cache/sottovoce``; it need not exist."""
    if own := os.environ.get("SOTTOVOCE_CACHE"):
        return expanded(own).absolute()
    if (system := of_system(_SYSTEM_CACHE)) is not None:
        return system
    return cache_home() / "sottovoce"


@dataclass(frozen=True, slots=True)
class Store:
    """The cache in one folder."""

    root: Path

    def folder(self, name: str) -> Path:
        """Where a model of that name lies once it is there."""
        return self.root / "models" / name

    def staging(self, name: str) -> Path:
        """Where it is put together; on the same file system, so that it can be renamed into place."""
        return self.root / "models" / f".{name}.new"

    def names(self) -> list[str]:
        """The models that are there."""
        with contextlib.suppress(OSError):
            return sorted(path.name for path in (self.root / "models").iterdir() if not path.name.startswith("."))
        return []

    def holds(self, name: str) -> bool:
        """Whether there is a model of that name, or what is left of one that was never finished."""
        is_name = MODEL_NAME.fullmatch(name) is not None
        return is_name and (self.folder(name).is_dir() or self.staging(name).is_dir())

    @contextlib.contextmanager
    def locked(self, name: str, *, timeout_s: float) -> Iterator[None]:
        """Hold the lock of one model; it goes when the process does, however that ends.

        Raises:
            MissingModel: another process holds it for longer than ``timeout_s``, or the cache cannot be written.
        """
        path = self.root / "locks" / f"{name}.lock"
        lock = filelock.FileLock(path)
        with self.writing(name, 0):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                _log.info("waiting for another process that is preparing %s", name)
                try:
                    lock.acquire(timeout=timeout_s)
                except filelock.Timeout:
                    raise MissingModel(
                        f"another process has been preparing {name} for over {timeout_s:.0f} s; "
                        f"wait for it, or end the process that holds {path}"
                    ) from None
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def writing(self, name: str, needed_bytes: int) -> Iterator[None]:
        """Turn what goes wrong while files are written into one line that says what to do.

        Args:
            name: the model, for the message.
            needed_bytes: what will be written; checked against the free space before.

        Raises:
            MissingModel: no room, or the cache cannot be written.
        """
        try:
            if needed_bytes and (free := self._free_bytes()) < needed_bytes + _SPARE_BYTES:
                raise self._full(name, needed_bytes, free)
            yield
        except OSError as error:
            if error.errno in FULL_ERRORS:
                raise self._full(name, needed_bytes, self._free_bytes()) from error
            if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT}:
                raise MissingModel(
                    f"cannot write {name} into the model cache {self.root} ({error.strerror}); "
                    "set SOTTOVOCE_CACHE to a folder that can be written"
                ) from error
            raise

    def new_staging(self, name: str, *, keep: bool = False) -> Path:
        """An empty folder to put a model together in; ``keep``: with what an interrupted pull left there.

        The caller holds the lock, so whatever is there belongs to a process that died.
        """
        staging = self.staging(name)
        if staging.is_symlink():  # root may write here for a service, which has no say in where
            staging.unlink()
        if not keep:
            shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, exist_ok=True)
        return staging

    def publish(self, name: str) -> Path:
        """Make the staging folder the model, replacing an older one; on the disk when this returns."""
        staging, folder, old = self.staging(name), self.folder(name), self.root / "models" / f".{name}.old"
        for path in (*staging.iterdir(), staging):
            _sync(path)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        staging.rename(folder)
        _sync(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
        return folder

    def discard(self, name: str) -> None:
        """Remove what was put together so far."""
        shutil.rmtree(self.staging(name), ignore_errors=True)

    def remove(self, name: str) -> int:
        """Remove a model and what is left of pulls of it; returns the bytes freed.

        Raises:
            MissingModel: it is not in the cache, or the cache cannot be written.
        """
        folder = self.folder(name)
        with self.locked(name, timeout_s=0), self.writing(name, 0):
            parts = [path for path in (folder, self.staging(name)) if path.is_dir()]
            if not parts:
                raise MissingModel(f"{name} is not in the model cache {self.root}")
            freed = sum(path.stat().st_size for part in parts for path in part.rglob("*") if path.is_file())
            for part in parts:
                shutil.rmtree(part)
        return freed

    def _free_bytes(self) -> int:
        place = self.root
        while not place.exists() and place != place.parent:
            place = place.parent
        return shutil.disk_usage(place).free

    def _full(self, name: str, needed_bytes: int, free_bytes: int) -> MissingModel:
        return MissingModel(
            f"no room for {name} in the model cache {self.root}: it needs {needed_bytes / 1e6:.0f} MB, "
            f"{free_bytes / 1e6:.0f} MB are free; make room or set SOTTOVOCE_CACHE to a folder on another disk"
        )


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder; its renames are journalled
    handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
