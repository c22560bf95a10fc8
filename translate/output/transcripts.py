"""Transcripts on disk, only where settings name a folder: a folder a session and day, a file a language and form.

What is written is valid after a crash or a cut of the power. A disk that is full or cannot be written never holds up
captions: what cannot be written waits in memory, within a bound, until it can.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

from translate import logs
from translate.config import TranscriptsConfig
from translate.events import Event, Notice
from translate.output.retention import prune
from translate.output.session_files import SessionFiles
from translate.paths import expanded

__all__ = ["KEPT", "Archive", "Recorded", "SessionFiles", "recorded"]

log = logging.getLogger(__name__)

_PRUNE_EVERY_S: Final = 3600.0
KEPT: Final = "transcripts_kept"
"""Code of the notice that old transcripts cannot be deleted; new ones are written all the same."""


class Archive:
    """Where the transcripts of all sessions go. One thread writes.

    Args:
        config: folder, forms and bounds.
    """

    def __init__(self, config: TranscriptsConfig) -> None:
        self.config = config
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="transcripts")
        self._open: set[Path] = set()
        self._pruned_s = float("-inf")
        self._undeletable: set[Path] = set()
        self._untold: Notice | None = None

    def session(self) -> SessionFiles | None:
        """Files for a session that begins now; ``None``: nothing is to be kept."""
        return SessionFiles(self, self.config, self._thread) if self.config.folder else None

    def close(self) -> None:
        """Waits until everything is written that can be."""
        self._thread.shutdown()

    def opened(self, folder: Path) -> None:
        """A session writes to ``folder``; in the thread."""
        self._open.add(folder)
        self._pruned_s = float("-inf")

    def closed(self, folder: Path) -> None:
        """It does not any more; in the thread."""
        self._open.discard(folder)

    def make_room(self) -> Notice | None:
        """Deletes what is too old or too much, once in a while; in the thread. Returns what a person should know, once.

        Raises:
            OSError: there is no room.
        """
        if time.monotonic() - self._pruned_s >= _PRUNE_EVERY_S:
            try:
                self._prune()
            except OSError:
                raise
            except Exception:  # a fault of ours must not keep captions from being written
                log.exception("old transcripts cannot be deleted")
                self._pruned_s = time.monotonic()
        untold, self._untold = self._untold, None
        return untold

    async def tend(self) -> NoReturn:
        """Delete what is too old or too much, now and every hour, also while nobody speaks; runs until cancelled."""
        while True:
            await asyncio.wrap_future(self._thread.submit(self._tidy))
            await asyncio.sleep(_PRUNE_EVERY_S)

    def _tidy(self) -> None:
        try:
            self._prune()
        except Exception as error:  # the next hour may be a better one
            log.error("old transcripts cannot be deleted: %s", getattr(error, "strerror", None) or error)

    def _prune(self) -> None:
        if self.config.folder is None:
            return
        root, most_bytes = expanded(self.config.folder), self.config.max_mb * 1_000_000
        failed: dict[Path, str] = {}

        def report(path: Path, error: OSError) -> None:
            failed[path] = (error.strerror or str(error)).lower()

        days = self.config.retention_days
        left = prune(root, days=days, most_bytes=most_bytes, now_s=time.time(), keep=self._open, report=report)
        new = failed.keys() - self._undeletable
        self._undeletable = set(failed)
        for path in sorted(new):
            log.error("old transcripts cannot be deleted: %s: %s", path, failed[path])
        if new:
            reason = failed[min(new)]
            self._untold = Notice(
                KEPT, f"{len(new)} old transcripts cannot be deleted ({reason}); new ones are written"
            )
        if left > most_bytes:
            others = f" and {len(failed)} that cannot be deleted" if failed else ""
            raise OSError(errno.EDQUOT, f"transcripts.max_mb is reached by the sessions that run{others}")
        self._pruned_s = time.monotonic()


class Recorded:
    """A session whose events are also written down; offers all else that the session offers.

    Args:
        session: what yields events; iterate this in its place.
        archive: where they go. Notices about that are among the events.
    """

    def __init__(self, session: Any, archive: Archive) -> None:
        self._session = session
        self._archive = archive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def __aiter__(self) -> AsyncIterator[Event]:
        files = self._archive.session()
        if files is None:
            async for event in self._session:
                yield event
            return
        try:
            async for event in self._session:
                files.add(event)
                for notice in files.news():
                    yield notice
                yield event
        finally:
            files.close()


@contextmanager
def recorded(session: Any, config: TranscriptsConfig, name: str) -> Iterator[Recorded]:
    """One session, to be iterated inside; outside, its files are on the disk.

    Args:
        session: what yields events.
        config: where transcripts go, if anywhere.
        name: what the session's folder is called, after the time.
    """
    archive = Archive(config)
    try:
        with logs.bound(room=name):
            yield Recorded(session, archive)
    finally:
        archive.close()
