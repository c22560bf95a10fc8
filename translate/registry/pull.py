"""``sottovoce models pull``: brings a model into the cache, when a person asks for it and never otherwise.

Files go into a staging folder of the cache and stay there when a pull is interrupted: the next one asks for the rest.
The model appears, by one rename, when every file is there and has its SHA-256.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from translate.errors import ModelDamaged
from translate.registry.assemble import assemble
from translate.registry.fetch import PACKED_SUFFIX, Fetcher, fetcher_of
from translate.registry.folders import LOCK_NAME, FileHash, Lock, read_lock
from translate.registry.hashing import check_files, checked_hash, remember
from translate.registry.packages import packaged_parts, plain_folder, reinstall_command
from translate.registry.spec import FileSpec, ModelSpec
from translate.registry.store import FULL_ERRORS, Store

__all__ = ["PullProgress", "is_intact", "pull"]

PullProgress = Callable[[int, int], None]
"""Called with (bytes done since the last call, bytes in all)."""

_BUSY_S = 1.0


def pull(
    spec: ModelSpec,
    store: Store,
    fetcher: Fetcher | None = None,
    *,
    progress: PullProgress | None = None,
    look: Callable[[Path, Sequence[str]], None] | None = None,
) -> Path:
    """Put a model into the cache, or put a damaged one right.

    Args:
        spec: the model.
        store: the cache.
        fetcher: where from; ``None``: the packages if they are installed, else the network.
        progress: see :data:`PullProgress`.
        look: called with the folder before it becomes the model, and the files for which there was no hash; what it
            raises is the end of the pull.

    Returns:
        The folder. A model that is there and whole is left as it is.

    Raises:
        MissingModel: it cannot be had: no network, no room, another pull under way.
        ModelDamaged: what came is not what the catalog says; nothing of it is kept.
        ConfigError: the model comes in packages only and these are not installed.
    """
    if fetcher is None and (places := packaged_parts(spec)) is not None:
        return _from_packages(spec, store, plain_folder(spec, places), progress or _silent)
    fetcher = fetcher or fetcher_of(spec)
    with store.locked(spec.name, timeout_s=_BUSY_S):
        if is_intact(spec, store):
            return store.folder(spec.name)
        revision = fetcher.start()
        staging = _staging(spec, store, revision)
        sizes = {file.name: fetcher.size_bytes(file) for file in spec.files}
        needed = sum(fetcher.room_bytes(file, sizes[file.name]) for file in spec.files)
        present = sum(path.stat().st_size for path in staging.iterdir())
        with store.writing(spec.name, max(0, needed - present)):
            try:
                hashes = _fetch_all(spec, fetcher, staging, sizes, progress or _silent)
                for file in spec.files:
                    (staging / f"{file.name}{PACKED_SUFFIX}").unlink(missing_ok=True)
                first_use = tuple(file.name for file in spec.files if not fetcher.is_pinned(file))
                if look is not None:
                    look(staging, first_use)
            except BaseException as error:
                # What came so far is kept for the next try, unless it could not be told apart or fills the disk.
                full = isinstance(error, OSError) and error.errno in FULL_ERRORS
                nothing = all(path.name == _REVISION_NAME for path in staging.iterdir())
                if revision is None or full or nothing or isinstance(error, ModelDamaged):
                    store.discard(spec.name)
                raise
            (staging / LOCK_NAME).write_text(
                Lock(spec.name, fetcher.source, revision, hashes, first_use).as_json(), "utf-8"
            )
            (staging / _REVISION_NAME).unlink()
            folder = store.publish(spec.name)
        remember(store.root, folder, {name: entry.sha256 for name, entry in hashes.items()})
    return folder


def is_intact(spec: ModelSpec, store: Store) -> bool:
    """Whether the cache holds the model with every file as it should be; hashes all of it."""
    folder = store.folder(spec.name)
    try:
        lock = read_lock(folder)
        if lock is None:
            return False
        pinned = {file.name: FileHash(file.sha256, file.size_bytes) for file in spec.files if file.sha256}
        check_files(folder, {**lock.files, **pinned}, "")
    except ModelDamaged:
        return False
    return {file.name for file in spec.files} <= set(lock.files)


def _silent(done: int, total: int) -> None:
    pass


def _from_packages(spec: ModelSpec, store: Store, plain: Path | None, progress: PullProgress) -> Path:
    if plain is not None:
        hashes = {file.name: FileHash(file.sha256 or "", file.size_bytes) for file in spec.files}
        check_files(plain, hashes, reinstall_command(spec))
        return plain
    total = spec.size_bytes or 0
    return assemble(spec, store, again=not is_intact(spec, store), progress=lambda done: progress(done, total))


def _fetch_all(
    spec: ModelSpec, fetcher: Fetcher, staging: Path, sizes: dict[str, int], progress: PullProgress
) -> dict[str, FileHash]:
    total = sum(sizes.values())
    hashes: dict[str, FileHash] = {}
    for file in spec.files:
        target = staging / file.name
        fetcher.fetch(file, target, sizes[file.name], lambda done: progress(done, total))
        hashes[file.name] = _checked(spec, file, target)
    return hashes


_REVISION_NAME = ".revision"
"""In a staging folder: of which revision the files are, so that a pull never goes on with those of another."""


def _staging(spec: ModelSpec, store: Store, revision: str | None) -> Path:
    with store.writing(spec.name, 0):
        staging = store.new_staging(spec.name, keep=True)
        note = staging / _REVISION_NAME
        wanted = revision or "unknown"
        if not note.exists() or note.read_text("utf-8") != wanted or revision is None:
            staging = store.new_staging(spec.name)
            note.write_text(wanted, "utf-8")
        return staging


def _checked(spec: ModelSpec, file: FileSpec, path: Path) -> FileHash:
    sha256 = checked_hash(path, file.sha256, f"{file.name} of {spec.name}")
    return FileHash(sha256, path.stat().st_size)
