"""``models/catalog.toml``: every model that can be had by name, where from, and what its files must hash to."""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from translate import resources
from translate.errors import ConfigError, LanguageError
from translate.languages import LANGUAGES, canonical
from translate.registry.firefox import FIREFOX_NAME, load_firefox
from translate.registry.spec import COMMIT, MODEL_FILE, MODEL_NAME, SHA256, FileSpec, HubSource, ModelSpec, PartSpec

__all__ = ["Catalog", "catalog_in", "default_catalog", "load_catalog"]

_SETS: dict[str, tuple[str, ...]] = {
    "whisper": tuple(code for code in LANGUAGES if code != "yue"),
    "whisper-v3": tuple(LANGUAGES),
    "nllb": tuple(code for code, language in LANGUAGES.items() if language.nllb),
}
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # one plain name: nothing may leave the model's own folder
_PART_PATH = re.compile(r"[A-Za-z_]\w*(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
_REPO = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_LIKE_FIREFOX = re.compile(r"firefox(?:-([a-z]{2,4})(?:-([a-z]{2,4})(?:-[a-z-]+)?)?)?-?")


@dataclass(frozen=True, slots=True)
class Catalog:
    """The models, in the order of the file."""

    models: Mapping[str, ModelSpec]

    def with_models(self, others: Iterable[ModelSpec], where: str) -> Catalog:
        """This catalog and ``others`` after it; ``where`` they come from, for the message.

        Raises:
            ConfigError: two models have one name.
        """
        models = dict(self.models)
        for spec in others:
            if models.setdefault(spec.name, spec) is not spec:
                raise ConfigError(f"{where}: there are two models {spec.name!r}")
        return Catalog(models)

    def suggested(self, source: str, target: str) -> ModelSpec | None:
        """What to pull for a pair (canonical codes): free for any use, no warning, of the pair's own, and Firefox's."""
        able = [spec for spec in self.models.values() if spec.translates(source, target)]

        def key(spec: ModelSpec) -> tuple[bool, bool, bool, bool]:
            return not spec.commercial_use, spec.warning != "", not spec.pairs, spec.web is None

        return min(able, key=key, default=None)

    def find(self, name: str) -> ModelSpec:
        """The model of that name.

        Raises:
            ConfigError: no such model; the message names those that come near.
        """
        if name in self.models:
            return self.models[name]
        if hint := self._firefox_hint(name):
            raise ConfigError(f"unknown model {name[:60]!r}; {hint}")
        near = difflib.get_close_matches(name[:60], self.models, n=3, cutoff=0.5) or list(self.models)[:3]
        raise ConfigError(
            f"unknown model {name[:60]!r}; did you mean {', '.join(near)}? "
            "`sottovoce models list --all` shows all, and the path of a model folder does as well"
        )

    def _firefox_hint(self, name: str) -> str | None:
        """What to ask for instead of a model that Firefox does not have, where the name tells what is meant."""
        match = _LIKE_FIREFOX.fullmatch(name)
        of_firefox = {spec.pairs[0] for spec in self.models.values() if spec.web is not None and spec.pairs}
        if match is None or not of_firefox:
            return None
        if match[2] is None:
            return (
                "Firefox's models are called firefox-XX-en and firefox-en-XX, with the code of a language for XX; "
                "`sottovoce models list --all` shows all"
            )
        try:
            source, target = canonical(match[1]), canonical(match[2])
        except LanguageError:
            return None
        if "en" in (source, target) or source == target or not {(source, "en"), ("en", target)} <= of_firefox:
            return None
        both = {("en", source), (target, "en")} <= of_firefox
        what = f"--for {source},{target}" if both else f"--for {target} --spoken {source}"
        return f"Firefox's models go through English: sottovoce models pull {what}"


@functools.cache
def default_catalog() -> Catalog:
    """The catalog that ships with Sottovoce.

    Raises:
        ConfigError: it cannot be read or has a bad entry.
    """
    return catalog_in(resources.models_folder())


def catalog_in(folder: Path) -> Catalog:
    """``catalog.toml`` of a folder, and the list of Firefox's models beside it, if there is one.

    Raises:
        ConfigError: one cannot be read or has a bad entry.
    """
    catalog, others = load_catalog(folder / "catalog.toml"), folder / FIREFOX_NAME
    return catalog.with_models(load_firefox(others), str(others)) if others.exists() else catalog


def load_catalog(path: Path) -> Catalog:
    """The catalog in a TOML file.

    Raises:
        ConfigError: the file cannot be read, or an entry is bad; the message names the key.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    table = _Table(raw, str(path))
    if table.take("schema", int) != 1:
        raise ConfigError(f"{path}: schema must be 1; this catalog is of another version of Sottovoce")
    models: dict[str, ModelSpec] = {}
    for i, entry in enumerate(table.take("model", list, [])):
        spec = _model(_Table(entry, f"{path}: model[{i}]"))
        if spec.name in models:
            raise ConfigError(f"{path}: model[{i}].name: there are two models {spec.name!r}")
        models[spec.name] = spec
    table.finish()
    return Catalog(models)


class _Table:
    """A TOML table whose keys are taken one by one, so that a wrong type and an unknown key are both named."""

    def __init__(self, raw: object, where: str) -> None:
        if not isinstance(raw, dict):
            raise ConfigError(f"{where} must be a table")
        self._raw: dict[str, object] = dict(raw)
        self.where = where

    def take(self, key: str, kind: type, default: object = ..., pattern: re.Pattern[str] | None = None) -> Any:
        value = self._raw.pop(key, default)
        if value is ...:
            raise ConfigError(f"{self.where}.{key} is missing")
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if value is not default and (wrong or (pattern and not pattern.fullmatch(cast(str, value)))):
            form = f" of the form {pattern.pattern}" if pattern else ""
            raise ConfigError(f"{self.where}.{key} must be a {kind.__name__}{form}, not {value!r}")
        return value

    def finish(self) -> None:
        if self._raw:
            raise ConfigError(f"{self.where}: unknown key {next(iter(self._raw))!r}")


def _model(table: _Table) -> ModelSpec:
    name = table.take("name", str, pattern=MODEL_NAME)
    where = table.where = f"{table.where} ({name})"
    packages = table.take("packages", dict, {})
    hub = table.take("hub", dict, None)
    quality = _quality(table.take("quality", list, []), f"{where}.quality")
    spec = ModelSpec(
        name=name,
        kind=_one_of(table, "kind", ("whisper", "translation")),
        languages=_languages(table),
        pairs=tuple(_pair(pair, f"{where}.pairs") for pair in table.take("pairs", list, [])),
        licence=table.take("licence", str),
        commercial_use=table.take("commercial_use", bool, True),
        note=table.take("note", str, ""),
        files=tuple(
            _file(_Table(raw, f"{where}.files[{i}]"), packages) for i, raw in enumerate(table.take("files", list))
        ),
        packages=packages,
        hub=_hub(_Table(hub, f"{where}.hub")) if hub is not None else None,
        quality={pair: score for pair, (score, _) in quality.items()},
        estimated=frozenset(pair for pair, (_, estimated) in quality.items() if estimated),
    )
    table.finish()
    _check(spec, where)
    return spec


def _check(spec: ModelSpec, where: str) -> None:
    rules: list[tuple[Callable[[], bool], str]] = [
        (lambda: bool(spec.packages or spec.hub), ": one of packages, hub is missing"),
        (lambda: len({file.name for file in spec.files}) == len(spec.files), ".files names a file twice"),
        (
            lambda: sum(MODEL_FILE.fullmatch(file.name) is not None for file in spec.files) == 1,
            ".files must hold model.bin (or one such as model.ende.bin)",
        ),
        (lambda: not spec.packages or all(file.parts for file in spec.files), ".files: every file needs its parts"),
        (lambda: bool(spec.languages) != bool(spec.pairs), ": one of languages, pairs is needed"),
        (lambda: spec.kind == "translation" or not spec.pairs, ".pairs is for translation models"),
        (lambda: all(spec.translates(*pair) for pair in spec.quality), ".quality is of a pair that is not the model's"),
    ]
    for holds, message in rules:
        if not holds():
            raise ConfigError(where + message)


def _one_of(table: _Table, key: str, allowed: tuple[str, ...]) -> Any:
    value = table.take(key, str)
    if value not in allowed:
        raise ConfigError(f"{table.where}.{key} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _languages(table: _Table) -> tuple[str, ...]:
    value = table.take("languages", object, [])
    if isinstance(value, str) and value in _SETS:
        return _SETS[value]
    if not isinstance(value, list):
        raise ConfigError(f"{table.where}.languages must be a list of codes or one of {', '.join(_SETS)}")
    return tuple(_language(code, f"{table.where}.languages") for code in value)


def _pair(value: object, where: str) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise ConfigError(f"{where} must hold pairs [spoken, written], not {value!r}")
    return _language(value[0], where), _language(value[1], where)


def _language(value: object, where: str) -> str:
    try:
        return canonical(str(value))
    except LanguageError as error:
        raise ConfigError(f"{where}: {error}") from error


def _quality(rows: list[object], where: str) -> dict[tuple[str, str], tuple[float, bool]]:
    """By pair the score, and whether it is only estimated."""
    found: dict[tuple[str, str], tuple[float, bool]] = {}
    for i, row in enumerate(rows):
        table = _Table(row, f"{where}[{i}]")
        pair = _pair(table.take("pair", list), f"{table.where}.pair")
        found[pair] = table.take("flores_dev_bleu", float), table.take("estimated", bool, False)
        table.finish()
    return found


def _hub(table: _Table) -> HubSource:
    source = HubSource(table.take("repo", str, pattern=_REPO), table.take("revision", str, None, COMMIT))
    table.finish()
    return source


def _file(table: _Table, packages: Mapping[str, str]) -> FileSpec:
    name = table.take("name", str, pattern=_FILE_NAME)
    size_bytes = table.take("size_bytes", int, None)
    sha256 = table.take("sha256", str, None, SHA256)
    raw_parts = table.take("parts", list, [])
    table.finish()
    if raw_parts and (sha256 is None or size_bytes is None):
        raise ConfigError(f"{table.where}: a file of a package needs sha256 and size_bytes")
    parts: list[PartSpec] = []
    for i, raw in enumerate(raw_parts):
        part = _Table(raw, f"{table.where}.parts[{i}]")
        whole = len(raw_parts) == 1  # a file in one part is that part: its hash need not be said twice
        spec = PartSpec(
            part.take("path", str, pattern=_PART_PATH),
            part.take("size_bytes", int, size_bytes if whole else ...),
            part.take("sha256", str, sha256 if whole else ..., SHA256),
        )
        part.finish()
        if spec.package not in packages:
            raise ConfigError(f"{part.where}.path: package {spec.package!r} is not among the model's packages")
        parts.append(spec)
    return FileSpec(name, size_bytes, sha256, tuple(parts))
