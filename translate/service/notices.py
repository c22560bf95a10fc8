"""Notices: whose work is in a bundle, under which licence, and the texts that those licences ask to be handed on.

All of it is read from what is packed: the metadata and licence files of the wheels, and what the catalog and the
students say about models. Nothing is looked up.
"""

from __future__ import annotations

import email
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import Final

from translate.registry import ResolvedModel
from translate.resources import packaging_folder

__all__ = ["Part", "notices", "part_of"]

_LICENCE_FILE: Final = re.compile(r"(licen[cs]e|copying|notice|authors|third.?party)", re.IGNORECASE)
_LONGEST_NAME: Final = 200
"""Some packages put the whole text of their licence where its name belongs."""
_USUAL: Final = {"Apache-2.0": "apache", "MIT": "mit"}
"""Licences whose text is at hand (``packaging/licences``), and how packages name them."""
_MPL: Final = (
    "https://mozilla.org/MPL/2.0/ (models of https://github.com/mozilla/firefox-translations-models, unchanged)"
)
_RULE: Final = "-" * 100


@dataclass(frozen=True, slots=True)
class Part:
    """One package."""

    name: str
    version: str
    licence: str
    """In a few words; empty: it does not say."""
    home: str
    author: str
    texts: Mapping[str, str]
    """Licence files by their path in the package."""


def part_of(wheel: Path) -> Part:
    """What a wheel says of itself.

    Raises:
        ValueError: it is no wheel.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            found = [name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            if len(found) != 1:
                raise ValueError(f"{wheel.name} is no wheel: it has no metadata")
            metadata = email.message_from_string(archive.read(found[0]).decode("utf-8", "replace"))
            texts = {name: archive.read(name).decode("utf-8", "replace") for name in names if _is_licence(name)}
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{wheel.name} is no wheel: {error}") from error
    return Part(
        metadata["Name"] or wheel.stem,
        metadata["Version"] or "",
        _licence(metadata),
        _home(metadata),
        _author(metadata),
        texts,
    )


def notices(wheels: Sequence[Path], models: Sequence[ResolvedModel], *, own: str = "sottovoce") -> str:
    """The text of the file ``THIRD-PARTY-NOTICES.txt``; the same content gives the same text.

    Args:
        wheels: that are packed.
        models: that are packed, in wheels or beside them.
        own: name of our own package, which is no third party's.

    Raises:
        ValueError: a file is no wheel.
    """
    parts = sorted((part for part in map(part_of, wheels) if part.name != own), key=lambda part: part.name.lower())
    lines = ["What others have made, and is in this bundle", "", "Packages", ""]
    lines += [f"  {part.name} {part.version}: {part.licence or 'licence: see its text below'}" for part in parts]
    lines += ["", "Models", ""]
    lines += [f"  {model.name}: {_licence_of(model)}" for model in _ordered(models)]
    for part in parts:
        lines += ["", _RULE, f"{part.name} {part.version}", *filter(None, (part.licence, part.home)), _RULE]
        lines += [f"\n[{PurePosixPath(name).name}]\n\n{text.strip()}" for name, text in sorted(part.texts.items())]
        if not part.texts:
            lines += ["", *_usual(part)]
    for model in _ordered(models):
        if (card := model.path / "README.md").is_file():  # names the texts that it was trained on, and whose they are
            lines += ["", _RULE, f"Model {model.name}", _RULE, "", card.read_text("utf-8").strip()]
    return "\n".join(lines) + "\n"


def _licence_of(model: ResolvedModel) -> str:
    if model.licence == "MPL-2.0":
        return f"MPL-2.0, {_MPL}"
    return model.licence or "its folder does not say"


def _usual(part: Part) -> Iterator[str]:
    """For a package without a licence text: that of the licence that it names."""
    name = next((name for name, said in _USUAL.items() if said in part.licence.lower()), None)
    if name is None:
        yield "The package holds no licence text."
        return
    yield f"The package holds no licence text; this is the usual one of {name}."
    if part.author:
        yield f"Copyright: {part.author}"
    yield ""
    yield (packaging_folder() / "licences" / f"{name}.txt").read_text("utf-8").strip("\n")


def _ordered(models: Sequence[ResolvedModel]) -> list[ResolvedModel]:
    return sorted({model.name: model for model in models}.values(), key=lambda model: model.name)


def _is_licence(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        not name.endswith("/")
        and path.suffix not in (".py", ".pyc", ".so")
        and (".dist-info/licenses/" in name or (_LICENCE_FILE.match(path.name) is not None and len(path.parts) <= 3))
    )


def _licence(metadata: Message) -> str:
    """Its expression, else its name, else its classifiers."""
    for key in ("License-Expression", "License"):
        said = " ".join(str(metadata[key] or "").split())
        if said and said != "UNKNOWN" and len(said) <= _LONGEST_NAME:
            return said
    classified = (str(line) for line in metadata.get_all("Classifier", []))
    return ", ".join(line.rpartition(" :: ")[2] for line in classified if line.startswith("License :: "))


def _author(metadata: Message) -> str:
    return " ".join(str(metadata["Author"] or metadata["Author-email"] or "").split())


def _home(metadata: Message) -> str:
    links = dict(str(line).partition(", ")[::2] for line in metadata.get_all("Project-URL", []))
    named = {name.lower(): url for name, url in links.items()}
    found = metadata["Home-page"] or next(
        (named[key] for key in ("homepage", "repository", "source") if key in named), ""
    )
    return str(found)
