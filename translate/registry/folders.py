"""What lies in a model folder: which kind of model, and the record of how it came into the cache."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translate.errors import LanguageError, ModelDamaged
from translate.languages import canonical
from translate.registry.spec import MODEL_FILE, Kind

__all__ = [
    "LOCK_NAME",
    "Added",
    "FileHash",
    "Lock",
    "has_model_file",
    "kind_of",
    "read_lock",
    "ways",
]

LOCK_NAME = "sottovoce.lock.json"
"""Beside the files of a model in the cache: where they came from and what they hashed to."""

_KINDS: dict[str, Kind] = {"WhisperSpec": "whisper", "TransformerSpec": "translation"}


@dataclass(frozen=True, slots=True)
class FileHash:
    """What a file must be; ``size_bytes`` of ``None`` is not compared."""

    sha256: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What a model is that the catalog does not know, as it was found when it was added."""

    kind: Kind
    languages: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """``sottovoce.lock.json``: what a pull, a join or an addition put into the cache."""

    name: str
    source: str
    """Where the files came from, for a person."""
    revision: str | None
    files: Mapping[str, FileHash]
    trusted_on_first_use: tuple[str, ...] = ()
    """Files for which the catalog has no hash: theirs is the one they came with."""
    added: Added | None = None
    """Of a model that the catalog does not know."""

    def as_json(self) -> str:
        """The text of the file."""
        files = {name: {"sha256": file.sha256, "size_bytes": file.size_bytes} for name, file in self.files.items()}
        values: dict[str, Any] = {
            "name": self.name,
            "source": self.source,
            "revision": self.revision,
            "files": files,
            "trusted_on_first_use": list(self.trusted_on_first_use),
        }
        if self.added is not None:
            values["added"] = dataclasses.asdict(self.added)
        return json.dumps(values, indent=1)


def has_model_file(folder: Path) -> bool:
    """Whether a file in ``folder`` is called as the weights of a model are."""
    try:
        return any(MODEL_FILE.fullmatch(path.name) and path.is_file() for path in folder.iterdir())
    except OSError:
        return False


def kind_of(folder: Path) -> Kind | None:
    """What the folder's model does, from the header of its weights; ``None``: no model of ours.

    That of CTranslate2's ``model.bin`` is a uint32 format version and the name of the model's specification (uint16
    length with the closing zero, then the text), little-endian. Marian's models all translate.
    """
    kind = _ctranslate2_kind(folder)
    if kind is None and has_model_file(folder):
        from translate.translation.marian.folder import is_marian_folder  # brings NumPy with its package

        return "translation" if is_marian_folder(folder) else None
    return kind


def _ctranslate2_kind(folder: Path) -> Kind | None:
    try:
        with (folder / "model.bin").open("rb") as file:
            head = file.read(64)
    except OSError:
        return None
    if len(head) < 6:
        return None
    length = struct.unpack_from("<H", head, 4)[0]
    return _KINDS.get(head[6 : 6 + max(0, length - 1)].decode("ascii", "replace"))


def ways(sources: frozenset[str], targets: frozenset[str]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """What a translation model does: languages that it puts into one another, or (spoken, written) pairs.

    One of the two is empty. A model counts as many-to-many where it both reads and writes more than two languages.
    """
    both = sources & targets
    if len(both) > 2:
        return tuple(sorted(both)), ()
    return (), tuple((source, target) for source in sorted(sources) for target in sorted(targets) if source != target)


def read_lock(folder: Path, repair: str | None = None) -> Lock | None:
    """What ``sottovoce.lock.json`` says; ``None`` where there is none.

    Args:
        folder: of a model in the cache.
        repair: what puts the model right, for the message; ``None``: a pull.

    Raises:
        ModelDamaged: it cannot be read.
    """
    path = folder / LOCK_NAME
    try:
        raw: Any = json.loads(path.read_text("utf-8"))
        files = {name: FileHash(file["sha256"], file["size_bytes"]) for name, file in raw["files"].items()}
        first_use = tuple(map(str, raw["trusted_on_first_use"]))
        return Lock(raw["name"], raw["source"], raw["revision"], files, first_use, _added(raw))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, LanguageError) as error:
        repair = repair or f"sottovoce models pull {folder.name}"
        raise ModelDamaged(f"{path} cannot be read ({error}); repair: {repair}") from error


def _added(raw: dict[str, Any]) -> Added | None:
    if "added" not in raw:
        return None
    about = raw["added"]
    if about["kind"] not in _KINDS.values():
        raise ValueError(f"unknown kind {about['kind']!r}")
    pairs = tuple((_code(source), _code(target)) for source, target in about["pairs"])
    return Added(about["kind"], tuple(map(_code, about["languages"])), pairs, str(about["licence"]))


def _code(value: object) -> str:
    return canonical(str(value))
