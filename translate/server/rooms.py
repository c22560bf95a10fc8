"""Rooms: at most one speaker's session each, any number of readers, and a log of what was said."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from translate.audio.push import PushSource
from translate.config import Config
from translate.errors import Busy, SottovoceError
from translate.events import EndOfStream, Event, Notice, Transcript, Translation
from translate.protocol import ClientHello, Cursor, ReplayLog
from translate.server.backend import AUTO, Backend, Offer
from translate.server.errors import RoomTakenError
from translate.server.metrics import Metrics
from translate.server.speaking import LiveSession

__all__ = ["Member", "Room", "Rooms", "Seat"]


class Seat(NamedTuple):
    """What a room keeps of a client so that it can come back."""

    token: str
    cursor: Cursor
    targets: tuple[str, ...]


class Member(Protocol):
    """A connection as its room sees it. Nothing here waits: each member has a queue of its own."""

    seat: Seat

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that it reads."""

    def deliver(self, event: Event, number: int | None) -> None:
        """Takes an event; ``number`` is that of a text in the room's log."""

    def session_started(self) -> None:
        """Another session has begun in the room."""

    def fail(self, error: SottovoceError) -> None:
        """Sends the error and closes."""


class Room:
    """One room.

    Args:
        name: what clients call it.
        config: limits.
        metrics: counts events.
        emptied: called when nobody is left and nothing runs.
    """

    def __init__(self, name: str, config: Config, metrics: Metrics, emptied: Callable[[Room], None]) -> None:
        self.name = name
        self.log = ReplayLog(config.limits.replay_events)
        self.live: LiveSession | None = None
        self.speaker: Member | None = None
        self._config = config
        self._metrics = metrics
        self._emptied = emptied
        self._present: set[Member] = set()  # also those whose hello is not answered yet
        self._members: dict[Member, None] = {}
        self._gone: OrderedDict[str, Seat] = OrderedDict()
        self._speaker_tokens: set[str] = set()
        self._first_segment = 0
        self._next_segment = 0

    def __len__(self) -> int:
        return len(self._members)

    @property
    def is_idle(self) -> bool:
        """Nobody is here and nothing runs."""
        return not self._present and self.live is None

    def new_seat(self, start: int, targets: tuple[str, ...]) -> Seat:
        """A seat for a client that has the log up to number ``start``."""
        return Seat(secrets.token_urlsafe(18), Cursor(self._config.limits.replay_events, start), targets)

    def seat_of(self, token: str | None) -> Seat | None:
        """The seat that a client held before, present or gone."""
        if token is None:
            return None
        present = (member.seat for member in self._members if member.seat.token == token)
        return self._gone.get(token) or next(present, None)

    def arrive(self, member: Member) -> None:
        """``member`` is about to join; the room is kept for it."""
        self._present.add(member)

    def join(self, member: Member) -> None:
        """From now on ``member`` gets the events."""
        self._members[member] = None
        self.retarget()

    def leave(self, member: Member, *, may_return: bool) -> None:
        """``member`` is gone; a speaker's session waits for its return, or ends."""
        self._present.discard(member)
        if member in self._members:
            del self._members[member]
            self._gone[member.seat.token] = member.seat
            while len(self._gone) > self._config.limits.connections:
                self._gone.popitem(last=False)
        if member is self.speaker:
            self.speaker = None
            if self.live is not None:
                self.live.finish_after(self._config.limits.resume_ms if may_return else 0)
        self.retarget()
        self._tell_if_idle()

    def retarget(self) -> None:
        """Has the session translate into what somebody reads, and nothing else."""
        if self.live is not None and not self.live.is_finishing:
            self.live.set_targets(self.wanted(self.live.available, self.live.spoken))

    def wanted(self, available: tuple[str, ...], spoken: str, also: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Languages that members read (and ``also``), of those that are ``available``."""
        read = dict.fromkeys([*also, *(target for member in self._members for target in member.targets)])
        return tuple(target for target in read if target in available and target != spoken)

    def owns(self, token: str | None) -> bool:
        """Whether ``token`` was given to the speaker of the running session."""
        return token is not None and token in self._speaker_tokens

    def attach(self, member: Member) -> None:
        """``member`` speaks from now on; an earlier connection of the same speaker is closed."""
        earlier, self.speaker = self.speaker, member
        if earlier is not None:
            earlier.fail(RoomTakenError("the speaker came back on another connection"))
        if self.live is not None:
            self.live.keep()
        self._speaker_tokens.add(member.seat.token)

    def start(self, live: LiveSession) -> None:
        """A new session begins."""
        self.live = live
        self._speaker_tokens.clear()
        self._first_segment = self._next_segment
        for member in self._members:
            member.session_started()

    def publish(self, event: Event) -> None:
        """Hands an event of the session to everybody, and a text to the log.

        Segments are numbered on from session to session, so that they stay apart.
        """
        self._metrics.event(event)
        number: int | None = None
        if isinstance(event, (Transcript, Translation)):
            event = dataclasses.replace(event, segment=event.segment + self._first_segment)
            if isinstance(event, Transcript) and not event.final and event.words:
                event = dataclasses.replace(event, words=())  # only a final one has them on the wire
            self._next_segment = max(self._next_segment, event.segment + 1)
            number = self.log.append(event)
        for member in tuple(self._members):
            member.deliver(event, number)

    def session_ended(self, error: SottovoceError | None) -> None:
        """The session is over."""
        live, self.live = self.live, None
        self._speaker_tokens.clear()
        speaker, self.speaker = self.speaker, None
        if error is not None and live is not None:
            if speaker is not None:
                speaker.fail(error)
            for member in tuple(self._members):
                if member is not speaker:
                    member.deliver(Notice(error.code, str(error), error.retryable), None)
                    member.deliver(EndOfStream(live.position), None)
        self._tell_if_idle()

    def _tell_if_idle(self) -> None:
        if self.is_idle:
            self._emptied(self)


class Rooms:
    """All rooms of a server, and who may speak in them.

    Args:
        config: settings.
        backend: opens sessions.
        metrics: counts.
    """

    def __init__(self, config: Config, backend: Backend, metrics: Metrics) -> None:
        self.offer = Offer(backend)
        self._config = config
        self._backend = backend
        self._metrics = metrics
        self._rooms: dict[str, Room] = {}

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    @property
    def sessions(self) -> int:
        """Sessions that run, with or without a connected speaker."""
        return sum(room.live is not None for room in self._rooms.values())

    def room(self, name: str) -> Room:
        """The room of that name, made when there is none."""
        if name not in self._rooms:
            self._rooms[name] = Room(name, self._config, self._metrics, self._emptied)
        return self._rooms[name]

    async def speak(self, room: Room, hello: ClientHello, member: Member) -> None:
        """Makes ``member`` the speaker of ``room``: on its running session if that is its own, else on a new one.

        Raises:
            RoomTakenError: somebody else speaks there.
            Busy: as many sessions run as may.
            LanguageError, MissingModel: the backend cannot do it.
        """
        while room.live is not None:  # after a wait somebody else may have been faster
            if room.owns(hello.resume) and (room.live.was_ended or not room.live.is_finishing):
                room.attach(member)
                return
            await self._succeed(room, room.live)
        if self.sessions >= self._config.limits.sessions:
            raise Busy(f"all {self._config.limits.sessions} sessions are taken; try again later")
        room.start(self._open(room, hello, member))
        room.attach(member)

    async def _succeed(self, room: Room, live: LiveSession) -> None:
        """Waits until the session of a speaker who has gone is over."""
        if room.speaker is not None and not live.is_finishing:
            raise RoomTakenError(f"somebody speaks in room {room.name!r} already; choose another room")
        live.finish()
        if not await live.wait(self._config.limits.send_ms / 1000):
            raise Busy(f"the last words of room {room.name!r} are still being recognised; try again soon")

    def _open(self, room: Room, hello: ClientHello, member: Member) -> LiveSession:
        spoken = self.offer.source(hello.source)
        allowed = tuple(self.offer.source(code) for code in hello.allowed_sources) if spoken == AUTO else ()
        available = self.offer.targets_for(spoken, allowed)
        self.offer.checked_targets(hello.targets, available, spoken)
        source = PushSource(limit_ms=self._config.limits.ahead_ms, config=self._config.audio)
        session = self._backend.open_session(
            source,
            spoken=spoken,
            targets=room.wanted(available, spoken, also=member.targets),
            allowed=allowed,
            mode=hello.mode,
        )
        self._metrics.counts["sessions_total"] += 1
        return LiveSession(
            session,
            source,
            spoken=spoken,
            available=available,
            publish=room.publish,
            ended=room.session_ended,
        )

    async def finish(self, timeout_s: float) -> None:
        """Ends all sessions: what was received is recognised within ``timeout_s``, the rest is lost."""
        running = [room.live for room in self._rooms.values() if room.live is not None]
        for live in running:
            live.finish()
        in_time = await asyncio.gather(*(live.wait(timeout_s) for live in running))
        await asyncio.gather(*(live.abort() for live, done in zip(running, in_time, strict=True) if not done))

    def _emptied(self, room: Room) -> None:
        """Forgets the room, after a while if there is something to come back to."""
        if len(room.log):
            delay_s = self._config.limits.resume_ms / 1000
            asyncio.get_running_loop().call_later(delay_s, self._forget, room)
        else:
            self._forget(room)

    def _forget(self, room: Room) -> None:
        if room.is_idle and self._rooms.get(room.name) is room:
            del self._rooms[room.name]
