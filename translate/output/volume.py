"""The transcripts of one session and one day: a folder, with a file a language and form."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from translate.output.collect import Caption
from translate.output.lasting import Form, make_form
from translate.output.safefile import SafeFile

__all__ = ["DAY_MS", "Volume", "later"]

log = logging.getLogger(__name__)

DAY_MS: Final = 86_400_000


class Volume:
    """One folder. What it is given to write has times that count from its beginning.

    Args:
        folder: must not exist yet.
        formats: names of forms, see :func:`~translate.output.lasting.make_form`.
        began: when the folder's time begins.

    Raises:
        OSError: from here and from :meth:`write`; the same may be tried again.
    """

    def __init__(self, folder: Path, formats: Sequence[str], began: datetime) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        self.folder = folder
        self._formats = formats
        self._began = began
        self._files: dict[str, list[tuple[Form, _Kept]]] = {}

    def write(self, lang: str, caption: Caption) -> None:
        """Write ``caption`` to each file of ``lang`` that does not have it yet."""
        if lang not in self._files:
            self._files[lang] = [
                (make_form(name, self._began), _Kept(self.folder / f"{lang}.{name}")) for name in self._formats
            ]
        target = lang if lang in caption.translations else None
        for form, file in self._files[lang]:
            if file.last != caption:
                piece = form.piece(caption, target)
                file.append(form.head(), piece.text, piece.replacing)
                form.written()
                file.last = caption

    def close(self) -> None:
        """Let go of the files."""
        for files in self._files.values():
            for _, file in files:
                file.close()


class _Kept:
    """A file that is made when first written to, so that making it can fail and be tried again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: SafeFile | None = None
        self.last: Caption | None = None
        """The caption that was written last."""

    def append(self, head: bytes, text: bytes, replacing: int) -> None:
        if self._file is None:
            self._file = SafeFile(self._path)
        self._file.append(text if self._file.size else head + text, replacing=replacing)

    def close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                log.warning("%s may end in half a caption: %s", self._path.name, error.strerror)


def later(caption: Caption, by_ms: int) -> Caption:
    """``caption`` with times that count from ``by_ms`` later on."""
    spoken = caption.transcript
    words = tuple(replace(word, start_ms=word.start_ms - by_ms, end_ms=word.end_ms - by_ms) for word in spoken.words)
    moved = replace(spoken, start_ms=spoken.start_ms - by_ms, end_ms=spoken.end_ms - by_ms, words=words)
    return Caption(moved, caption.translations)
