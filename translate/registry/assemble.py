"""Joins the files of a model that comes in parts (Whisper base: two packages) into one folder of the cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

from translate.errors import MissingModel, ModelDamaged
from translate.registry.folders import LOCK_NAME, FileHash, Lock
from translate.registry.hashing import BLOCK_BYTES, Progress, remember
from translate.registry.packages import packaged_parts, reinstall_command
from translate.registry.spec import FileSpec, ModelSpec, PartSpec
from translate.registry.store import Store

__all__ = ["WAIT_S", "assemble"]

WAIT_S = 300.0
"""How long to wait for another process that joins the same model; a join takes seconds."""


def assemble(
    spec: ModelSpec, store: Store, *, again: bool = False, progress: Progress | None = None, wait_s: float = WAIT_S
) -> Path:
    """The folder of the cache with the model joined from its packages; made when it is not there.

    Safe with several processes at once (one joins, the others wait and use what it made), with a kill at any moment
    (the folder appears by one rename; what was left is cleared by the next run) and with a full disk (nothing stays).

    Args:
        spec: a model whose packages are installed.
        store: the cache.
        again: join even when the folder is there.
        progress: called with the bytes written.
        wait_s: patience with another process, in seconds.

    Raises:
        MissingModel: a package went missing, no room, or the cache cannot be written.
        ModelDamaged: a part is not what it should be; the message names it.
    """
    folder = store.folder(spec.name)
    if folder.is_dir() and not again:
        return folder
    with store.locked(spec.name, timeout_s=wait_s):
        if folder.is_dir() and not again:
            return folder  # another process was faster
        places = packaged_parts(spec)
        if places is None:
            raise MissingModel(f"the model {spec.name} is not installed; get it with: {spec.command}")
        hashes: dict[str, str] = {}
        with store.writing(spec.name, spec.size_bytes or 0):
            try:
                staging = store.new_staging(spec.name)
                for file in spec.files:
                    hashes[file.name] = _join(spec, file, places, staging / file.name, progress)
                (staging / LOCK_NAME).write_text(_lock(spec).as_json(), "utf-8")
                store.publish(spec.name)
            except BaseException:
                store.discard(spec.name)
                raise
        remember(store.root, folder, hashes)
    return folder


def _join(
    spec: ModelSpec, file: FileSpec, places: dict[PartSpec, Path], target: Path, progress: Progress | None
) -> str:
    whole = hashlib.sha256()
    with target.open("wb") as out:
        for part in file.parts:
            digest, size_bytes = hashlib.sha256(), 0
            with places[part].open("rb", buffering=0) as source:
                while block := source.read(BLOCK_BYTES):
                    digest.update(block)
                    whole.update(block)
                    size_bytes += len(block)
                    out.write(block)
                    if progress:
                        progress(len(block))
            if digest.hexdigest() != part.sha256:
                raise ModelDamaged(
                    f"{places[part]} is damaged: it is not the file that was recorded "
                    f"({size_bytes} bytes, {part.size_bytes} recorded); repair: {reinstall_command(spec, part.package)}"
                )
    if whole.hexdigest() != file.sha256:
        raise ModelDamaged(
            f"the parts of {file.name} of {spec.name} do not make up the recorded file; "
            f"repair: {reinstall_command(spec)}"
        )
    return whole.hexdigest()


def _lock(spec: ModelSpec) -> Lock:
    files = {file.name: FileHash(file.sha256 or "", file.size_bytes) for file in spec.files}
    return Lock(spec.name, " + ".join(spec.packages.values()), None, files)
