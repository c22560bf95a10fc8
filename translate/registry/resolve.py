"""From a name or a path to a model folder that an engine can load: found, joined where need be, and checked."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from translate import resources
from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.manifest import read_manifest
from translate.paths import expanded
from translate.registry.assemble import assemble
from translate.registry.catalog import Catalog, default_catalog
from translate.registry.folders import Added, FileHash, has_model_file, kind_of, read_lock, ways
from translate.registry.found import Origin, Place, ResolvedModel
from translate.registry.hashing import Progress, Stamps, check_files
from translate.registry.packages import packaged_parts, plain_folder, reinstall_command
from translate.registry.spec import MODEL_NAME, Kind, ModelSpec
from translate.registry.store import Store, cache_folder

__all__ = [
    "Registry",
    "default_registry",
    "ensure_intact",
    "installed_translations",
    "resolve",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Registry:
    """The models of one machine: a catalog, the students shipped beside it, and a cache."""

    catalog: Catalog
    students: Path
    store: Store

    def resolve(self, name_or_path: str | Path, *, kind: Kind | None = None) -> ResolvedModel:
        """The folder of a model: a path, a student, an installed package, the cache, in this order.

        A plain name is taken for a folder of the current directory only if no added model is called so.

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
        """Every translation model that is here: own ``folders``, students, bilingual, many-to-many.

        Which of them serves a pair is for :func:`~translate.registry.preference` to say. Nothing is hashed:
        :meth:`check` the model that is going to be loaded.

        Raises:
            MissingModel, ConfigError: one of ``folders`` is no translation model.
        """
        found: dict[Path, ResolvedModel] = {}
        own = (self._own(expanded(folder)) for folder in folders)
        named = (self._named(spec) for spec in self.catalog.models.values() if spec.kind == "translation")
        for model in (*own, *self._students(), *named, *self._added()):
            if model is not None and model.kind == "translation":
                found.setdefault(model.path, model)
        return sorted(found.values(), key=lambda m: (not m.own, m.origin != "student", not m.pairs))

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
        return sorted(path.name for path in self.students.iterdir() if has_model_file(path))

    def added_names(self) -> list[str]:
        """The names of the models that somebody has added to the cache (``models add``)."""
        return [name for name in self.store.names() if name not in self.catalog.models and self._is_added(name)]

    def expected(self, model: ResolvedModel) -> Mapping[str, FileHash]:
        """What the files of a model must hash to; empty where nobody has recorded it.

        Raises:
            ModelDamaged: the folder's own record cannot be read.
        """
        if model.origin != "added" and (manifest := read_manifest(model.path)):
            return {name: FileHash(sha256) for name, sha256 in manifest.sha256.items()}
        lock = read_lock(model.path, self._repair(model))
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
        if model.origin == "added":
            return _repair_added(model.name)
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
        if isinstance(name_or_path, Path) or separators & set(text):
            return self._folder(path)
        student = has_model_file(self.students / text)
        added = text not in self.catalog.models and MODEL_NAME.fullmatch(text) and self._is_added(text)
        if added and not student:  # before the folder that it may have been added from
            return self.added(text)
        if has_model_file(path):
            return self._folder(path)
        return self._student(self.students / text) if student else self.of_catalog(self.catalog.find(text))

    def of_catalog(self, spec: ModelSpec) -> ResolvedModel:
        """A model of the catalog, joined if it comes in parts; nothing is checked.

        Raises:
            MissingModel: it is not here; the message names the command that gets it.
        """
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
            pairs=spec.pairs, licence=spec.licence, commercial_use=spec.commercial_use, quality=spec.quality,
            estimated=spec.estimated,
        )  # fmt: skip

    def _folder(self, path: Path) -> ResolvedModel:
        if not path.is_dir():
            raise MissingModel(f"there is no model folder {path}")
        kind = kind_of(path)
        if kind is None:
            raise MissingModel(
                f"{path} is not a CTranslate2 model folder, nor one of Marian: "
                "no model.bin in it, or not one of Whisper or a Transformer"
            )
        if kind == "whisper":
            return ResolvedModel(path=path, name=path.name, kind=kind, origin="path")
        return self._described(path, "path")

    def _own(self, path: Path) -> ResolvedModel:
        model = self._folder(path)
        if model.kind != "translation":
            raise ConfigError(f"mt.models: {path} recognizes speech; translation models are named there")
        return replace(model, own=True)

    def _students(self) -> Iterator[ResolvedModel]:
        for name in self.student_names():
            try:
                yield self._student(self.students / name)
            except ModelDamaged as error:
                _log.warning("a translation model is left out: %s", error)

    def _student(self, path: Path) -> ResolvedModel:
        return self._described(path, "student")

    def _is_added(self, name: str) -> bool:
        with contextlib.suppress(ModelDamaged):
            lock = read_lock(self.store.folder(name))
            return lock is not None and lock.added is not None
        return True  # it has a lock file, which cannot be read: to be told so

    def _added(self) -> Iterator[ResolvedModel]:
        for name in self.added_names():
            try:
                yield self.added(name)
            except ModelDamaged as error:
                _log.warning("a model is left out: %s", error)

    def added(self, name: str) -> ResolvedModel:
        """A model that somebody has added, with nothing checked.

        Raises:
            ModelDamaged: what is written down of it cannot be read.
        """
        path = self.store.folder(name)
        lock = read_lock(path, _repair_added(name))
        about = (lock.added if lock else None) or Added("translation")
        try:
            manifest = read_manifest(path)
        except ModelDamaged as error:
            raise ModelDamaged(f"{error}; repair: {_repair_added(name)}") from error
        return ResolvedModel(
            path=path, name=name, kind=about.kind, origin="added", languages=about.languages, pairs=about.pairs,
            licence=about.licence, quality=manifest.quality if manifest else {},
        )  # fmt: skip

    def _described(self, path: Path, origin: Origin) -> ResolvedModel:
        manifest = read_manifest(path)
        pairs = manifest.pairs if manifest else ()
        languages: tuple[str, ...] = ()
        if not pairs:  # only the tokenizer can tell: by its language tokens, or by the name of the folder
            from translate.translation.tokenizer import open_tokenizer

            tokenizer = open_tokenizer(path)
            languages, pairs = ways(tokenizer.sources, tokenizer.targets)
        return ResolvedModel(
            path=path, name=path.name, kind="translation", origin=origin, languages=languages, pairs=pairs,
            licence=manifest.licence if manifest else "", quality=manifest.quality if manifest else {},
        )  # fmt: skip


def _repair_added(name: str) -> str:
    return f"sottovoce models rm {name}, then sottovoce models add FOLDER from where it came"


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
