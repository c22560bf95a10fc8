"""All rooms of a server: who may speak where, and who is there at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final, Protocol

from translate import logs
from translate.audio.push import PushSource
from translate.config import Config
from translate.errors import Busy, MissingModel, SottovoceError
from translate.events import RATE_HZ
from translate.languages import AUTO
from translate.protocol import SPEAKER, ClientHello
from translate.server.backend import Backend, Offer
from translate.server.errors import ClientGoneError, RoomTakenError
from translate.server.metrics.cost_totals import CostTotals
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.live_session import LiveSession
from translate.server.rooms.members import Member
from translate.server.rooms.room import Room
from translate.server.rooms.speaker import SpeakerHandle
from translate.tasks import Supervisor

__all__ = ["Member", "Room", "Rooms"]

_RETRY_S = 30.0
"""A speaker who is refused should not ask again before."""
_LAST_WORDS_S: Final = 5.0
"""The same, where a talk is about to end."""


class _Client(Protocol):
    """A connection that can be closed."""

    def close(self, code: int, reason: str) -> None:
        """Closes when everything queued is sent."""


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
        self._capacity = backend.capacity()
        self._metrics = metrics
        self._cost_totals = CostTotals(config.service)
        self._tasks = Supervisor("rooms")
        self._rooms: dict[str, Room] = {}
        self.clients: dict[_Client, str | None] = {}
        """Everybody who has been let in, and the id of the token that was shown."""
        self.broken: str | None = None
        """Why the last session could not go on, if a model is missing or damaged: then the next cannot either."""
        self.paint_reporters = 0
        """Clients that are asked when texts are on their screens."""

    def reconfigure(self, config: Config) -> None:
        """Goes on with other settings; sessions that run keep theirs."""
        self._config = config
        for room in self._rooms.values():
            room.reconfigure(config)

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    @property
    def sessions(self) -> int:
        """Sessions that run, with or without a connected speaker."""
        return sum(room.live is not None for room in self._rooms.values())

    def cost(self) -> dict[str, Any] | None:
        """What an hour of speech costs, from all so far; ``None``: too little was said, or it cannot be told."""
        running_s = sum(room.live.position / RATE_HZ for room in self._rooms.values() if room.live is not None)
        finals = self._metrics.finals
        languages = finals["translation"] / finals["transcript"] if finals["transcript"] else 0.0
        with self._metrics.guard:
            return self._cost_totals.as_dict(running_s, languages)
        return None

    @property
    def most(self) -> int:
        """Sessions that may run at once: as configured, else as measured."""
        return self._config.limits.sessions or self._capacity

    def room(self, name: str) -> Room:
        """The room of that name, made when there is none."""
        if name not in self._rooms:
            self._rooms[name] = Room(name, self._config, self._metrics, self._backend, self._emptied)
        return self._rooms[name]

    def find(self, name: str) -> Room | None:
        """The room of that name, if there is one."""
        return self._rooms.get(name)

    def revoked(self, token_id: str) -> None:
        """Closes the connections that came with a token that is worthless now."""
        for client, shown in tuple(self.clients.items()):
            if shown == token_id:
                client.close(4401, "revoked")

    def targets(self, room: Room, codes: tuple[str, ...], hello: ClientHello | None = None) -> tuple[str, ...]:
        """Canonical codes of what somebody wants to read in ``room``; of a speaker, in the session that it begins.

        Raises:
            LanguageError: one is unknown or not available.
        """
        if hello is not None and hello.role == SPEAKER:
            spoken = self.offer.source(hello.source)
            allowed = tuple(self.offer.source(code) for code in hello.allowed_sources)
            return self.offer.checked_targets(codes, self.offer.targets_for(spoken, allowed), spoken)
        if room.live is not None:
            return self.offer.checked_targets(codes, room.live.available, room.live.spoken)
        return self.offer.checked_targets(codes, self.offer.targets_for(AUTO), AUTO)

    async def speak(self, room: Room, hello: ClientHello, member: Member) -> SpeakerHandle:
        """Makes ``member`` the speaker of ``room``: on its running session if that is its own, else on a new one.

        Raises:
            RoomTakenError: somebody else speaks there.
            Busy: as many sessions run as may, or one that runs is late already. A speaker that comes back to its own
                session is never refused for that.
            LanguageError, MissingModel: the backend cannot do it.
            ClientGoneError: its connection has ended while it waited.
        """
        while room.live is not None:  # after a wait somebody else may have been faster
            if room.owns(hello.resume) and (room.live.was_ended or not room.live.is_finishing):
                return room.attach(member)
            await self._succeed(room, room.live)
            if member.is_closing:
                raise ClientGoneError("the client has gone before it could speak")
        if self.sessions >= self.most:
            raise Busy(f"all places for speakers ({self.most}) are taken", retry_after_s=_RETRY_S)
        if (late_ms := self._late_ms()) > 0:
            # However many places there should be: another program may have the machine, and talks that run go first.
            raise Busy(f"a talk that runs is {late_ms / 1000:.0f} s late, and goes first", retry_after_s=_RETRY_S)
        room.start(self._open(room, hello, member))
        return room.attach(member)

    async def _succeed(self, room: Room, live: LiveSession) -> None:
        """Waits until the session of a speaker who has gone is over."""
        if room.speaker is not None and not live.is_finishing:
            raise RoomTakenError(f"somebody speaks in room {room.name!r} already; choose another room")
        live.finish()
        if not await live.wait(self._config.limits.send_ms / 1000):
            raise Busy(f"the last words of room {room.name!r} are still being recognised", retry_after_s=_LAST_WORDS_S)

    def _open(self, room: Room, hello: ClientHello, member: Member) -> LiveSession:
        spoken = self.offer.source(hello.source)
        allowed = tuple(self.offer.source(code) for code in hello.allowed_sources) if spoken == AUTO else ()
        available = self.offer.targets_for(spoken, allowed)
        self.offer.checked_targets(hello.targets, available, spoken)
        source = PushSource(limit_ms=self._config.limits.ahead_ms, config=self._config.audio)
        with logs.bound(room=room.name):
            session = self._backend.open_session(
                source,
                spoken=spoken,
                targets=room.wanted(available, spoken, also=member.targets, mixed=spoken == AUTO),
                allowed=allowed,
                mode=hello.mode,
            )
        self._metrics.counts["sessions_total"] += 1
        with self._metrics.guard:
            self._cost_totals.began()

        def ended(error: SottovoceError | None) -> None:
            self.broken = str(error) if isinstance(error, MissingModel) else None
            try:
                room.talk_ended(error)
            finally:
                with self._metrics.guard:
                    self._cost_totals.ended(source.end / RATE_HZ)

        return LiveSession(
            session,
            source,
            spoken=spoken,
            allowed=allowed,
            available=available,
            publish=room.publish,
            ended=ended,
            tasks=room.tasks,
        )

    def _late_ms(self) -> int:
        """How far recognition is behind, through the machine's fault, in the talk that is worst off; 0: in time."""
        return max((room.live.late_ms for room in self._rooms.values() if room.live is not None), default=0)

    async def finish(self, timeout_s: float) -> None:
        """Ends all sessions: what was received is recognised within ``timeout_s``, the rest is lost."""
        running = [room.live for room in self._rooms.values() if room.live is not None]
        for room in self._rooms.values():
            room.stop(1001, "the server stops")
        async with asyncio.TaskGroup() as group:
            for live in running:
                group.create_task(_finish(live, timeout_s), name=f"end of session {live.id}")

    async def aclose(self) -> None:
        """Ends everything that runs in a room; clients may still leave."""
        self._tasks.close()
        for room in tuple(self._rooms.values()):
            await room.aclose()

    def _emptied(self, room: Room) -> None:
        """Forgets the room, after a while if there is something to come back to."""
        if len(room.texts.log):
            if room.forgetting is None:
                room.forgetting = self._tasks.timer(lambda: self._forget(room), f"empty room {room.name}")
            room.forgetting.start(self._config.limits.resume_ms / 1000)
        else:
            self._forget(room)

    def _forget(self, room: Room) -> None:
        if room.is_idle and self._rooms.get(room.name) is room:
            del self._rooms[room.name]
            room.close()


async def _finish(live: LiveSession, timeout_s: float) -> None:
    if not await live.wait(timeout_s):
        live.abort()
        await live.wait(timeout_s)
