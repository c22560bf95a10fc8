"""Files with links in them: for their owner alone, from the first byte."""

from __future__ import annotations

from pathlib import Path

from translate.atomic import replacing
from translate.service.units import ServiceError

__all__ = ["write_secret"]


def write_secret(path: Path, text: str) -> Path:
    """Writes ``path`` (mode 0600) in place of what is there, and returns it; its folder may be one for all to read.

    Raises:
        ServiceError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, mode=0o600) as file:
            file.write(text.encode())
    except OSError as error:
        raise ServiceError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    return path
