"""What the catalog says of a model: its languages, its files, and where each can be had."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "COMMIT",
    "MODEL_FILE",
    "MODEL_NAME",
    "SHA256",
    "FileSpec",
    "HubSource",
    "Kind",
    "ModelSpec",
    "PackedSpec",
    "PartSpec",
    "Quality",
    "WebSource",
    "covers",
]

SHA256 = re.compile(r"[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}")
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What models are called."""
MODEL_FILE = re.compile(r"model\.(?:[\w.-]+\.)?bin")
"""The file with the weights: ``model.bin`` of CTranslate2, ``model.ende.intgemm.alphas.bin`` of Marian.

What :mod:`translate.translation.marian.folder` takes for a model has such a name, too.
"""

Kind = Literal["whisper", "translation"]
"""``whisper``: recognition; ``translation``: text to text."""

Quality = Mapping[tuple[str, str], float]
"""BLEU on the sentences of flores-dev, by (spoken, written)."""

_USUAL_RATIO = 3
"""What a gzip file of unknown content is taken to unpack to, where the free space is checked: the shortlists and
vocabularies for which it is not stated double."""


@dataclass(frozen=True, slots=True)
class PartSpec:
    """A file inside an installed package; ``path`` begins with the import package (``package/data/file``)."""

    path: str
    size_bytes: int
    sha256: str

    @property
    def package(self) -> str:
        """The import package that holds the file."""
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True)
class PackedSpec:
    """The gzip file that a file comes in: its own size and hash."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One file of a model folder.

    Without ``sha256`` what the first pull brought is trusted from then on, unless it came in a ``packed`` file that
    has one.
    """

    name: str
    size_bytes: int | None = None
    sha256: str | None = None
    parts: tuple[PartSpec, ...] = ()
    """Files of installed packages that make up this one, in order."""
    path: str | None = None
    """Where it lies below the base of the model's :class:`WebSource`."""
    packed: PackedSpec | None = None
    """What lies there is this gzip file."""

    @property
    def wire_bytes(self) -> int | None:
        """Bytes that a pull of it moves."""
        return self.packed.size_bytes if self.packed else self.size_bytes

    @property
    def unpacked_bytes(self) -> int | None:
        """Its size, or what it is taken to be where only that of the gzip file is known."""
        return self.size_bytes or (self.packed.size_bytes * _USUAL_RATIO if self.packed else None)


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub; without ``revision`` the newest commit is taken and written down."""

    repo: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class WebSource:
    """Plain files under one address; each has its own path and a hash, of itself or of its gzip file."""

    server: str
    """Scheme and host."""
    base: str
    """The path there below which the files lie: empty, or beginning with ``/`` and ending without one."""
    revision: str
    """What the files are of, for the lock file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model of the catalog."""

    name: str
    kind: Kind
    languages: tuple[str, ...]
    """What a ``whisper`` model hears; what a many-to-many translation model reads and writes. Canonical codes."""
    pairs: tuple[tuple[str, str], ...]
    """(spoken, written) of a bilingual translation model."""
    licence: str
    commercial_use: bool
    note: str
    warning: str = ""
    """What speaks against it, if anything does: another of the pair should be taken where there is one."""
    files: tuple[FileSpec, ...]
    packages: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Import package -> distribution that holds the parts."""
    hub: HubSource | None = None
    web: WebSource | None = None
    quality: Quality = field(default_factory=dict, hash=False)
    """As others or we have measured it; pairs that nobody has are absent."""
    estimated: frozenset[tuple[str, str]] = frozenset()
    """Pairs whose quality was measured of a model much like this one, not of this one."""

    @property
    def size_bytes(self) -> int | None:
        """Bytes of the whole folder; where the sizes of unpacked files are not stated, of the files as they come."""
        sizes = [file.size_bytes for file in self.files]
        return self.wire_bytes if None in sizes else sum(size or 0 for size in sizes)

    @property
    def wire_bytes(self) -> int | None:
        """Bytes that a pull moves; ``None`` where a file's size is not known."""
        sizes = [file.wire_bytes for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def translates(self, source: str, target: str) -> bool:
        """Whether this is a translation model from ``source`` to ``target`` (canonical codes)."""
        return self.kind == "translation" and covers(self.pairs, self.languages, source, target)

    @property
    def command(self) -> str:
        """What a person types to get the model."""
        return "pip install 'sottovoce[embedded]'" if self.packages else f"sottovoce models pull {self.name}"


def covers(pairs: Sequence[tuple[str, str]], languages: Sequence[str], source: str, target: str) -> bool:
    """Whether ``source`` to ``target`` is one of ``pairs``, or both are among the many-to-many ``languages``."""
    return (source, target) in pairs or (source != target and source in languages and target in languages)
