"""One client's connection: what it says, and what that leads to."""

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
from translate.events import Notice
from translate.latency import SessionClock
from translate.protocol import (
    LISTENER,
    OPERATOR,
    SPEAKER,
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
    Role,
    ServerState,
    SetView,
    View,
    snapshots,
)
from translate.server.access.gate import Gate, Grant, OpenGate
from translate.server.access.gate_calls import GateCalls
from translate.server.errors import ClientGoneError, HelloTimeoutError, server_mistake
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.delivery import Sender
from translate.server.rooms.greeting import server_hello
from translate.server.rooms.operator import Operator
from translate.server.rooms.resumption import ResumeSlot
from translate.server.rooms.rooms import Room, Rooms
from translate.server.rooms.speaker import SpeakerHandle
from translate.tasks import Supervisor

__all__ = ["Connection"]

log = logging.getLogger(__name__)

_GOODBYES: Final = (1000, 1001)
"""A client that closes with one of these is not expected back."""


class Connection:
    """The life of one WebSocket; :meth:`run` returns when it is over. Owns the tasks that write to it.

    Args:
        socket: after its handshake.
        rooms: where clients meet.
        config: limits.
        metrics: counts.
        gate: who may come in; ``None``: everybody.
        stats: what ``/stats`` tells, for operators.
    """

    __slots__ = (
        "_broken", "_gate", "_grant", "_handle", "_invite", "_limits", "_metrics", "_operator", "_reports_paints",
        "_room", "_room_name", "_rooms", "_sender", "_socket", "_state", "_stats", "_tasks", "_view",
        "follows_audience", "slot",
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
        self._tasks = Supervisor("connection", self._task_failed)
        self._view = View()
        self._room: Room | None = None
        self._room_name = ""  # also of an operator's who reads nothing there
        self._operator: Operator | None = None
        self._handle: SpeakerHandle | None = None  # a speaker's
        self._invite: Joining | None = None
        self._reports_paints = False  # it was asked to report when texts are on the screen
        self._broken = False  # the client made a mistake; it is not waited for
        self.follows_audience = False  # wants to be told who reads
        self.slot: ResumeSlot

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that the client reads."""
        return self._view.targets

    @property
    def role(self) -> Role | None:
        """What the client is; ``None``: not known yet."""
        return self._state.role

    @property
    def is_closing(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._sender.is_closing

    async def run(self, *, refuse: Busy | None = None) -> None:
        """Serves the client until the connection is closed.

        Args:
            refuse: send this and close.
        """
        try:
            self._tasks.start(self._sender.run(self._is_allowed), "sender")
            try:
                if refuse is not None:
                    raise refuse
                await self._converse()
            except (ConnectionClosed, ClientGoneError):
                pass
            except SottovoceError as error:
                self._broken = True
                self.fail(error)
            except Exception:
                log.exception("a connection failed")
                self.fail(server_mistake())
            with contextlib.suppress(ConnectionClosed):
                async for _ in self._socket:  # until the closing handshake is through
                    pass
        finally:
            try:
                self._leave()
            except Exception:
                log.exception("a connection could not leave its room in order")
            finally:
                await self._tasks.aclose()

    def _leave(self) -> None:
        self._rooms.clients.pop(self, None)
        if self._reports_paints:
            self._rooms.paint_reporters -= 1
        if self._room is not None:
            dropped = self._socket.close_code not in _GOODBYES
            self._room.leave(self, may_return=not self._broken, dropped=dropped)

    def _task_failed(self, name: str, error: Exception) -> None:
        """A connection whose messages nobody writes any more is cut off, so that its client comes back."""
        log.error("a connection failed: %s", name, exc_info=error)
        self.fail(server_mistake())
        if name == "sender":
            self._socket.transport.abort()

    # --- what the room says (see members.Member) ---

    def deliver(self, parcel: Parcel) -> None:
        """Sends an event, if the client is to see it."""
        shown = self._view.admit(parcel)
        if shown is not None:
            self._sender.push(shown)

    def session_changed(self) -> None:
        """Tells of a new session, or of other speech in it; a speaker's hello is answered before it is a member."""
        self._send_hello()

    def fail(self, error: SottovoceError) -> None:
        """Sends the error and closes."""
        self._sender.fail(error)

    def close(self, code: int, reason: str) -> None:
        """Closes when everything queued is sent."""
        self._sender.close(code, reason)

    # --- what the client says ---

    async def _converse(self) -> None:
        try:
            async with asyncio.timeout(self._limits.hello_ms / 1000):
                hello = self._state.receive(await self._socket.recv())
        except TimeoutError:
            raise HelloTimeoutError(f"no hello came within {self._limits.hello_ms} ms") from None
        assert isinstance(hello, ClientHello)  # the state lets nothing else pass first
        await self._enter(hello)
        if self._operator is not None:
            self._tasks.start(self._operator.report(), "status")
        async for frame in self._socket:
            self._sender.heard = True
            await self._handle_message(self._state.receive(frame))
            await asyncio.sleep(0)  # one read may hold hundreds of messages: the writer and other clients have a turn

    async def _handle_message(self, said: ClientMessage | AudioFrame) -> None:
        match said:
            case AudioFrame():
                await self._feed(said)
            case Ping():
                self._sender.push(Parcel(Pong(client_ms=said.client_ms, server_ms=round(self._state.now_ms, 1))))
            case Painted():
                paint = self._state.painted(said)
                if paint is not None and self._room is not None:
                    self._room.painted(paint)
            case SetView():
                try:
                    self._set_view(said)
                except LanguageError as error:  # no reason to end a talk
                    self._sender.push(Parcel(Notice(error.code, str(error), error.retryable)))
            case Device():
                if self._handle is not None:
                    self._handle.report_device(said.state)
            case Control():
                assert self._operator is not None  # the state lets nobody else pass
                await self._operator.handle(said)
            case End():
                if self._handle is not None:
                    self._handle.end()

    async def _feed(self, frame: AudioFrame) -> None:
        if self._handle is None:
            return
        self._sender.is_unheard = True
        try:
            await self._handle.feed(frame)
        finally:
            self._sender.is_unheard = False

    async def _enter(self, hello: ClientHello) -> None:
        """Lets the client in; joins the room; answers hello; then sends what the client has missed."""
        peer = str(self._socket.remote_address[0]) if self._socket.remote_address else ""
        await self._gate.refresh()
        grant = self._grant = self._gate.admit(hello.token, role=hello.role, room=hello.room, peer=peer)
        self._rooms.clients[self] = grant.token_id
        self._room_name = hello.room
        self.follows_audience = "audience" in hello.capabilities
        self._ask_for_paints(hello)
        if hello.role != LISTENER:
            self._invite = await self._link_for_listeners()
            if self.is_closing:
                raise ClientGoneError("the client has gone before it was let in")
        if hello.role == OPERATOR:
            self._operator = Operator(
                self._rooms,
                self._gate,
                grant,
                stats=self._stats,
                revoked=self._rooms.revoked,
                push=self._sender.push,
            )
            if not hello.targets:
                self._send_hello()
                return
        await self._join(hello)

    async def _join(self, hello: ClientHello) -> None:
        """Nothing may come between the answer to hello, what was missed, and what is said from then on."""
        self._room = room = self._rooms.room(hello.room)
        room.arrive(self)
        wanted = self._rooms.targets(room, hello.targets, hello)
        self._view = View(wanted, hello.mode)
        old = room.slots.find(hello.resume)
        start = old.cursor.reached(hello.last_seq or 0) if old is not None else 0
        self.slot = room.slots.new(start, wanted)
        self._sender.cursor = self.slot.cursor
        over = room.over(hello.resume) if hello.role == SPEAKER else None
        if hello.role == SPEAKER and over is None:
            self._handle = await self._rooms.speak(room, hello, self)
        self._send_hello()
        self._catch_up(room, start if old is not None and set(wanted) <= set(old.targets) else None)
        room.join(self)
        if over is not None:  # a new talk would hear once more what this speaker does not know to have arrived
            self._sender.push(Parcel(over))
            self.close(*room.speaker_close)

    def _catch_up(self, room: Room, start: int | None) -> None:
        """Sends what came after number ``start`` of the log, or a snapshot if that does not reach back."""
        missed = room.texts.log.replay(start) if start is not None else None
        if missed is not None and len(missed) <= self._limits.events // 2:
            for parcel in missed:
                self.deliver(parcel)
            return
        for parcel in room.texts.snapshot(self._view.targets, self._view.mode):
            self._sender.push(parcel)

    def _set_view(self, change: SetView) -> None:
        if change.source is not None:
            self._set_source(change.room or self._room_name, change.source)
        room, before = self._room, self._view.targets
        if room is None:
            return  # an operator who reads nothing
        wanted = self._rooms.targets(room, change.targets) if change.targets is not None else before
        self._view = View(wanted, change.mode or self._view.mode)
        self.slot = self.slot._replace(targets=wanted)
        room.view_changed(self, before)
        added = View(set(wanted) - set(before), self._view.mode)
        for message in snapshots(room.texts.translations(), added.admit_text):
            self._sender.push(Parcel(message))

    def _set_source(self, room_name: str, code: str) -> None:
        """Changes what is spoken.

        Raises:
            NotAllowedError: the room is not the client's to change.
            LanguageError: nobody speaks there, or the client itself no longer does.
        """
        allowed = room_name == self._room_name if self._operator is None else self._grant_covers(room_name)
        if not allowed:
            raise NotAllowedError(f"this client may not change what is spoken in room {room_name!r}")
        room = self._rooms.find(room_name)
        if room is None or room.live is None:
            raise LanguageError(f"nobody speaks in room {room_name!r}")
        if self._operator is None and (self._handle is None or not self._handle.is_valid):
            raise LanguageError(f"this client no longer speaks in room {room_name!r}")
        spoken = self._rooms.offer.source(code)
        room.set_spoken(spoken, self._rooms.offer.targets_for(spoken, room.live.allowed))

    def _grant_covers(self, room_name: str) -> bool:
        return self._grant is not None and self._grant.room in (None, room_name)

    def _is_allowed(self) -> bool:
        return self._grant is None or not self._gate.is_revoked(self._grant)

    # --- the answer to hello ---

    def _ask_for_paints(self, hello: ClientHello) -> None:
        """Asks some clients when texts are on their screens: those of a whole hall would be a load of their own."""
        if "painted" in hello.capabilities and self._rooms.paint_reporters < self._limits.paint_reports:
            self._reports_paints = True
            self._rooms.paint_reporters += 1
            self._state.ask_for_paints()

    async def _link_for_listeners(self) -> Joining | None:
        made = await GateCalls(self._gate).invite(LISTENER, self._room_name)
        return Joining(url=made.url, qr=made.qr) if made is not None else None

    def _send_hello(self) -> None:
        room = self._room or self._rooms.find(self._room_name)
        clock = room.live.clock.now_ms if room is not None and room.live is not None else None
        assert self._state.role is not None  # only after the client's hello
        hello = server_hello(
            role=self._state.role,
            room_name=self._room_name,
            room=room,
            offer=self._rooms.offer,
            view=self._view,
            token=self.slot.token if self._room is not None else secrets.token_urlsafe(18),
            reports_paints=self._reports_paints,
            invite=self._invite,
            limits=self._limits,
        )
        self._sender.push(Parcel(hello, clock=clock))
