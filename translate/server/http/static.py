"""Files of the web folder as HTTP responses; nothing outside it, nothing hidden."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from translate.server.http.editions import Editions

__all__ = ["Page", "Pages"]

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".flac": "audio/flac",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Page:
    """An HTTP response before headers that all have."""

    status: HTTPStatus
    content_type: str
    body: bytes
    etag: str | None = None
    is_lasting: bool = False
    """What this address stands for will never change."""
    is_for_all: bool = False
    """Pages from anywhere may see that it is there: a kiosk's first page waits for that."""


class Pages:
    """The files under one folder.

    Args:
        folder: what ``/`` stands for.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()
        self._editions = Editions(self._root)

    def page(self, path: str, *, if_none_match: str = "") -> Page:
        """The response to a request for ``path`` (as it came, still percent-encoded, without a query).

        Args:
            path: begins with a slash; ``/`` is ``/index.html``.
            if_none_match: the header of that name.
        """
        path, edition = self._editions.place(path)
        file = self._file(path)
        try:
            body = file.read_bytes() if file is not None else None
            if file is not None and body is not None and file.suffix == ".html":
                body = self._editions.newest().addressed(body)
        except OSError:
            body = None
        if file is None or body is None:
            return Page(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There is no such page.\n")
        content_type = _TYPES.get(file.suffix.lower(), "application/octet-stream")
        etag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
        known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        if etag in known or "*" in known:
            return Page(HTTPStatus.NOT_MODIFIED, content_type, b"", etag)
        is_lasting = edition is not None and edition.holds(file) and file.suffix != ".html"
        return Page(HTTPStatus.OK, content_type, body, etag, is_lasting)

    def _file(self, path: str) -> Path | None:
        """The file that ``path`` names, if it may be seen."""
        try:
            name = unquote_to_bytes(path).decode("utf-8")
        except UnicodeError:
            return None
        if not name.startswith("/") or any(letter in name for letter in "\0\\:"):
            return None
        parts = (name + "index.html" if name.endswith("/") else name)[1:].split("/")
        if any(not part or part.startswith(".") for part in parts):  # also "." and ".."
            return None
        try:
            file = self._root.joinpath(*parts).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # missing, too long, a loop of links
            return None
        return file if file.is_file() and file.is_relative_to(self._root) else None
