"""The folder of a Marian model, as Mozilla's registry has them: which file is what, and which languages it is for."""

from __future__ import annotations

import functools
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from translate.errors import LanguageError, ModelDamaged
from translate.languages import canonical

__all__ = ["MarianFolder", "find_folder", "is_marian_folder", "pair_of"]

_MODEL = re.compile(r"model\.(?:([a-z_-]{4,16})\.)?(?:[\w.-]+\.)?bin")
_NAMES = {
    "shortlist": re.compile(r"lex\.[\w.-]+\.bin"),
    "vocabulary": re.compile(r"vocab\.[\w.-]+"),
    "source_vocabulary": re.compile(r"srcvocab\.[\w.-]+"),
    "target_vocabulary": re.compile(r"trgvocab\.[\w.-]+"),
}
_HEAD = struct.Struct("<QQ")
_LARGEST_COUNT = 1 << 20


@dataclass(frozen=True, slots=True)
class MarianFolder:
    """The files of one model."""

    model: Path
    source_vocabulary: Path
    target_vocabulary: Path
    shortlist: Path | None
    pair: tuple[str, str] | None
    """(spoken, written) as the names of the files say it; canonical codes."""


def is_marian_folder(folder: Path) -> bool:
    """Whether there is a file in ``folder`` that is named and begins as a Marian model does."""
    return _model(folder) is not None


def find_folder(folder: Path) -> MarianFolder:
    """What lies in ``folder``.

    Raises:
        ModelDamaged: there is no model, or none or more than one of the files that it needs.
    """
    model = _model(folder)
    if model is None:
        raise ModelDamaged(f"{folder} is no Marian model folder: it has no file such as model.ende.intgemm.alphas.bin")
    found = {role: _only(folder, role) for role in _NAMES}
    source = found["source_vocabulary"] or found["vocabulary"]
    target = found["target_vocabulary"] or found["vocabulary"]
    if source is None or target is None:
        raise ModelDamaged(f"{folder} has no vocabulary: a file such as vocab.ende.spm, or srcvocab and trgvocab")
    match = _MODEL.fullmatch(model.name)
    return MarianFolder(model, source, target, found["shortlist"], pair_of(match[1]) if match and match[1] else None)


@functools.cache
def pair_of(name: str) -> tuple[str, str] | None:
    """The languages of ``ende``: (spoken, written), canonical codes; ``None`` where it cannot be told for sure."""
    ways = set()
    for i in range(2, len(name) - 1):
        try:
            ways.add((canonical(name[:i].strip("_-")), canonical(name[i:].strip("_-"))))
        except LanguageError:
            continue
    return ways.pop() if len(ways) == 1 else None


def _model(folder: Path) -> Path | None:
    try:
        names = sorted(path for path in folder.iterdir() if _MODEL.fullmatch(path.name))
    except OSError:
        return None
    return next((path for path in names if _begins_as_one(path)), None)


def _begins_as_one(path: Path) -> bool:
    """A CTranslate2 model begins with a uint32 version and a name, which makes no small uint64 of the two."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
    except OSError:
        return False
    if len(head) < _HEAD.size:
        return path.name != "model.bin"  # cut short: to be told so
    version, count = _HEAD.unpack(head)
    return bool(path.name != "model.bin" or (version == 1 and count < _LARGEST_COUNT))


def _only(folder: Path, role: str) -> Path | None:
    found = sorted(path for path in folder.iterdir() if _NAMES[role].fullmatch(path.name))
    if len(found) > 1:
        raise ModelDamaged(
            f"{folder} has two files where one {role.replace('_', ' ')} is needed: {found[0].name} and {found[1].name}"
        )
    return found[0] if found else None
