"""Files with links in them: for their owner alone, from the first byte."""

from __future__ import annotations

import os
from pathlib import Path

from translate.service.units import ServiceError

__all__ = ["write_secret"]


def write_secret(path: Path, text: str) -> Path:
    """Writes ``path`` (mode 0600) in place of what is there, and returns it; its folder may be one for all to read.

    Raises:
        ServiceError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ServiceError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    return path
