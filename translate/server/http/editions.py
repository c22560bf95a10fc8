"""Pages that load in one go, and again for nothing: files under an address that changes when any of them does.

A page is some forty small modules, fetched over a handful of connections. So a page names its files under
``v/EDITION/``, where they may be kept for good (RFC 8246), and lists the modules that its own import, so that a browser
need not find them one level after the other. Modules and style sheets are served as they lie in the folder: what is
relative among them stays so.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["Edition", "Editions"]

_PREFIX: Final = "/v/"
_NAMED: Final = re.compile(rb'\b(href|src)="((?:css|js|icons)/[^"]*|icon\.svg)"')
_SCRIPT: Final = re.compile(rb'<script type="module" src="(js/[^"]+)"')
_IMPORT: Final = re.compile(rb"""^\s*(?:import|export)\b[^'"`;]*?(?:from\s*)?['"](\.{1,2}/[^'"]+)['"]""", re.MULTILINE)

Stamp = tuple[int, int]
"""When a file was changed (nanoseconds), and its size."""


@dataclass(frozen=True)
class Edition:
    """The files of the folder as they were once."""

    root: Path
    stamps: dict[Path, Stamp]
    name: str
    _modules: dict[bytes, list[str]] = field(default_factory=dict)

    def addressed(self, html: bytes) -> bytes:
        """A page that names its files in this edition, and the modules that it will need."""
        base = f"{_PREFIX[1:]}{self.name}/".encode()
        scripts = _SCRIPT.findall(html)
        html = _NAMED.sub(rb'\1="' + base + rb'\2"', html)
        needed = dict.fromkeys(module for script in scripts for module in self._imported(script))
        links = b"".join(b'  <link rel="modulepreload" href="%b%b">\n' % (base, one.encode()) for one in needed)
        return html.replace(b"</head>", links + b"</head>", 1)

    def holds(self, file: Path) -> bool:
        """Whether ``file`` is still what it was."""
        return self.stamps.get(file) == _stamp(file)

    def _imported(self, script: bytes) -> list[str]:
        """Modules that ``script`` imports, directly or not, itself not among them; relative to the folder."""
        if script not in self._modules:
            first = self.root / script.decode()
            found: dict[Path, None] = {first: None}
            waiting = [first] if first in self.stamps else []
            while waiting:
                module = waiting.pop()
                for name in _IMPORT.findall(module.read_bytes()):
                    other = Path(os.path.normpath(module.parent / name.decode()))
                    if other in self.stamps and other not in found:
                        found[other] = None
                        waiting.append(other)
            self._modules[script] = [one.relative_to(self.root).as_posix() for one in list(found)[1:]]
        return self._modules[script]


class Editions:
    """The present edition of a folder; somebody may change files while the service runs.

    Args:
        root: the folder, resolved.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._newest: Edition | None = None

    def newest(self) -> Edition:
        """The files as they are now. Reads all of them when one has changed; not for the event loop."""
        stamps = {file: _stamp(file) for file in sorted(self._root.rglob("[!.]*")) if file.is_file()}
        if self._newest is None or self._newest.stamps != stamps:
            digest = hashlib.sha256()
            for file in stamps:
                digest.update(file.relative_to(self._root).as_posix().encode() + b"\0" + _digest(file))
            self._newest = Edition(self._root, stamps, digest.hexdigest()[:12])
        return self._newest

    def place(self, path: str) -> tuple[str, Edition | None]:
        """The path of a file without its edition, and that edition if it is the present one."""
        if not path.startswith(_PREFIX):
            return path, None
        name, slash, rest = path.removeprefix(_PREFIX).partition("/")
        known = self._newest if self._newest is not None and self._newest.name == name else None
        return (slash + rest if rest else path), known


def _digest(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:  # it cannot be served either
        return b""


def _stamp(file: Path) -> Stamp:
    try:
        known = file.stat()
    except OSError:
        return (0, 0)
    return known.st_mtime_ns, known.st_size
