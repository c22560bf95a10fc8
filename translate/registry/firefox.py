"""``models/firefox.json``: Mozilla's models for translation inside Firefox, as a list that is quick to read.

``python -m models.firefox`` makes it. Most come from Mozilla's repository at one commit, as gzip files whose hashes the
repository records; the others as Firefox itself gets them. Of one pair smaller architectures come first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from translate.errors import ConfigError
from translate.languages import LANGUAGES
from translate.registry.spec import COMMIT, SHA256, FileSpec, ModelSpec, PackedSpec, WebSource

__all__ = ["FIREFOX_NAME", "load_firefox"]

FIREFOX_NAME = "firefox.json"

_REPOSITORY_SERVER = "https://media.githubusercontent.com"
_REPOSITORY = "/media/mozilla/firefox-translations-models"
_ATTACHMENTS_SERVER = "https://firefox-settings-attachments.cdn.mozilla.net"

_NAME = re.compile(r"firefox-[a-z]+-[a-z]+(-[a-z-]+)?")
_FILE = re.compile(r"(?:model|lex|vocab|srcvocab|trgvocab)\.[A-Za-z0-9._-]+")
_PATH = re.compile(r"[A-Za-z0-9-][A-Za-z0-9._-]*(?:/[A-Za-z0-9-][A-Za-z0-9._-]*)*")
_NEVER_MISSING = frozenset({"name", "pair", "architecture", "files"})
_KEYS = _NEVER_MISSING | {"vocabulary", "dev", "devtest", "warning", "folder"}


def load_firefox(path: Path) -> list[ModelSpec]:
    """The models of the list.

    Raises:
        ConfigError: it cannot be read, or an entry is bad; the message names it.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {str(error)[:120]}") from error
    try:
        return list(_models(raw))
    except _Bad as error:
        raise ConfigError(f"{path}: {error}") from None


class _Bad(Exception):
    """What is wrong, beginning with the key."""


def _need(holds: object, problem: str) -> None:
    if not holds:
        raise _Bad(problem)


def _models(raw: Any) -> Iterator[ModelSpec]:
    _need(isinstance(raw, dict) and raw.get("schema") == 1, "schema must be 1; this list is of another version")
    commit, records, models = raw.get("commit"), raw.get("records"), raw.get("models")
    _need(isinstance(commit, str) and COMMIT.fullmatch(commit), "commit must be 40 hexadecimal digits")
    _need(isinstance(records, int), "records must be a number")
    _need(isinstance(models, list), "models must be a list")
    repository = WebSource(_REPOSITORY_SERVER, f"{_REPOSITORY}/{commit}", commit)
    attachments = WebSource(_ATTACHMENTS_SERVER, "", f"records of {records}")
    for i, entry in enumerate(models):
        where = f"models[{i}]"
        _need(isinstance(entry, dict) and entry.keys() >= _NEVER_MISSING, f"{where}: a key is missing")
        _need(entry.keys() <= _KEYS, f"{where}: unknown key {next(iter(entry.keys() - _KEYS), '')!r}")
        yield _model(entry, where, repository if "folder" in entry else attachments)


def _model(entry: dict[str, Any], where: str, web: WebSource) -> ModelSpec:
    name, folder = entry["name"], entry.get("folder")
    _need(isinstance(name, str) and _NAME.fullmatch(name), f"{where}.name must be such as firefox-en-de, not {name!r}")
    where = f"{where} ({name})"
    _need(folder is None or (isinstance(folder, str) and _PATH.fullmatch(folder)), f"{where}.folder must be a path")
    pair = entry["pair"]
    known = isinstance(pair, list) and len(pair) == 2 and all(isinstance(c, str) and c in LANGUAGES for c in pair)
    _need(known, f"{where}.pair must be two canonical codes, not {pair!r}")
    rows = entry["files"]
    _need(isinstance(rows, list) and len(rows) >= 3, f"{where}.files must be three or more")
    files = tuple(_file(row, f"{where}.files[{j}]", folder) for j, row in enumerate(rows))
    _need(files[0].name.startswith("model."), f"{where}.files[0] must be the model")
    _need(len({file.name for file in files}) == len(files), f"{where}.files names a file twice")
    sizes, remark = entry.get("vocabulary", []), entry.get("warning", "")
    _need(isinstance(sizes, list) and all(map(_is_size, sizes)), f"{where}.vocabulary must be numbers of subwords")
    _need(isinstance(remark, str), f"{where}.warning must be text")
    dev, devtest = (_score(entry.get(key), f"{where}.{key}") for key in ("dev", "devtest"))
    return ModelSpec(
        name=name,
        kind="translation",
        languages=(),
        pairs=((pair[0], pair[1]),),
        licence="MPL-2.0",
        commercial_use=True,
        note=_note(entry, dev, devtest),
        warning=remark,
        files=files,
        web=web,
        quality={} if dev is None else {(pair[0], pair[1]): dev},
    )


def _note(entry: dict[str, Any], dev: float | None, devtest: float | None) -> str:
    scores = [f"{score} on {of}" for score, of in ((dev, "flores-dev"), (devtest, "devtest")) if score is not None]
    measured = f"BLEU {', '.join(scores)}, measured by Mozilla" if scores else "Mozilla publishes no score"
    sizes = entry.get("vocabulary")
    words = f", {' + '.join(f'{size:,}' for size in sizes)} subwords" if sizes else ""
    remark = f"; {entry['warning']}" if "warning" in entry else ""
    return f"Firefox's own, {entry['architecture']}{words}. {measured}{remark}."


def _score(value: object, where: str) -> float | None:
    _need(value is None or (isinstance(value, int | float) and 0 < value <= 100), f"{where} must be a BLEU score")
    return None if value is None else float(value)  # type: ignore[arg-type]


def _file(row: Any, where: str, folder: str | None) -> FileSpec:
    _need(isinstance(row, list) and len(row) == (4 if folder is None else 5), f"{where} has too few or many values")
    name, size, sha256 = row[:3]
    _need(isinstance(name, str) and _FILE.fullmatch(name), f"{where}: {name!r} is no name of a file of a model")
    if folder is None:
        _need(_is_size(size) and _is_sha256(sha256), f"{where} needs size and SHA-256")
        _need(isinstance(row[3], str) and _PATH.fullmatch(row[3]), f"{where} needs a path")
        return FileSpec(name, size, sha256, path=row[3])
    stated = _is_size(size) and _is_sha256(sha256)
    _need(stated or (size is None and sha256 is None), f"{where}: bad size or SHA-256")
    _need(_is_size(row[3]) and _is_sha256(row[4]), f"{where}: bad size or SHA-256 of the gzip file")
    return FileSpec(name, size, sha256, path=f"{folder}/{name}.gz", packed=PackedSpec(row[3], row[4]))


def _is_size(value: object) -> bool:
    return type(value) is int and value > 0


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None
