"""One speaker's session inside a room: takes audio, gives events, outlives a short drop of the connection."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

from translate.audio.push import PushSource
from translate.errors import AudioError, SottovoceError
from translate.events import EndOfStream, Event, Lag
from translate.languages import AUTO
from translate.latency import SessionClock, ms_of
from translate.protocol import AudioFrame
from translate.server.backend import SessionLike
from translate.server.rooms.admission import SenderBacklog
from translate.tasks import Supervisor, is_cancelled

__all__ = ["LiveSession"]

log = logging.getLogger(__name__)

_CLOSE_S: Final = 5.0
"""Time that a session has to close; then its room is free all the same."""
_FAILED: Final = "the session failed; the server's log says why"


class LiveSession:
    """Runs a session until its end and hands its events on.

    Args:
        session: an open session that reads ``source``.
        source: where the speaker's audio goes.
        spoken: spoken language, or ``auto``.
        allowed: languages that ``auto`` may find; empty: all.
        available: languages that it can be translated into.
        publish: called with each event, in order.
        ended: called exactly once, after the last event, with the error that ended the session or ``None``.
        tasks: owner of its task and its timer.
    """

    def __init__(
        self,
        session: SessionLike,
        source: PushSource,
        *,
        spoken: str,
        allowed: tuple[str, ...],
        available: tuple[str, ...],
        publish: Callable[[Event], None],
        ended: Callable[[SottovoceError | None], None],
        tasks: Supervisor,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.spoken = spoken
        self.allowed = allowed
        self.available = available
        self.mixed = spoken == AUTO
        """Whether segments may be in different languages."""
        self.muted = False
        """What the speaker says counts as silence, so that positions stay true to time."""
        self.was_ended = False
        """The speaker said that it has finished."""
        self.told_end = False
        """``EndOfStream`` was published."""
        self.late_ms = 0
        """How far recognition is behind because the machine is slow; see :class:`SenderBacklog`."""
        self._session = session
        self._source = source
        self._publish = publish
        self._ended = ended
        self._tasks = tasks
        self._runner: asyncio.Task[None] | None = None
        self._return = tasks.timer(self.finish, "return of the speaker")
        self._backlog = SenderBacklog()
        self._finishing = False
        self._finished_s: float | None = None
        self._failure: SottovoceError | None = None
        self._over = asyncio.Event()

    @property
    def clock(self) -> SessionClock:
        """The clock of the session's marks."""
        return self._session.clock

    @property
    def position(self) -> int:
        """The sample that is expected next."""
        return self._source.end

    @property
    def is_finishing(self) -> bool:
        """No more audio is taken."""
        return self._finishing

    @property
    def stalled_ms(self) -> float:
        """How long it has taken in nothing that waits, or has not come to its end; a stuck pipeline shows here."""
        finishing_ms = 0.0 if self._finished_s is None else (time.monotonic() - self._finished_s) * 1000
        return max(self._source.unread_ms, finishing_ms)

    def start(self) -> None:
        """Runs from now on."""
        self._runner = self._tasks.start(self._run(), f"session {self.id}")
        self._runner.add_done_callback(lambda _: self._end(None))  # for a task that was cancelled before it ran

    async def feed(self, frame: AudioFrame) -> None:
        """Takes a speaker's audio; waits while too much is unread. Raises ``AudioError``."""
        pcm = bytes(len(frame.pcm)) if self.muted else frame.pcm
        before = self._source.end
        try:
            await self._source.feed(frame.position, pcm)
        except AudioError:
            if not self._finishing:  # else it is our end, not the speaker's mistake
                raise
        fresh = min(self._source.end - before, len(pcm) // 2)
        self._backlog.add(ms_of(fresh), self.clock.now_ms())

    def set_targets(self, targets: tuple[str, ...]) -> None:
        """Languages to translate into from now on."""
        self._session.set_targets(targets)

    def set_spoken(self, spoken: str, available: tuple[str, ...]) -> None:
        """From the next segment on, ``spoken`` is spoken, and can be translated into ``available``.

        Raises:
            LanguageError: the model does not know it.
        """
        self._session.set_spoken(spoken)
        self.spoken, self.available, self.mixed = spoken, available, True

    def end(self) -> None:
        """The speaker has finished; see :meth:`finish`."""
        self.was_ended = True
        self.finish()

    def finish(self) -> None:
        """Ends the audio: what was received is recognised, then the session ends."""
        self.keep()
        self._finishing = True
        if self._finished_s is None:
            self._finished_s = time.monotonic()
        self._source.finish()

    def finish_after(self, delay_ms: int) -> None:
        """Ends the audio unless the speaker is back (:meth:`keep`) within ``delay_ms``."""
        if delay_ms <= 0:
            self.finish()
        elif not self._finishing:
            self._return.start(delay_ms / 1000)

    def keep(self) -> None:
        """The speaker is back."""
        self._return.stop()

    async def wait(self, timeout_s: float) -> bool:
        """Waits for the end; whether it came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    def fail(self, error: SottovoceError) -> None:
        """Ends the session at once, as failed."""
        self._failure = self._failure or error
        self.abort()

    def abort(self) -> None:
        """Ends the session at once; what is not recognised yet is lost. :meth:`wait` tells when it is over."""
        self.keep()
        self._finishing = True
        if self._runner is not None:
            self._tasks.stop(self._runner)

    async def _run(self) -> None:
        try:
            async for event in self._session:
                if isinstance(event, Lag) and event.stage == "recognition":
                    self.late_ms = self._backlog.late_ms(event.behind_ms, self.clock.now_ms())
                self._publish(event)
                self.told_end = self.told_end or isinstance(event, EndOfStream)
        except SottovoceError as error:
            self._failure = self._failure or error
        except Exception:
            log.exception("session %s failed", self.id)
            self._failure = SottovoceError(_FAILED)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            log.exception("session %s was cancelled from inside", self.id)
            self._failure = SottovoceError(_FAILED)
        else:
            if not self.told_end:
                log.error("session %s ended before its audio did", self.id)
                self._failure = SottovoceError("the session ended before its audio did")
        finally:
            self._finishing = True
            self.keep()
            try:
                await self._closed(self._source.aclose())  # a reader that waits for room goes on
                await self._closed(self._session.aclose())
            finally:
                self._end(self._failure)

    async def _closed(self, closing: Awaitable[None]) -> None:
        """Waits for a part to close; one that fails or hangs does not keep the room."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await closing
        except TimeoutError:
            log.error("session %s did not close within %.0f s", self.id, _CLOSE_S)
        except Exception:
            log.exception("session %s could not be closed", self.id)

    def _end(self, error: SottovoceError | None) -> None:
        if self._over.is_set():
            return
        try:
            self._over.set()  # who waits for it runs later, when the room is free
            self._ended(error or self._failure)
        finally:
            self._finishing = True
