"""A room: at most one speaker's session, any number of readers, and a log of what was said."""

from __future__ import annotations

import dataclasses
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from translate.config import Config
from translate.errors import SottovoceError
from translate.events import EndOfStream, Event, Notice, Transcript, Translation
from translate.protocol import Audience, Mode, Paint, Parcel, ReplayLog, TextEvent, View, continued, snapshots, text_key
from translate.server.backend import Backend
from translate.server.errors import RoomTakenError
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.audience import AudienceNews, audience_of
from translate.server.rooms.backfill import Backfill
from translate.server.rooms.conditions import Conditions, mute_notice
from translate.server.rooms.live_session import LiveSession
from translate.server.rooms.members import Member
from translate.server.rooms.resumption import Seats
from translate.server.rooms.subscriptions import Readers
from translate.server.rooms.watch import Watch

__all__ = ["Room"]

DONE = (1000, "done")
_RETURNS: Final = 64
"""Of a speaker that comes back again and again, the connections whose tokens are known."""


class Room:
    """One room.

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
        self.log = ReplayLog(config.limits.replay_events)
        self.log_id = secrets.token_hex(4)
        """Names the numbering of the segments."""
        self.seats = Seats(config.limits.replay_events, config.limits.connections)
        self.live: LiveSession | None = None
        self.speaker: Member | None = None
        self.muted = False
        self._conditions = Conditions()
        self.farewell = DONE
        """What the speaker is closed with at the end of the talk."""
        self.watch = Watch()
        self._config = config
        self._metrics = metrics
        self._emptied = emptied
        self._present: set[Member] = set()  # also those whose hello is not answered yet
        self._members: dict[Member, None] = {}
        self._speaker_tokens: deque[str] = deque(maxlen=_RETURNS)
        self._over: tuple[frozenset[str], EndOfStream] | None = None
        self._first_segment = 0
        self._next_segment = 0
        self._readers = Readers(self.retarget)
        self._news = AudienceNews(self._tell_audience)
        self._backfill = Backfill(backend, self.log, self._publish_text, config.limits.backfill_segments)
        self._snapshots: dict[tuple[tuple[str, ...], Mode], tuple[int, list[Parcel]]] = {}

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
        """Codes of the notices that hold now."""
        return tuple(notice.code for notice in self._conditions.holding)

    # --- who is here ---

    def arrive(self, member: Member) -> None:
        """``member`` is about to join; the room is kept for it."""
        self._present.add(member)

    def join(self, member: Member) -> None:
        """From now on ``member`` gets the events."""
        self._members[member] = None
        self.seats.take(member.seat)
        self._readers.add(member.targets)
        self._news.changed()
        for notice in self._conditions.holding:
            member.deliver(Parcel(notice))

    def reads(self, member: Member, before: tuple[str, ...]) -> None:
        """``member`` reads other languages than ``before``."""
        self.seats.take(member.seat)
        self._readers.change(before, member.targets)
        self._news.changed()

    def leave(self, member: Member, *, may_return: bool, dropped: bool) -> None:
        """``member`` is gone; a speaker's session waits for its return, or ends.

        Args:
            member: who.
            may_return: it made no mistake.
            dropped: it did not say that it goes, so that it may be back soon.
        """
        self._present.discard(member)
        if member in self._members:
            del self._members[member]
            self.seats.leave(member.seat)
            keep_ms = self._config.limits.resume_ms if dropped and may_return else 0
            self._readers.remove(member.targets, keep_ms=keep_ms)
            self._news.changed()
        if member is self.speaker:
            self.speaker = None
            if self.live is not None:
                self.live.finish_after(self._config.limits.resume_ms if may_return else 0)
        self._tell_if_idle()

    # --- which languages ---

    def retarget(self) -> None:
        """Has the session translate into what somebody reads, and nothing else."""
        wanted = self._readers.languages
        live = self.live
        if live is not None and not live.is_finishing:
            live.set_targets(self.wanted(live.available, live.spoken, mixed=live.mixed))
        self._backfill.serve(wanted)

    def wanted(
        self, available: tuple[str, ...], spoken: str, *, also: tuple[str, ...] = (), mixed: bool = False
    ) -> tuple[str, ...]:
        """Languages that members read (and ``also``), of those that are ``available``.

        What is spoken is read in the transcript, unless the talk is ``mixed``: then some segments are to be translated
        into it, and who reads it finds the others in the same place, as they are.
        """
        read = dict.fromkeys([*also, *self._readers.languages])
        return tuple(lang for lang in read if (mixed if lang == spoken else lang in available))

    # --- who speaks ---

    def owns(self, token: str | None) -> bool:
        """Whether ``token`` was given to the speaker of the running session."""
        return token is not None and token in self._speaker_tokens

    def over(self, token: str | None) -> EndOfStream | None:
        """The end of the last talk, for its own speaker, whose connection broke before it had heard of it."""
        return self._over[1] if self._over is not None and token in self._over[0] else None

    def attach(self, member: Member) -> None:
        """``member`` speaks from now on; an earlier connection of the same speaker is closed."""
        earlier, self.speaker = self.speaker, member
        if earlier is not None:
            earlier.fail(RoomTakenError("the speaker came back on another connection"))
        if self.live is not None:
            self.live.keep()
        self._speaker_tokens.append(member.seat.token)

    def start(self, live: LiveSession) -> None:
        """A new session begins."""
        self.live = live
        self.farewell = DONE
        self.watch = Watch()
        live.muted = self.muted
        self._speaker_tokens.clear()
        self._over = None
        self._first_segment = self._next_segment
        self._tell_change()

    def speak(self, spoken: str, available: tuple[str, ...]) -> None:
        """From the next segment on, ``spoken`` is spoken, or found out (``auto``). Raises ``LanguageError``."""
        live = self.live
        if live is not None:
            # First what both can be translated into, or the session would refuse.
            now = self.wanted(live.available, live.spoken, mixed=live.mixed)
            live.set_targets(tuple(lang for lang in now if lang == spoken or lang in available))
            live.set_spoken(spoken, available)
            self.retarget()
            self._tell_change()

    def mute(self, muted: bool) -> None:
        """Whether what the speaker says counts as silence."""
        self.muted = muted
        if self.live is not None:
            self.live.muted = muted
        self.publish(mute_notice(muted))

    def stop(self, code: int, farewell: str) -> bool:
        """Ends the talk with its last words; whether there was one.

        Args:
            code: what the speaker is closed with; 1001: it may go on when the server is back.
            farewell: why.
        """
        if self.live is None:
            return False
        self.farewell = (code, farewell)
        if code == 1000:
            self.live.end()
        else:
            self.live.finish()
        return True

    def session_ended(self, error: SottovoceError | None) -> None:
        """The session is over."""
        live, self.live = self.live, None
        if live is not None and live.was_ended and error is None:
            self._over = (frozenset(self._speaker_tokens), EndOfStream(live.position))
        self._speaker_tokens.clear()
        self._conditions.talk_over()
        speaker, self.speaker = self.speaker, None
        if error is not None and live is not None:
            if speaker is not None:
                speaker.fail(error)
            parcels = [Parcel(Notice(error.code, str(error), error.retryable)), Parcel(EndOfStream(live.position))]
            for member in self:
                for parcel in parcels if member is not speaker else ():
                    member.deliver(parcel)
        self._tell_if_idle()

    def close(self) -> None:
        """The room is given up."""
        self._news.close()
        self._readers.close()
        self._backfill.close()

    # --- what is said ---

    def publish(self, event: Event) -> None:
        """Hands an event of the session to everybody, and a text to the log."""
        self._metrics.event(event)
        self.watch.event(event)
        if isinstance(event, Notice):
            self._conditions.take(event)
        if isinstance(event, (Transcript, Translation)):
            self._publish_text(dataclasses.replace(event, segment=event.segment + self._first_segment))
            return
        parcel = Parcel(event)
        for member in self:
            member.deliver(parcel)

    def snapshot(self, targets: tuple[str, ...], mode: Mode) -> list[Parcel]:
        """What was said, for somebody who has just come; made once for all who read the same."""
        key = (tuple(sorted(targets)), mode)
        made_at, parcels = self._snapshots.get(key, (-1, []))
        if made_at != self.log.last_seq:
            if len(self._snapshots) > 32:  # rare ways of reading
                self._snapshots.clear()
            messages = list(snapshots(self.log.latest(), View(targets, mode).admit_text))
            number = self.log.last_seq  # a client has all of it when it has the last message
            parcels = [Parcel(one, number if one is messages[-1] else None) for one in messages]
            self._snapshots[key] = (number, parcels)
        return parcels

    def _publish_text(self, text: TextEvent) -> None:
        """Hands a text to everybody who reads it; ``text`` has its number in the room.

        Segments are numbered on from session to session, so that they stay apart.
        """
        going = continued(text, self.log.newest(text_key(text)))
        if going is None:
            return
        if isinstance(going, Transcript) and not going.final and going.words:
            going = dataclasses.replace(going, words=())  # only a final one has them on the wire
        now_ms = self.live.clock.now_ms if self.live is not None else None
        if now_ms is not None:
            going = dataclasses.replace(going, marks=dataclasses.replace(going.marks, sent=now_ms()))
        self._next_segment = max(self._next_segment, going.segment + 1)
        parcel = self.log.append(going)
        for member in self:
            member.deliver(parcel)
        if now_ms is not None:
            sent_ms = now_ms()  # to the last of them
            self._metrics.sent(going.marks, sent_ms)
            self.watch.sent(going.marks, sent_ms)
        if isinstance(going, Translation):
            self._backfill.translated(going)

    def painted(self, paint: Paint) -> None:
        """A text has reached a reader's screen."""
        for counted in (self._metrics, self.watch):
            counted.painted(paint)

    def _tell_audience(self) -> None:
        if self.speaker is not None and self.speaker.follows_audience:
            self.speaker.deliver(Parcel(Audience(listeners=audience_of(self))))

    def _tell_change(self) -> None:
        for member in self:
            member.session_changed()

    def _tell_if_idle(self) -> None:
        if self.is_idle:
            self._emptied(self)
