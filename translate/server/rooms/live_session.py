"""One speaker's session inside a room: takes audio, gives events, outlives a short drop of the connection."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable

from translate import logs
from translate.audio.push import PushSource
from translate.errors import AudioError, SottovoceError
from translate.events import Event
from translate.latency import SessionClock
from translate.protocol import AudioFrame
from translate.server.backend import AUTO, SessionLike

__all__ = ["LiveSession"]

log = logging.getLogger(__name__)


class LiveSession:
    """Runs a session until its end and hands its events on.

    Args:
        session: an open session that reads ``source``.
        source: where the speaker's audio goes.
        spoken: spoken language, or ``auto``.
        allowed: languages that ``auto`` may find; empty: all.
        available: languages that it can be translated into.
        publish: called with each event, in order.
        ended: called once, after the last event, with the error that ended the session or ``None``.
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
    ) -> None:
        self.id = secrets.token_hex(8)
        self.spoken = spoken
        self.allowed = allowed
        self.available = available
        self.mixed = spoken == AUTO
        """Whether segments may be in different languages."""
        self.muted = False
        """What the speaker says counts as silence, so that positions stay true to time."""
        self._session = session
        self._source = source
        self._publish = publish
        self._ended = ended
        self._finishing = False
        self._finished_s: float | None = None
        self.was_ended = False
        """The speaker said that it has finished."""
        self._waiting: asyncio.TimerHandle | None = None
        with logs.bound(session=self.id):
            self._pump = asyncio.create_task(self._run(), name=f"session {self.id}")

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

    async def feed(self, frame: AudioFrame) -> None:
        """Takes a speaker's audio; waits while too much is unread. Raises ``AudioError``."""
        pcm = bytes(len(frame.pcm)) if self.muted else frame.pcm
        try:
            await self._source.feed(frame.position, pcm)
        except AudioError:
            if not self._finishing:  # else it is our end, not the speaker's mistake
                raise

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
        self.keep()
        if delay_ms <= 0:
            self.finish()
        else:
            self._waiting = asyncio.get_running_loop().call_later(delay_ms / 1000, self.finish)

    def keep(self) -> None:
        """The speaker is back."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def wait(self, timeout_s: float) -> bool:
        """Waits for the end; whether it came in time."""
        done, _ = await asyncio.wait({self._pump}, timeout=timeout_s)
        return bool(done)

    async def abort(self) -> None:
        """Ends the session at once; what is not recognised yet is lost."""
        self.keep()
        self._finishing = True
        self._pump.cancel()
        await asyncio.wait({self._pump})

    async def _run(self) -> None:
        error: SottovoceError | None = None
        try:
            async for event in self._session:
                self._publish(event)
        except SottovoceError as known:
            error = known
        except Exception:
            log.exception("session %s failed", self.id)
            error = SottovoceError("the session failed; the server's log says why")
        finally:
            self._finishing = True
            self.keep()
            await self._source.aclose()  # a reader that waits for room goes on
            await self._session.aclose()
            self._ended(error)
