"""Deletes transcripts that are too old or too many. Only folders whose name is one that transcripts get."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection
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


def prune(
    root: Path,
    *,
    days: int,
    most_bytes: int,
    now_s: float,
    keep: Collection[Path] = (),
    report: Callable[[Path, OSError], None] = lambda _path, _error: None,
) -> int:
    """Delete sessions in ``root`` that are older than ``days``, then the oldest until ``most_bytes`` hold the rest.

    What cannot be read or deleted is reported and passed over; as far as its size is known, it counts.

    Args:
        days: 0: age does not matter.
        now_s: Unix time.
        keep: folders of sessions that are running; they count, and stay.
        report: called with each folder that cannot be read or deleted.

    Returns:
        Bytes that are left.
    """
    sessions: list[_Session] = []
    for path in _ours(root, report):
        try:
            sessions.append(_looked_at(path))
        except OSError as error:
            if path.exists():  # else somebody else has deleted it meanwhile
                report(path, error)
    sessions.sort(key=lambda one: one.newest_s)
    left = sum(one.size for one in sessions)
    for one in sessions:
        old = days > 0 and now_s - one.newest_s > days * _DAY_S
        if one.folder not in keep and (old or left > most_bytes):
            left -= one.size - _delete(one, report)
    return left


def _delete(one: _Session, report: Callable[[Path, OSError], None]) -> int:
    """Bytes of it that are left."""
    try:
        shutil.rmtree(one.folder)
    except OSError as error:
        try:
            left = _looked_at(one.folder).size
        except FileNotFoundError:
            return 0
        except OSError:
            left = one.size
        report(one.folder, error)
        return left
    return 0


def _ours(root: Path, report: Callable[[Path, OSError], None]) -> list[Path]:
    try:
        return [path for path in root.iterdir() if _is_ours(path)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        report(root, error)
        return []


def _is_ours(path: Path) -> bool:
    return _NAME.fullmatch(path.name) is not None and path.is_dir() and not path.is_symlink()


def _looked_at(folder: Path) -> _Session:
    stats = [path.stat() for path in folder.iterdir() if path.is_file()]
    newest_s = max((one.st_mtime for one in stats), default=folder.stat().st_mtime)
    return _Session(folder, newest_s, sum(one.st_size for one in stats))
