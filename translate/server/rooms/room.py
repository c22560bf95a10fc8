"""A room: at most one speaker's session, any number of listeners, and a log of what was said."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from translate import logs
from translate.config import Config
from translate.errors import SottovoceError
from translate.events import EndOfStream, Event, Notice, Transcript, Translation
from translate.protocol import Audience, Paint, Parcel, TextEvent
from translate.server.backend import Backend
from translate.server.errors import RoomTakenError, server_mistake
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.audience import AudienceUpdates, audience_of
from translate.server.rooms.backfill import Backfill
from translate.server.rooms.conditions import Conditions, mute_notice
from translate.server.rooms.live_session import LiveSession
from translate.server.rooms.members import Member
from translate.server.rooms.resumption import ResumeSlots
from translate.server.rooms.speaker import SpeakerHandle
from translate.server.rooms.subscriptions import Subscriptions
from translate.server.rooms.talk_metrics import TalkMetrics
from translate.server.rooms.texts import RoomTexts
from translate.tasks import Supervisor, Timer

__all__ = ["Room"]

log = logging.getLogger(__name__)

_DONE: Final = (1000, "done")
_RETURNS: Final = 64
"""Of a speaker that comes back again and again, the connections whose tokens are known."""


class Room:
    """One room. It owns all tasks and timers of its talk, and is free again however one of them ends.

    Args:
        name: what clients call it.
        config: limits.
        metrics: counts events.
        backend: translates what was said before somebody asked for it.
        emptied: called when nobody is left and nothing runs.
    """

    def __init__(
        self, name: str, config: Config, metrics: Metrics, backend: Backend, emptied: Callable[[Room], None]
    ) -> None:
        self.name = name
        self.tasks = Supervisor(f"room {name}", self._task_failed)
        self.texts = RoomTexts(config.limits.replay_events)
        self.slots = ResumeSlots(config.limits.replay_events, config.limits.connections)
        self.live: LiveSession | None = None
        self.speaker: Member | None = None
        self.muted = False
        self.speaker_close = _DONE
        """Code and reason that the speaker is closed with at the end of the talk."""
        self.talk_metrics = TalkMetrics()
        self.forgetting: Timer | None = None
        """Runs while the room is empty; kept here by :class:`Rooms`."""
        self._config = config
        self._metrics = metrics
        self._emptied = emptied
        self._conditions = Conditions()
        self._present: set[Member] = set()  # also those whose hello is not answered yet
        self._members: dict[Member, None] = {}
        self._handle: SpeakerHandle | None = None
        self._speaker_tokens: deque[str] = deque(maxlen=_RETURNS)
        self._over: tuple[frozenset[str], EndOfStream] | None = None
        self._subscriptions = Subscriptions(self.retarget, self.tasks)
        self._audience = AudienceUpdates(self._tell_audience, self.tasks)
        backfill_segments = config.limits.backfill_segments
        self._backfill = Backfill(backend, self.texts.log, self._publish_text, backfill_segments, self.tasks)

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(tuple(self._members))

    def reconfigure(self, config: Config) -> None:
        """Goes on with other settings; what runs keeps its own."""
        self._config = config

    @property
    def is_idle(self) -> bool:
        """Nobody is here and nothing runs."""
        return not self._present and self.live is None

    @property
    def conditions(self) -> tuple[str, ...]:
        """Codes of the active conditions."""
        return tuple(notice.code for notice in self._conditions.active)

    # --- members ---

    def arrive(self, member: Member) -> None:
        """``member`` is about to join; the room is kept for it."""
        self._present.add(member)
        if self.forgetting is not None:
            self.forgetting.stop()

    def join(self, member: Member) -> None:
        """From now on ``member`` gets the events."""
        self._members[member] = None
        self.slots.keep(member.slot)
        self._subscriptions.add(member.targets)
        self._audience.changed()
        for notice in self._conditions.active:
            self._tell(member, Parcel(notice))

    def view_changed(self, member: Member, before: tuple[str, ...]) -> None:
        """``member`` reads other languages than ``before``."""
        self.slots.keep(member.slot)
        self._subscriptions.change(before, member.targets)
        self._audience.changed()

    def leave(self, member: Member, *, may_return: bool, dropped: bool) -> None:
        """``member`` is gone; a speaker's session waits for its return, or ends.

        Args:
            member: who.
            may_return: it made no mistake.
            dropped: it did not say that it goes, so that it may be back soon.
        """
        self._present.discard(member)
        resume_ms = self._config.limits.resume_ms if may_return else 0
        try:
            if member in self._members:
                del self._members[member]
                self.slots.release(member.slot)
                self._audience.changed()
                self._subscriptions.remove(member.targets, keep_ms=resume_ms if dropped else 0)
        finally:  # whatever the session makes of other targets
            if member is self.speaker:
                self._release_speaker()
                if self.live is not None:
                    self.live.finish_after(resume_ms)
            self._tell_if_idle()

    # --- languages ---

    def retarget(self) -> None:
        """Has the session translate into what somebody reads, and nothing else."""
        live = self.live
        if live is not None and not live.is_finishing:
            live.set_targets(self.wanted(live.available, live.spoken, mixed=live.mixed))
        self._backfill.serve(self._subscriptions.languages)

    def wanted(
        self, available: tuple[str, ...], spoken: str, *, also: tuple[str, ...] = (), mixed: bool = False
    ) -> tuple[str, ...]:
        """Languages that members read (and ``also``), of those that are ``available``.

        What is spoken is read in the transcript, unless the talk is ``mixed``: then some segments are to be translated
        into it, and who reads it finds the others in the same place, as they are.
        """
        read = dict.fromkeys([*also, *self._subscriptions.languages])
        return tuple(lang for lang in read if (mixed if lang == spoken else lang in available))

    # --- the talk ---

    def owns(self, token: str | None) -> bool:
        """Whether ``token`` was given to the speaker of the running session."""
        return token is not None and token in self._speaker_tokens

    def over(self, token: str | None) -> EndOfStream | None:
        """The end of the last talk, for its own speaker, whose connection broke before it had heard of it."""
        return self._over[1] if self._over is not None and token in self._over[0] else None

    def attach(self, member: Member) -> SpeakerHandle:
        """``member`` speaks from now on, through the handle; an earlier connection of the same speaker is closed."""
        assert self.live is not None  # a talk runs, or there is nothing to speak in
        earlier = self._release_speaker()
        if earlier is not None:
            earlier.fail(RoomTakenError("the speaker came back on another connection"))
        self.live.keep()
        self.speaker = member
        self._speaker_tokens.append(member.slot.token)
        self._handle = SpeakerHandle(self.live, self.publish)
        return self._handle

    def start(self, live: LiveSession) -> None:
        """A new session begins."""
        self.live = live
        self.speaker_close = _DONE
        self.talk_metrics = TalkMetrics()
        live.muted = self.muted
        self._speaker_tokens.clear()
        self._over = None
        self.texts.talk_begins()
        with logs.bound(session=live.id, room=self.name):
            live.start()
        self._tell_session_changed()

    def set_spoken(self, spoken: str, available: tuple[str, ...]) -> None:
        """From the next segment on, ``spoken`` is spoken, or found out (``auto``). Raises ``LanguageError``."""
        live = self.live
        if live is not None:
            # First what both can be translated into, or the session would refuse.
            now = self.wanted(live.available, live.spoken, mixed=live.mixed)
            live.set_targets(tuple(lang for lang in now if lang == spoken or lang in available))
            try:
                live.set_spoken(spoken, available)
            finally:
                self.retarget()  # also back to what it was, if the session refused
            self._tell_session_changed()

    def mute(self, muted: bool) -> None:
        """Whether what the speaker says counts as silence."""
        self.muted = muted
        if self.live is not None:
            self.live.muted = muted
        self.publish(mute_notice(muted))

    def stop(self, code: int, reason: str) -> bool:
        """Ends the talk with its last words; whether there was one.

        Args:
            code: what the speaker is closed with; 1001: it may go on when the server is back.
            reason: why.
        """
        if self.live is None:
            return False
        self.speaker_close = (code, reason)
        if code == 1000:
            self.live.end()
        else:
            self.live.finish()
        return True

    def talk_ended(self, error: SottovoceError | None) -> None:
        """The session is over, and the room free."""
        live, self.live = self.live, None
        speaker = self._release_speaker()
        tokens = frozenset(self._speaker_tokens)
        self._speaker_tokens.clear()
        self._conditions.talk_over()
        try:
            if live is not None and error is None and live.told_end and live.was_ended:
                self._over = (tokens, EndOfStream(live.position))
            if live is not None and not live.told_end:
                self._tell_cut_short(live, speaker, error)
        finally:
            self._tell_if_idle()

    def _tell_cut_short(self, live: LiveSession, speaker: Member | None, error: SottovoceError | None) -> None:
        """What everybody is told of a session that did not come to its own end."""
        events: list[Event] = [EndOfStream(live.position)]
        if error is not None:
            events.insert(0, Notice(error.code, str(error), error.retryable))
        with self._metrics.guard:
            for event in events:
                self._metrics.event(event)
        if speaker is not None and error is not None:
            speaker.fail(error)
        for member in self:
            if member is speaker and error is not None:
                continue  # was told by an error of its own
            for event in events:
                self._tell(member, Parcel(event))
        if speaker is not None and error is None:
            speaker.close(*self.speaker_close)

    def _release_speaker(self) -> Member | None:
        """Nobody speaks; what late frames of the former speaker say is ignored."""
        speaker, self.speaker = self.speaker, None
        if self._handle is not None:
            self._handle.revoke()
            self._handle = None
        return speaker

    def _task_failed(self, name: str, error: Exception) -> None:
        """A task or timer of the room has ended by a mistake of ours: the talk ends, and the room is free."""
        live = self.live
        session = live.id if live is not None else "none"
        log.error("room %s, session %s: %s failed", self.name, session, name, exc_info=error)
        if live is not None:
            live.fail(server_mistake())

    def close(self) -> None:
        """The room is given up: nothing of it runs any longer."""
        self.tasks.close()

    async def aclose(self) -> None:
        """The same, and waits for it."""
        await self.tasks.aclose()

    # --- what is said ---

    def publish(self, event: Event) -> None:
        """Hands an event of the session to everybody, and a text to the log."""
        with self._metrics.guard:
            self._metrics.event(event)
            self.talk_metrics.event(event)
        if isinstance(event, Notice):
            self._conditions.take(event)
        if isinstance(event, (Transcript, Translation)):
            self._publish_text(self.texts.numbered(event))
            return
        parcel = Parcel(event)
        for member in self:
            self._tell(member, parcel)
        if isinstance(event, EndOfStream) and self.speaker is not None:
            self.speaker.close(*self.speaker_close)

    def _publish_text(self, text: TextEvent) -> None:
        """Hands a text to everybody who reads it; ``text`` has its number in the room."""
        now_ms = self.live.clock.now_ms if self.live is not None else None
        parcel = self.texts.append(text, now_ms)
        if parcel is None:
            return
        for member in self:
            self._tell(member, parcel)
        published = parcel.message
        assert isinstance(published, (Transcript, Translation))
        if now_ms is not None:
            sent_ms = now_ms()  # to the last of them
            with self._metrics.guard:
                self._metrics.sent(published.marks, sent_ms)
                self.talk_metrics.sent(published.marks, sent_ms)
        if isinstance(published, Translation):
            self._backfill.translated(published)

    def painted(self, paint: Paint) -> None:
        """A text has reached a reader's screen."""
        with self._metrics.guard:
            self._metrics.painted(paint)
            self.talk_metrics.painted(paint)

    def _tell_audience(self) -> None:
        if self.speaker is not None and self.speaker.follows_audience:
            self._tell(self.speaker, Parcel(Audience(listeners=audience_of(self))))

    def _tell_session_changed(self) -> None:
        for member in self:
            try:
                member.session_changed()
            except Exception:
                self._cut_off(member)

    def _tell(self, member: Member, parcel: Parcel) -> None:
        try:
            member.deliver(parcel)
        except Exception:
            self._cut_off(member)

    def _cut_off(self, member: Member) -> None:
        """A client that cannot be told something is left alone; the talk and the others go on. In a handler."""
        log.exception("room %s: a client could not be told something and is cut off", self.name)
        with contextlib.suppress(Exception):  # it is the one that fails; its connection ends by itself
            member.fail(server_mistake())

    def _tell_if_idle(self) -> None:
        if self.is_idle:
            self._emptied(self)
