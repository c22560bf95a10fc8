"""Transcripts on disk, only where settings name a folder: a folder a session and day, a file a language and form.

What is written is valid after a crash or a cut of the power. A disk that is full or cannot be written never holds up
captions: what cannot be written waits in memory, within a bound, until it can.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final, NoReturn

from translate import logs
from translate.config import TranscriptsConfig
from translate.events import Event, Notice
from translate.output.collect import Caption
from translate.output.per_language import Entry, PerLanguage
from translate.output.retention import folder_name, prune
from translate.output.volume import DAY_MS, Volume, later
from translate.paths import expanded

__all__ = ["FAILED", "Archive", "Recorded", "SessionFiles", "recorded"]

log = logging.getLogger(__name__)

FAILED: Final = "transcripts_failed"
"""Code of the notice that transcripts cannot be written; ``transcripts_back``: they can again."""
_MOST_WAITING: Final = 2000
"""Captions that wait for a disk, of one session."""
_PRUNE_EVERY_S: Final = 3600.0
_LATE_MS: Final = 600_000
"""So long after the end of a day its folder is closed: translations come after what they translate."""


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

    def make_room(self) -> None:
        """Deletes what is too old or too much, once in a while; in the thread. Raises OSError: there is no room."""
        if time.monotonic() - self._pruned_s >= _PRUNE_EVERY_S:
            self._prune()

    async def tend(self) -> NoReturn:
        """Delete what is too old or too much, now and every hour, also while nobody speaks; runs until cancelled."""
        while True:
            await asyncio.wrap_future(self._thread.submit(self._tidy))
            await asyncio.sleep(_PRUNE_EVERY_S)

    def _tidy(self) -> None:
        try:
            self._prune()
        except OSError as error:
            log.error("old transcripts cannot be deleted: %s", error.strerror or error)

    def _prune(self) -> None:
        if self.config.folder is None:
            return
        root, most_bytes = expanded(self.config.folder), self.config.max_mb * 1_000_000
        days = self.config.retention_days
        left = prune(root, days=days, most_bytes=most_bytes, now_s=time.time(), keep=self._open)
        if left > most_bytes:
            raise OSError(errno.EDQUOT, "transcripts.max_mb is reached by the sessions that run")
        self._pruned_s = time.monotonic()


class SessionFiles:
    """The files of one session. Takes events on the event loop and never waits; see :class:`Archive`.

    A session that goes on gets another folder every day, so that a talk of months can be deleted as it ages.
    """

    def __init__(self, archive: Archive, config: TranscriptsConfig, thread: ThreadPoolExecutor) -> None:
        assert config.folder is not None
        self._archive = archive
        self._root = expanded(config.folder)
        self._formats = config.formats
        self._thread = thread
        self._began = datetime.now(UTC)
        self._room = logs.context().get("room", "")
        self._session = logs.context().get("session", os.urandom(4).hex())
        self._sorter = PerLanguage()
        self._lock = Lock()
        self._waiting: deque[Entry] = deque()
        self._busy = False
        self._lost = 0
        self._news: deque[Notice] = deque(maxlen=8)
        # Only the thread touches what follows.
        self._volumes: dict[int, Volume] = {}
        """By day since the session began: the newest, and for a while the one before."""
        self._first_day = 0
        """Earlier ones are closed for good; what comes later still opens the first that is not."""
        self._failing = False

    def add(self, event: Event) -> None:
        """Take an event."""
        self._queue(list(self._sorter.add(event)))

    def news(self) -> list[Notice]:
        """What a person should know, once."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def close(self) -> None:
        """The session is over: what was committed is written, then the files are closed. Does not wait for it."""
        self._queue(list(self._sorter.rest()))
        self._thread.submit(self._finish)

    def _queue(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        with self._lock:
            self._waiting.extend(entries)
            while len(self._waiting) > _MOST_WAITING:
                self._waiting.popleft()
                self._lost += 1
            if self._busy:
                return
            self._busy = True
        self._thread.submit(self._drain)

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    break
                entry = self._waiting[0]
            lang, caption = entry
            try:
                self._archive.make_room()
                self._write(lang, caption)
            except OSError as error:
                with self._lock:
                    self._busy = False
                self._fail(error)
                return
            with self._lock:
                if self._waiting and self._waiting[0] is entry:  # else it has given way to newer ones
                    self._waiting.popleft()
        self._recovered()

    def _write(self, lang: str, caption: Caption) -> None:
        at_ms = caption.transcript.start_ms
        day = max(at_ms // DAY_MS, self._first_day)
        self._volume(day).write(lang, later(caption, min(at_ms, day * DAY_MS)))
        self._first_day = max(self._first_day, day if at_ms % DAY_MS > _LATE_MS else day - 1)
        for over in [old for old in self._volumes if old < self._first_day]:
            self._close(over)

    def _volume(self, day: int) -> Volume:
        if day not in self._volumes:
            began = self._began + timedelta(days=day)
            folder = self._root / folder_name(began, self._room, self._session)
            self._volumes[day] = Volume(folder, self._formats, began)
            self._archive.opened(folder)
        return self._volumes[day]

    def _close(self, day: int) -> None:
        volume = self._volumes.pop(day)
        volume.close()
        self._archive.closed(volume.folder)

    def _fail(self, error: OSError) -> None:
        if self._failing:
            return
        self._failing = True
        reason = (error.strerror or str(error)).lower()
        log.error("transcripts cannot be written to %s: %s; captions go on", self._root, reason)
        self._news.append(Notice(FAILED, f"transcripts cannot be written ({reason}); captions go on"))

    def _recovered(self) -> None:
        if not self._failing:
            return
        self._failing = False
        lost = f"; {self._lost} captions are missing in them" if self._lost else ""
        log.warning("transcripts are written again to %s%s", self._root, lost)
        self._news.append(Notice("transcripts_back", f"transcripts are written again{lost}"))

    def _finish(self) -> None:
        if self._waiting:
            self._drain()  # once more: the disk may have room by now
        if self._waiting:
            log.error("%d captions of session %s could not be written", len(self._waiting), self._session)
        for day in list(self._volumes):
            self._close(day)


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
