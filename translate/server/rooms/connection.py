"""One client: what it says, and what that leads to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from translate.config import Config
from translate.errors import Busy, LanguageError, NotAllowedError, SottovoceError
from translate.events import EndOfStream, Notice, Translation
from translate.latency import SessionClock
from translate.protocol import (
    AudioFrame,
    ClientHello,
    ClientMessage,
    Control,
    Device,
    End,
    Joining,
    Painted,
    Parcel,
    Ping,
    Pong,
    ServerState,
    SetView,
    View,
    snapshots,
)
from translate.server.access.gate import Gate, Grant, OpenGate
from translate.server.errors import HelloTimeoutError
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.conditions import device_notice
from translate.server.rooms.delivery import CLOSE_S, Sender
from translate.server.rooms.greeting import server_hello
from translate.server.rooms.operator import Operator
from translate.server.rooms.resumption import Seat
from translate.server.rooms.rooms import Room, Rooms

__all__ = ["CLOSE_S", "Connection"]

log = logging.getLogger(__name__)

_GOODBYES: Final = (1000, 1001)
"""A client that closes with one of these is not expected back."""


class Connection:
    """The life of one WebSocket; :meth:`run` returns when it is over.

    Args:
        socket: after its handshake.
        rooms: where clients meet.
        config: limits.
        metrics: counts.
        gate: who may come in; ``None``: everybody.
        stats: what ``/stats`` tells, for operators.
    """

    __slots__ = (
        "_asked", "_broken", "_gate", "_grant", "_invite", "_limits", "_metrics", "_operator", "_place", "_room",
        "_rooms", "_sender", "_socket", "_state", "_stats", "_view", "follows_audience", "seat",
    )  # fmt: skip

    def __init__(
        self,
        socket: ServerConnection,
        rooms: Rooms,
        config: Config,
        metrics: Metrics,
        gate: Gate | None = None,
        stats: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._socket = socket
        self._rooms = rooms
        self._limits = config.limits
        self._metrics = metrics
        self._gate = gate if gate is not None else OpenGate()
        self._stats = stats
        self._grant: Grant | None = None
        self._state = ServerState(config.limits, SessionClock().now_ms)
        self._sender = Sender(socket, self._state, config.limits, metrics)
        self._view = View()
        self._room: Room | None = None
        self._place = ""  # name of the room, also of an operator's who reads nothing there
        self._operator: Operator | None = None
        self._invite: Joining | None = None
        self._asked = False  # to report when texts are on the screen
        self._broken = False  # the client made a mistake; it is not waited for
        self.follows_audience = False  # wants to be told who reads
        self.seat: Seat

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that the client reads."""
        return self._view.targets

    @property
    def role(self) -> str | None:
        """``speaker``, ``listener``, ``operator`` or not known yet."""
        return self._state.role

    async def run(self, *, refuse: Busy | None = None) -> None:
        """Serves the client until the connection is closed.

        Args:
            refuse: send this and close.
        """
        tasks = [asyncio.create_task(self._sender.run(self._is_welcome), name="sender")]
        try:
            try:
                if refuse is not None:
                    raise refuse
                await self._converse(tasks)
            except SottovoceError as error:
                self._broken = True
                self.fail(error)
            except ConnectionClosed:
                pass
            except Exception:
                log.exception("a connection failed")
                self.fail(SottovoceError("the server made a mistake; its log says which"))
            with contextlib.suppress(ConnectionClosed):
                async for _ in self._socket:  # until the closing handshake is through
                    pass
        finally:
            self._rooms.guests.pop(self, None)
            if self._room is not None:
                dropped = self._socket.close_code not in _GOODBYES
                self._room.leave(self, may_return=not self._broken, dropped=dropped)
            if self._asked:
                self._rooms.painters -= 1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- what the room says (see rooms.Member) ---

    def deliver(self, parcel: Parcel) -> None:
        """Sends an event, if the client is to see it."""
        shown = self._view.admit(parcel)
        if shown is not None:
            self._sender.push(shown)
        if isinstance(parcel.message, EndOfStream) and self._room is not None and self._room.speaker is self:
            self.close(*self._room.farewell)

    def session_changed(self) -> None:
        """Tells of a new session, or of other speech in it; a speaker's hello is answered before it is a member."""
        self._greet()

    def fail(self, error: SottovoceError) -> None:
        """Sends the error and closes."""
        self._sender.fail(error)

    def close(self, code: int, reason: str) -> None:
        """Closes when everything queued is sent."""
        self._sender.close(code, reason)

    # --- what the client says ---

    async def _converse(self, tasks: list[asyncio.Task[None]]) -> None:
        try:
            async with asyncio.timeout(self._limits.hello_ms / 1000):
                hello = self._state.receive(await self._socket.recv())
        except TimeoutError:
            raise HelloTimeoutError(f"no hello came within {self._limits.hello_ms} ms") from None
        assert isinstance(hello, ClientHello)  # the state lets nothing else pass first
        await self._enter(hello)
        if self._operator is not None:
            tasks.append(asyncio.create_task(self._operator.report(), name="status"))
        async for frame in self._socket:
            self._sender.heard = True
            await self._obey(self._state.receive(frame))
            await asyncio.sleep(0)  # one read may hold hundreds of messages: the writer and other clients have a turn

    async def _obey(self, said: ClientMessage | AudioFrame) -> None:
        live = self._room.live if self._room is not None else None
        match said:
            case AudioFrame():
                if live is not None:
                    self._sender.is_unheard = True
                    await live.feed(said)
                    self._sender.is_unheard = False
            case Ping():
                self._sender.push(Parcel(Pong(client_ms=said.client_ms, server_ms=round(self._state.now_ms, 1))))
            case Painted():
                paint = self._state.painted(said)
                if paint is not None and self._room is not None:
                    self._room.painted(paint)
            case SetView():
                try:
                    self._set(said)
                except LanguageError as error:  # no reason to end a talk
                    self._sender.push(Parcel(Notice(error.code, str(error), error.retryable)))
            case Device():
                if live is not None and self._room is not None and self._room.speaker is self:
                    self._room.publish(device_notice(said.state))
            case Control():
                assert self._operator is not None  # the state lets nobody else pass
                self._operator.obey(said)
            case End():
                if live is not None:
                    live.end()

    async def _enter(self, hello: ClientHello) -> None:
        """Lets the client in; joins the room; answers hello; then sends what the client has missed."""
        peer = str(self._socket.remote_address[0]) if self._socket.remote_address else ""
        grant = self._grant = self._gate.admit(hello.token, role=hello.role, room=hello.room, peer=peer)
        self._rooms.guests[self] = grant.token_id
        self._place = hello.room
        self.follows_audience = "audience" in hello.capabilities
        self._ask(hello)
        if hello.role == "operator":
            self._operator = Operator(
                self._rooms,
                self._gate,
                grant,
                stats=self._stats,
                revoked=self._rooms.revoked,
                push=self._sender.push,
            )
            if not hello.targets:
                self._greet()
                return
        await self._join(hello)

    async def _join(self, hello: ClientHello) -> None:
        """Nothing may come between the answer to hello, what was missed, and what is said from then on."""
        self._room = room = self._rooms.room(hello.room)
        room.arrive(self)
        wanted = self._rooms.targets(room, hello.targets, hello)
        self._view = View(wanted, hello.mode)
        old = room.seats.find(hello.resume)
        start = old.cursor.reached(hello.last_seq or 0) if old is not None else 0
        self.seat = room.seats.new(start, wanted)
        self._sender.cursor = self.seat.cursor
        over = room.over(hello.resume) if hello.role == "speaker" else None
        if hello.role == "speaker" and over is None:
            await self._rooms.speak(room, hello, self)
        self._greet()
        self._catch_up(room, start if old is not None and set(wanted) <= set(old.targets) else None)
        room.join(self)
        if over is not None:  # a new talk would hear once more what this speaker does not know to have arrived
            self._sender.push(Parcel(over))
            self.close(*room.farewell)

    def _catch_up(self, room: Room, start: int | None) -> None:
        """Sends what came after number ``start`` of the log, or a snapshot if that does not reach back."""
        missed = room.log.replay(start) if start is not None else None
        if missed is not None and len(missed) <= self._limits.events // 2:
            for parcel in missed:
                self.deliver(parcel)
            return
        for parcel in room.snapshot(self._view.targets, self._view.mode):
            self._sender.push(parcel)

    def _set(self, change: SetView) -> None:
        if change.source is not None:
            self._set_source(change.room or self._place, change.source)
        room, before = self._room, self._view.targets
        if room is None:
            return  # an operator who reads nothing
        wanted = self._rooms.targets(room, change.targets) if change.targets is not None else before
        self._view = View(wanted, change.mode or self._view.mode)
        self.seat = self.seat._replace(targets=wanted)
        room.reads(self, before)
        added = View(set(wanted) - set(before), self._view.mode)
        events = [event for event in room.log.latest() if isinstance(event, Translation)]
        for message in snapshots(events, added.admit_text):
            self._sender.push(Parcel(message))

    def _set_source(self, name: str, code: str) -> None:
        """Raises ``LanguageError``, and ``NotAllowedError`` for a room that is not the client's to change."""
        allowed = name == self._place if self._operator is None else self._grant_allows(name)
        if not allowed:
            raise NotAllowedError(f"this client may not change what is spoken in room {name!r}")
        room = self._rooms.find(name)
        if room is None or room.live is None:
            raise LanguageError(f"nobody speaks in room {name!r}")
        spoken = self._rooms.offer.source(code)
        room.speak(spoken, self._rooms.offer.targets_for(spoken, room.live.allowed))

    def _grant_allows(self, room: str) -> bool:
        return self._grant is not None and self._grant.room in (None, room)

    def _is_welcome(self) -> bool:
        return self._grant is None or not self._gate.is_revoked(self._grant)

    # --- the answer to hello ---

    def _ask(self, hello: ClientHello) -> None:
        """Asks some clients when texts are on their screens: those of a whole hall would be a load of their own."""
        if "painted" in hello.capabilities and self._rooms.painters < self._limits.paint_reports:
            self._asked = True
            self._rooms.painters += 1
            self._state.ask_for_paints()

    def _greet(self) -> None:
        room = self._room or self._rooms.find(self._place)
        clock = room.live.clock.now_ms if room is not None and room.live is not None else None
        assert self._state.role is not None  # only after the client's hello
        hello = server_hello(
            role=self._state.role,
            place=self._place,
            room=room,
            offer=self._rooms.offer,
            view=self._view,
            token=self.seat.token if self._room is not None else secrets.token_urlsafe(18),
            asked=self._asked,
            invite=self._joining() if self._state.role in ("speaker", "operator") else None,
            limits=self._limits,
        )
        self._sender.push(Parcel(hello, clock=clock))

    def _joining(self) -> Joining | None:
        if self._invite is None:
            made = self._gate.invite("listener", self._place)
            self._invite = Joining(url=made.url, qr=made.qr) if made is not None else None
        return self._invite
