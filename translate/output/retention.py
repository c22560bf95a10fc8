"""Deletes transcripts that are too old or too many. Only folders whose name is one that transcripts get."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["folder_name", "prune"]

_NAME = re.compile(r"\d{8}T\d{6}Z-[\w-]+")
_DAY_S = 86_400


def folder_name(began: datetime, room: str, session: str) -> str:
    """The folder of one session, which sorts by time: ``20261122T171800Z-main-1f2e3d4c``."""
    room = re.sub(r"[^A-Za-z0-9_-]", "_", room)[:40] or "session"
    return f"{began.astimezone(UTC):%Y%m%dT%H%M%SZ}-{room}-{session[:8]}"


@dataclass(frozen=True, slots=True)
class _Session:
    folder: Path
    newest_s: float
    size: int


def prune(root: Path, *, days: int, most_bytes: int, now_s: float, keep: Collection[Path] = ()) -> int:
    """Delete sessions in ``root`` that are older than ``days``, then the oldest until ``most_bytes`` hold the rest.

    Args:
        days: 0: age does not matter.
        now_s: Unix time.
        keep: folders of sessions that are running; they count, and stay.

    Returns:
        Bytes that are left.

    Raises:
        OSError: something cannot be read or deleted.
    """
    if not root.is_dir():
        return 0
    sessions = sorted((_looked_at(path) for path in root.iterdir() if _is_ours(path)), key=lambda one: one.newest_s)
    left = sum(one.size for one in sessions)
    for one in sessions:
        old = days > 0 and now_s - one.newest_s > days * _DAY_S
        if one.folder not in keep and (old or left > most_bytes):
            shutil.rmtree(one.folder)
            left -= one.size
    return left


def _is_ours(path: Path) -> bool:
    return _NAME.fullmatch(path.name) is not None and path.is_dir() and not path.is_symlink()


def _looked_at(folder: Path) -> _Session:
    stats = [path.stat() for path in folder.iterdir() if path.is_file()]
    newest_s = max((one.st_mtime for one in stats), default=folder.stat().st_mtime)
    return _Session(folder, newest_s, sum(one.st_size for one in stats))
