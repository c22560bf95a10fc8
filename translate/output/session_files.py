"""The transcript files of one session, written by the thread of the archive."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from translate import logs
from translate.config import TranscriptsConfig
from translate.errors import SottovoceError
from translate.events import Event, Notice
from translate.notice_codes import TRANSCRIPTS_BACK, TRANSCRIPTS_FAILED
from translate.output.collect import Caption
from translate.output.per_language import Entry, PerLanguage
from translate.output.retention import folder_name
from translate.output.volume import DAY_MS, Volume, later
from translate.paths import expanded

if TYPE_CHECKING:
    from translate.output.transcripts import Archive

__all__ = ["SessionFiles"]

log = logging.getLogger(__name__)

_MOST_WAITING: Final = 2000
"""Captions that wait for a disk, of one session."""
_LATE_MS: Final = 600_000
"""So long after the end of a day its folder is closed: translations come after what they translate."""


class SessionFiles:
    """The files of one session. Takes events on the event loop and never waits; see :class:`Archive`.

    A session that goes on gets another folder every day, so that a talk of months can be deleted as it ages. No method
    raises: whatever fails is logged and told once, and captions go on. What a disk does not take waits; what fails for
    another reason is left out, so that it does not keep what comes later from being written.
    """

    def __init__(self, archive: Archive, config: TranscriptsConfig, thread: Executor) -> None:
        assert config.folder is not None
        self._archive = archive
        self._folder = config.folder
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
        self._unforeseen: set[type[Exception]] = set()

    def add(self, event: Event) -> None:
        """Take an event."""
        try:
            entries = list(self._sorter.add(event))
        except Exception as error:  # told by _fail
            self._lost += 1
            self._fail(error)
            return
        self._queue(entries)

    def news(self) -> list[Notice]:
        """What a person should know, once."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def close(self) -> None:
        """The session is over: what was committed is written, then the files are closed. Does not wait for it."""
        try:
            self._queue(list(self._sorter.rest()))
        except Exception as error:  # told by _fail
            self._fail(error)
        finally:
            self._submit(self._finish)

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
        if not self._submit(self._drain):
            self._busy = False

    def _submit(self, work: Callable[[], None]) -> bool:
        try:
            self._thread.submit(work)
        except RuntimeError as error:  # the archive is closed, or the system gives no thread
            self._fail(error)
            return False
        return True

    # --- in the thread ---

    def _drain(self) -> None:
        """Writes what waits, until nothing does or the disk takes nothing more."""
        while (entry := self._next()) is not None:
            lang, caption = entry
            try:
                if (told := self._archive.make_room()) is not None:
                    self._news.append(told)
                self._write(lang, caption)
            except (OSError, SottovoceError) as error:  # tried again with the next caption
                with self._lock:
                    self._busy = False
                self._fail(error)
                return
            except Exception as error:  # told by _fail; tried again, it would fail again
                self._lost += 1
                self._fail(error)
            else:
                self._recovered()
            with self._lock:
                if self._waiting and self._waiting[0] is entry:  # else it has given way to newer ones
                    self._waiting.popleft()

    def _next(self) -> Entry | None:
        with self._lock:
            if not self._waiting:
                self._busy = False
                return None
            return self._waiting[0]

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
            folder = expanded(self._folder) / folder_name(began, self._room, self._session)
            self._volumes[day] = Volume(folder, self._formats, began)
            self._archive.opened(folder)
        return self._volumes[day]

    def _close(self, day: int) -> None:
        volume = self._volumes.pop(day)
        volume.close()
        self._archive.closed(volume.folder)

    def _fail(self, error: Exception) -> None:
        """Log and tell, once until it works again; an unforeseen error is told once for all, and logged each time."""
        is_foreseen = isinstance(error, (OSError, SottovoceError))
        kind = type(error).__name__
        if self._failing:
            return
        if not is_foreseen and type(error) in self._unforeseen:
            log.warning("a caption is missing in the transcripts of session %s: %s", self._session, kind)
            return
        self._failing = True
        if is_foreseen:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
        else:
            self._unforeseen.add(type(error))
            reason = f"internal error: {kind}"  # what it says may quote what was said
        trace = None if is_foreseen else error
        log.error("transcripts cannot be written to %s: %s; captions go on", self._folder, reason, exc_info=trace)
        self._news.append(Notice(TRANSCRIPTS_FAILED, f"transcripts cannot be written ({reason}); captions go on"))

    def _recovered(self) -> None:
        if not self._failing:
            return
        self._failing = False
        lost = f"; {self._lost} captions are missing in them" if self._lost else ""
        log.warning("transcripts are written again to %s%s", self._folder, lost)
        self._news.append(Notice(TRANSCRIPTS_BACK, f"transcripts are written again{lost}"))

    def _finish(self) -> None:
        if self._waiting:
            self._drain()  # once more: the disk may have room by now
        if self._waiting:
            log.error("%d captions of session %s could not be written", len(self._waiting), self._session)
        for day in list(self._volumes):
            try:
                self._close(day)
            except Exception:
                log.exception("the transcripts of session %s could not be closed", self._session)
