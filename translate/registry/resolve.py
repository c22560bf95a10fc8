"""From a name or a path to a model folder that an engine can load: found, joined where need be, and checked."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from translate import resources
from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.paths import expanded
from translate.registry.assemble import assemble
from translate.registry.catalog import Catalog, Kind, ModelSpec, covers, default_catalog
from translate.registry.folders import FileHash, kind_of, read_description, read_lock
from translate.registry.hashing import Progress, Stamps, check_files
from translate.registry.packages import packaged_parts, plain_folder, reinstall_command
from translate.registry.store import Store, cache_folder

__all__ = [
    "Origin",
    "Place",
    "Registry",
    "ResolvedModel",
    "default_registry",
    "ensure_intact",
    "installed_translations",
    "resolve",
]

_log = logging.getLogger(__name__)

Origin = Literal["path", "student", "package", "cache"]
"""How a model was found: given as a path, shipped in ``models/students``, in an installed package, in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedModel:
    """A model folder on this machine."""

    path: Path
    name: str
    kind: Kind
    origin: Origin
    languages: tuple[str, ...] = ()
    """What a ``whisper`` model hears, or what a translation model reads and writes in any combination.

    Canonical codes; empty where the folder does not tell (ask the loaded model).
    """
    pairs: tuple[tuple[str, str], ...] = ()
    """(spoken, written) of a bilingual translation model."""
    licence: str = ""
    commercial_use: bool = True

    def translates(self, source: str, target: str) -> bool:
        """Whether this is a translation model from ``source`` to ``target`` (canonical codes)."""
        return self.kind == "translation" and covers(self.pairs, self.languages, source, target)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model of the catalog was found; ``folder`` of ``None``: in packages, to be joined at first use."""

    origin: Origin
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Registry:
    """The models of one machine: a catalog, the students shipped beside it, and a cache."""

    catalog: Catalog
    students: Path
    store: Store

    def resolve(self, name_or_path: str | Path, *, kind: Kind | None = None) -> ResolvedModel:
        """The folder of a model: a path, a student, an installed package, the cache, in this order.

        Never uses the network. A model that comes in parts is joined at first use; files are held against their
        SHA-256 at first use and after every change.

        Args:
            name_or_path: a name of the catalog or of a student, or the path of a CTranslate2 folder.
            kind: what it must be; ``None``: either.

        Raises:
            MissingModel: it is not here; the message names the command that gets it.
            ModelDamaged: a file is not what it should be; the message names it and the repair.
            ConfigError: there is no such name, or the model is of another kind.
        """
        model = self.find(name_or_path)
        if kind is not None and model.kind != kind:
            uses = {"whisper": "recognizes speech", "translation": "translates text"}
            raise ConfigError(f"the model {model.name} {uses[model.kind]}; here one is needed that {uses[kind]}")
        self.check(model)
        return model

    def translations(self, folders: Sequence[str] = ()) -> list[ResolvedModel]:
        """Every translation model that is here, best first: own ``folders``, students, bilingual, many-to-many.

        Nothing is hashed: :meth:`check` the model that is going to be loaded.

        Raises:
            MissingModel, ConfigError: one of ``folders`` is no translation model.
        """
        own = [self._own(expanded(folder)) for folder in folders]
        shipped = [model for model in self._students() if model is not None]
        named = [self._named(spec) for spec in self.catalog.models.values() if spec.kind == "translation"]
        found = {model.path: model for model in (*own, *shipped, *filter(None, named))}
        rank = {id(model): (model not in own, model.origin != "student", not model.pairs) for model in found.values()}
        return sorted(found.values(), key=lambda model: rank[id(model)])

    def place(self, spec: ModelSpec) -> Place | None:
        """Where a model of the catalog is, without joining or hashing anything; ``None``: not here."""
        parts = packaged_parts(spec)
        if parts is not None and (plain := plain_folder(spec, parts)) is not None:
            return Place("package", plain)
        folder = self.store.folder(spec.name)
        if folder.is_dir():
            return Place("cache" if parts is None else "package", folder)
        return Place("package", None) if parts is not None else None

    def student_names(self) -> list[str]:
        """The names of the models in ``models/students``."""
        if not self.students.is_dir():
            return []
        return sorted(path.name for path in self.students.iterdir() if (path / "model.bin").is_file())

    def expected(self, model: ResolvedModel) -> Mapping[str, FileHash]:
        """What the files of a model must hash to; empty where nobody has recorded it.

        Raises:
            ModelDamaged: the folder's own record cannot be read.
        """
        if description := read_description(model.path):
            return description.files
        lock = read_lock(model.path)
        recorded = dict(lock.files) if lock else {}
        if model.origin in ("package", "cache"):
            spec = self.catalog.find(model.name)
            recorded |= {file.name: FileHash(file.sha256, file.size_bytes) for file in spec.files if file.sha256}
        return recorded

    def check(self, model: ResolvedModel, *, full: bool = False, progress: Progress | None = None) -> None:
        """Hold the files of a model against their hashes.

        Args:
            model: what :meth:`resolve` or :meth:`translations` gave.
            full: hash every byte, whatever is remembered.
            progress: called with the bytes hashed.

        Raises:
            ModelDamaged: one line that names the file and the command that repairs.
        """
        stamps = None if full else Stamps(self.store.root, model.path)
        check_files(model.path, self.expected(model), self._repair(model), stamps=stamps, progress=progress)

    def _repair(self, model: ResolvedModel) -> str:
        if model.origin == "student":
            return "pip install --force-reinstall --no-deps sottovoce"
        if model.origin == "path":
            return f"copy {model.path.name} again from where it came"
        if model.path == self.store.folder(model.name):
            return f"sottovoce models pull {model.name}"
        return reinstall_command(self.catalog.find(model.name))

    def find(self, name_or_path: str | Path) -> ResolvedModel:
        """As :meth:`resolve`, with nothing checked.

        Raises:
            MissingModel, ConfigError: as :meth:`resolve`.
        """
        text = str(name_or_path)
        path = expanded(text)
        separators = {os.sep, os.altsep or os.sep}
        if isinstance(name_or_path, Path) or separators & set(text) or (path / "model.bin").is_file():
            return self._folder(path)
        if (self.students / text / "model.bin").is_file():
            return self._student(self.students / text)
        spec = self.catalog.find(text)
        model = self._named(spec, join=True)
        if model is None:
            raise MissingModel(f"the model {spec.name} is not on this machine; get it with: {spec.command}")
        return model

    def _named(self, spec: ModelSpec, *, join: bool = False) -> ResolvedModel | None:
        place = self.place(spec)
        if place is None:
            return None
        folder = place.folder
        if folder is None:
            if not join:
                return None
            folder = assemble(spec, self.store)
        return ResolvedModel(
            path=folder, name=spec.name, kind=spec.kind, origin=place.origin, languages=spec.languages,
            pairs=spec.pairs, licence=spec.licence, commercial_use=spec.commercial_use,
        )  # fmt: skip

    def _folder(self, path: Path) -> ResolvedModel:
        if not path.is_dir():
            raise MissingModel(f"there is no model folder {path}")
        kind = kind_of(path)
        if kind is None:
            raise MissingModel(
                f"{path} is not a CTranslate2 model folder: no model.bin in it, or not one of Whisper or a Transformer"
            )
        if kind == "whisper":
            return ResolvedModel(path=path, name=path.name, kind=kind, origin="path")
        return self._described(path, "path")

    def _own(self, path: Path) -> ResolvedModel:
        model = self._folder(path)
        if model.kind != "translation":
            raise ConfigError(f"mt.models: {path} recognizes speech; translation models are named there")
        return model

    def _students(self) -> Iterator[ResolvedModel | None]:
        for name in self.student_names():
            try:
                yield self._student(self.students / name)
            except ModelDamaged as error:
                _log.warning("a translation model is left out: %s", error)

    def _student(self, path: Path) -> ResolvedModel:
        return self._described(path, "student")

    def _described(self, path: Path, origin: Origin) -> ResolvedModel:
        description = read_description(path)
        pairs = description.pairs if description else ()
        languages: tuple[str, ...] = ()
        if not pairs:  # only the tokenizer can tell: by its language tokens, or by the name of the folder
            from translate.translation.tokenizer import open_tokenizer

            tokenizer = open_tokenizer(path)
            both = tokenizer.sources & tokenizer.targets
            if len(both) > 2:
                languages = tuple(sorted(both))
            else:
                ways = ((s, t) for s in sorted(tokenizer.sources) for t in sorted(tokenizer.targets) if s != t)
                pairs = tuple(ways)
        return ResolvedModel(
            path=path, name=path.name, kind="translation", origin=origin, languages=languages, pairs=pairs,
            licence=description.licence if description else "",
        )  # fmt: skip


def default_registry() -> Registry:
    """The registry of this installation and this user.

    Raises:
        ConfigError: the catalog has a bad entry.
    """
    return Registry(default_catalog(), resources.models_folder() / "students", Store(cache_folder()))


def resolve(name_or_path: str | Path, *, kind: Kind | None = None) -> ResolvedModel:
    """:meth:`Registry.resolve` of this installation."""
    return default_registry().resolve(name_or_path, kind=kind)


def installed_translations(folders: Sequence[str] = ()) -> list[ResolvedModel]:
    """:meth:`Registry.translations` of this installation; ``folders`` are those of ``MtConfig.models``."""
    return default_registry().translations(folders)


def ensure_intact(model: ResolvedModel) -> None:
    """:meth:`Registry.check` of this installation, before a model of :func:`installed_translations` is loaded."""
    default_registry().check(model)
