"""``sottovoce models add``: takes a model folder that somebody carried in, and looks at it before it trusts it.

What fits the hashes of a catalog model is that model. Anything else gets a name of its own, and is what it was on the
day it came: its hashes are written down then.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.manifest import ADDED_MANIFEST, languages_manifest, read_manifest
from translate.registry.fetch import PACKED_SUFFIX, FolderFetcher, is_packed
from translate.registry.folders import LOCK_NAME, Added, FileHash, Lock, kind_of, ways
from translate.registry.found import ResolvedModel
from translate.registry.hashing import BLOCK_BYTES, hash_file, remember
from translate.registry.pull import pull
from translate.registry.resolve import Registry
from translate.registry.spec import MODEL_FILE, MODEL_NAME, FileSpec, ModelSpec
from translate.registry.unpack import bound_bytes, unpack

__all__ = ["add"]

_OF_A_MODEL = re.compile(
    rf"{MODEL_FILE.pattern}|(?:lex|vocab|srcvocab|trgvocab)\.[\w.-]+"  # Marian
    r"|config\.json|(?:shared_|source_|target_)?vocabulary\.(?:json|txt)|[\w.-]+\.spm"  # CTranslate2
    r"|sentencepiece\.(?:bpe\.)?model|spm\.model|tokenizer\.json|preprocessor_config\.json"
    r"|student\.toml|sottovoce\.toml|LICENSE"
)
_OF_WORDS = re.compile(r"(?:lex|vocab|srcvocab|trgvocab)\..+|.+vocabulary\.(?:json|txt)|.+\.spm|sentencepiece\..+")
_MOST_FILES = 40
_MOST_BYTES = 16 << 30
"""The largest that CTranslate2 runs here have 13 GB."""
_MOST_SMALL_BYTES = 64 << 20
"""Of anything but weights and shortlists: the vocabulary of NLLB has 6 MB."""
_BUSY_S = 1.0


def add(registry: Registry, folder: Path, name: str | None = None) -> ResolvedModel:
    """Copy a model folder into the cache.

    Args:
        registry: whose cache it goes into.
        folder: CTranslate2 or Marian; files that end in ``.gz`` are unpacked.
        name: what to call it; ``None``: as the catalog does if it is one of its models, else as the folder.

    Raises:
        ConfigError: no folder, or the name is no name or taken.
        MissingModel: there is no model in the folder, or no room in the cache.
        ModelDamaged: the folder holds something that is no plain file, too large, or cannot be opened.
    """
    files = _look(folder)
    known = _known(registry, folder, files)
    if known is not None:
        if name not in (None, known.name):
            raise ConfigError(f"{folder} is {known.name} of the catalog; add it without --name")
        return _pulled(registry, known, folder)
    name = folder.absolute().name if name is None else name
    _check_free(registry, folder, name)
    with registry.store.locked(name, timeout_s=_BUSY_S):
        _check_free(registry, folder, name)  # another process may have been faster
        _store(registry, folder, files, name)
    return registry.added(name)


def _look(folder: Path) -> dict[str, Path]:
    """The files of the model, by name without ``.gz``. Nothing is opened, so that nothing can hang or run over."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(PACKED_SUFFIX)
        if not _OF_A_MODEL.fullmatch(name):
            continue
        entry = path.lstat()
        if not stat.S_ISREG(entry.st_mode):
            raise ModelDamaged(f"{path} is no plain file; copy the files themselves (cp -L), then add that folder")
        small = not (MODEL_FILE.fullmatch(name) or name.startswith("lex."))
        if entry.st_size > (_MOST_SMALL_BYTES if small else _MOST_BYTES):
            raise ModelDamaged(f"{path} has {entry.st_size / 1e9:.1f} GB: too large for a file of a model")
        files.setdefault(name, path)  # NAME sorts before NAME.gz
    if not any(MODEL_FILE.fullmatch(name) for name in files):
        raise MissingModel(
            f"{folder} has no model: no file model.bin, nor one such as model.ende.intgemm.alphas.bin or that with .gz"
        )
    if len(files) > _MOST_FILES:
        raise ModelDamaged(f"{folder} has {len(files)} files of models; add the folder of one model")
    return files


def _known(registry: Registry, folder: Path, files: dict[str, Path]) -> ModelSpec | None:
    """The model of the catalog that has these very weights, with everything else that it has a hash for.

    Raises:
        ModelDamaged: it has the weights, and beside them a vocabulary or shortlist that belongs to others. Such a model
            loads, if only there are as many words, and translates into nonsense.
    """
    hashes: dict[Path, str] = {}

    def fits(file: FileSpec) -> bool:
        path = files.get(file.name)
        if path is None:
            return False
        packed = path.name != file.name
        size, sha256 = file.size_bytes, file.sha256
        if packed:
            if file.packed is None:
                return False
            size, sha256 = file.packed.size_bytes, file.packed.sha256
        if sha256 is None:  # of what is not the weights; trusted as it came, and written down
            return MODEL_FILE.fullmatch(file.name) is None
        if size is not None and path.stat().st_size != size:
            return False
        if path not in hashes:
            hashes[path] = hash_file(path)
        return hashes[path] == sha256

    def foreign(spec: ModelSpec) -> Path | None:
        if spec.kind != "translation" or not all(fits(file) for file in spec.files if MODEL_FILE.fullmatch(file.name)):
            return None
        # What is packed may have been packed by somebody else, and be the same.
        own = (file for file in spec.files if file.sha256 and _OF_WORDS.fullmatch(file.name))
        return next(
            (files[f.name] for f in own if f.name in files and files[f.name].name == f.name and not fits(f)), None
        )

    specs = registry.catalog.models.values()
    known = next((spec for spec in specs if all(fits(file) for file in spec.files)), None)
    for spec in specs if known is None else ():
        if path := foreign(spec):
            raise ModelDamaged(f"{path} is not the file that belongs to these weights, which are those of {spec.name}")
    return known


def _pulled(registry: Registry, spec: ModelSpec, folder: Path) -> ResolvedModel:
    place = registry.place(spec)
    if place is not None and place.origin == "package":
        model = registry.of_catalog(spec)  # there is one already
        registry.check(model)
        return model

    def look(staging: Path, first_use: Sequence[str]) -> None:
        if spec.kind == "translation" and first_use:
            _load(staging, folder)

    pull(spec, registry.store, FolderFetcher(folder), look=look)
    return registry.of_catalog(spec)


def _check_free(registry: Registry, folder: Path, name: str) -> None:
    if not MODEL_NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot be the name of a model; choose one of a-z, 0-9, dot and dash with --name")
    if name in registry.catalog.models:
        raise ConfigError(
            f"{folder} is not the {name} of the catalog: other files, or damaged ones; "
            "if it is another model, give it a name with --name"
        )
    if name in registry.student_names():
        raise ConfigError(f"{name} ships with Sottovoce; choose another name with --name")
    if registry.store.folder(name).exists():
        raise ConfigError(f"there is a model {name} already; sottovoce models rm {name}, or choose another with --name")


def _store(registry: Registry, folder: Path, files: dict[str, Path], name: str) -> None:
    store = registry.store
    sizes = {file: path.stat().st_size for file, path in files.items()}
    needed = sum(bound_bytes(size) if is_packed(files[file]) else size for file, size in sizes.items())
    with store.writing(name, needed):
        staging = store.new_staging(name)
        try:
            for file, path in files.items():
                _copy(path, staging / file, folder.name)
            about = _opened(staging, folder, name)
            hashes = {path.name: FileHash(hash_file(path), path.stat().st_size) for path in sorted(staging.iterdir())}
            lock = Lock(name, f"folder {folder.absolute().name}", None, hashes, tuple(hashes), about)
            (staging / LOCK_NAME).write_text(lock.as_json(), "utf-8")
            path = store.publish(name)
        except BaseException:
            store.discard(name)
            raise
    remember(store.root, path, {file: entry.sha256 for file, entry in hashes.items()})


def _copy(path: Path, target: Path, model: str) -> None:
    with _plain(path) as source:
        if is_packed(path):
            unpack(source, target, f"{path.name} of {model}")
            return
        left = os.fstat(source.fileno()).st_size
        with target.open("wb") as out:
            while left > 0 and (block := source.read(min(left, BLOCK_BYTES))):
                out.write(block)
                left -= len(block)


@contextmanager
def _plain(path: Path) -> Iterator[IO[bytes]]:
    """The file opened, and still a plain one: what was looked at may have been replaced since."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise ModelDamaged(f"{path} cannot be read: {error.strerror}") from error
    with open(handle, "rb", buffering=0) as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ModelDamaged(f"{path} is no plain file")
        yield file


def _opened(staging: Path, folder: Path, name: str) -> Added:
    """What the model is, from its own files in the staging folder."""
    kind = kind_of(staging)
    if kind is None:
        raise MissingModel(f"{folder} holds no model that can be used: not one of Whisper, a Transformer, or Marian")
    if kind == "whisper":
        if not any((staging / file).is_file() for file in ("tokenizer.json", "vocabulary.json", "vocabulary.txt")):
            raise ModelDamaged(f"{folder} has no tokenizer.json; a model of Whisper needs it")
        return Added(kind)
    with _told_of(folder, staging):
        manifest = read_manifest(staging)
        if manifest is not None and Path(manifest.tokenizer).name != manifest.tokenizer:
            raise ModelDamaged(f"{folder}: its tokenizer {manifest.tokenizer!r} is not in the folder")
        _tell_languages(staging, folder)
    languages, pairs = ways(*_load(staging, folder))
    return Added(kind, languages, pairs, licence=manifest.licence if manifest else "")


def _tell_languages(staging: Path, folder: Path) -> None:
    """The name of the folder tells the languages of OPUS-MT, and may be another in the cache: write them down."""
    from translate.translation.tokenizer import languages_in

    sides = languages_in(folder.absolute().name)
    if any(sides) and (staging / "source.spm").is_file() and read_manifest(staging) is None:
        (staging / ADDED_MANIFEST).write_text(languages_manifest(*map(sorted, sides)), "utf-8")


def _load(staging: Path, folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Load the whole translation model once, as it will be when it is used; returns what it reads and writes."""
    from translate.translation.engine import TranslationEngine

    with _told_of(folder, staging):
        try:
            engine = TranslationEngine(staging)
        except (OSError, RecursionError, MemoryError) as error:
            raise ModelDamaged(f"{folder} cannot be loaded: {type(error).__name__}") from error
    return engine.sources, engine.targets


@contextmanager
def _told_of(folder: Path, staging: Path) -> Iterator[None]:
    """Messages speak of the folder that the user knows, not of the one that is gone in a moment."""
    try:
        yield
    except ModelDamaged as error:
        raise ModelDamaged(str(error).replace(str(staging), str(folder))) from error
