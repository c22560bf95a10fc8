"""One client: reads what it says, writes what it is to see, and never lets it hold up anybody else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from translate import __version__
from translate.config import Config
from translate.errors import Busy, LanguageError, SottovoceError
from translate.events import EndOfStream, Event, Notice, Transcript, Translation
from translate.latency import SessionClock
from translate.protocol import (
    VERSION,
    AudioFrame,
    ClientHello,
    ClientMessage,
    End,
    Failure,
    FrameLimits,
    Outbox,
    Painted,
    Ping,
    Pong,
    ServerHello,
    ServerMessage,
    ServerState,
    SetView,
    SlowReaderError,
    View,
    snapshots,
)
from translate.server.errors import HelloTimeoutError
from translate.server.metrics import Metrics
from translate.server.rooms import Room, Rooms, Seat

__all__ = ["CAPABILITIES", "CLOSE_S", "Connection"]

log = logging.getLogger(__name__)

CLOSE_S: Final = 0.7
"""Time that a client has to answer the closing handshake."""
CAPABILITIES: Final = ("resume", "snapshot", "painted", "set")


class Connection:
    """The life of one WebSocket; :meth:`run` returns when it is over.

    Args:
        socket: after its handshake.
        rooms: where clients meet.
        config: limits.
        metrics: counts.
    """

    seat: Seat

    def __init__(self, socket: ServerConnection, rooms: Rooms, config: Config, metrics: Metrics) -> None:
        self._socket = socket
        self._rooms = rooms
        self._limits = config.limits
        self._metrics = metrics
        self._state = ServerState(config.limits, SessionClock().now_ms)
        self._view = View()
        self._outbox = Outbox(config.limits.events)
        self._news = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._room: Room | None = None
        self._broken = False  # the client made a mistake; it is not waited for
        self._heard = False
        self._is_shed = False

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that the client reads."""
        return self._view.targets

    @property
    def role(self) -> str | None:
        """``speaker``, ``listener`` or not known yet."""
        return self._state.role

    async def run(self, *, refuse: Busy | None = None) -> None:
        """Serves the client until the connection is closed.

        Args:
            refuse: send this and close.
        """
        writer = asyncio.create_task(self._write(), name="writer")
        prober = asyncio.create_task(self._probe(), name="prober")
        try:
            try:
                if refuse is not None:
                    raise refuse
                await self._converse()
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
            if self._room is not None:
                self._room.leave(self, may_return=not self._broken)
            for task in (prober, writer):
                task.cancel()
            await asyncio.gather(prober, writer, return_exceptions=True)
            self._metrics.counts["merged_total"] += self._outbox.merged

    # --- what the room says (see rooms.Member) ---

    def deliver(self, event: Event, number: int | None) -> None:
        """Queues an event, if the client is to see it."""
        shown = self._view.admit(event)
        if shown is not None:
            self._push(shown, number)
        if isinstance(event, EndOfStream) and self._room is not None and self._room.speaker is self:
            self.close(1000, "done")

    def session_started(self) -> None:
        """Tells a listener about the new session; a speaker is told in answer to its hello."""
        self._push(self._hello())

    def fail(self, error: SottovoceError) -> None:
        """Queues the error, and closes when everything queued is sent."""
        self._metrics.errors[error.code] += 1
        self._push(Failure(code=error.code, message=str(error), retryable=error.retryable))
        self.close(error.close_code, error.code)

    def close(self, code: int, reason: str) -> None:
        """Closes when everything queued is sent."""
        if self._closing is None:
            self._closing = (code, reason)
            self._news.set()

    # --- what the client says ---

    async def _converse(self) -> None:
        try:
            async with asyncio.timeout(self._limits.hello_ms / 1000):
                hello = self._state.receive(await self._socket.recv())
        except TimeoutError:
            raise HelloTimeoutError(f"no hello came within {self._limits.hello_ms} ms") from None
        assert isinstance(hello, ClientHello)  # the state lets nothing else pass first
        await self._enter(hello)
        async for frame in self._socket:
            self._heard = True
            await self._obey(self._state.receive(frame))
            await asyncio.sleep(0)  # one read may hold hundreds of messages: the writer and other clients have a turn

    async def _obey(self, said: ClientMessage | AudioFrame) -> None:
        live = self._room.live if self._room is not None else None
        match said:
            case AudioFrame():
                if live is not None:
                    await live.feed(said)
            case Ping():
                self._push(Pong(client_ms=said.client_ms, server_ms=round(self._state.now_ms, 1)))
            case Painted():
                duration_ms = self._state.glass_to_glass_ms(said)
                if duration_ms is not None:
                    self._metrics.duration("glass_to_glass", duration_ms)
            case SetView():
                try:
                    self._set(said)
                except LanguageError as error:  # no reason to end a talk
                    self._push(Notice(error.code, str(error), error.retryable))
            case End():
                if live is not None:
                    live.end()

    async def _enter(self, hello: ClientHello) -> None:
        """Joins the room; answers hello; then sends what the client has missed. Nothing may come in between."""
        self._room = room = self._rooms.room(hello.room)
        room.arrive(self)
        wanted = self._checked(hello.targets, room, hello)
        self._view = View(wanted, hello.mode)
        old = room.seat_of(hello.resume)
        start = old.cursor.reached(hello.last_seq or 0) if old is not None else 0
        self.seat = room.new_seat(start, wanted)
        if hello.role == "speaker":
            await self._rooms.speak(room, hello, self)
        self._push(self._hello())
        self._catch_up(room, start if old is not None and set(wanted) <= set(old.targets) else None)
        room.join(self)

    def _catch_up(self, room: Room, start: int | None) -> None:
        """Queues what came after number ``start`` of the log, or a snapshot if that does not reach back."""
        missed = room.log.replay(start) if start is not None else None
        if missed is not None and len(missed) <= self._limits.events // 2:
            for number, event in missed:
                self.deliver(event, number)
            return
        number = room.log.last_seq  # the client has all of it when it has the last message
        messages = list(snapshots(room.log.latest(), View(self._view.targets, self._view.mode).admit_text))
        for place, message in enumerate(messages, start=1):
            self._push(message, number if place == len(messages) else None)

    def _set(self, change: SetView) -> None:
        assert self._room is not None  # set comes after hello
        before = set(self._view.targets)
        wanted = self._checked(change.targets, self._room) if change.targets is not None else self._view.targets
        self._view = View(wanted, change.mode or self._view.mode)
        self.seat = self.seat._replace(targets=wanted)
        self._room.retarget()
        added = View(set(wanted) - before, self._view.mode)
        events = [event for event in self._room.log.latest() if isinstance(event, Translation)]
        for message in snapshots(events, added.admit_text):
            self._push(message)

    def _checked(self, codes: tuple[str, ...], room: Room, hello: ClientHello | None = None) -> tuple[str, ...]:
        offer = self._rooms.offer
        if hello is not None and hello.role == "speaker":
            spoken = offer.source(hello.source)
            allowed = tuple(offer.source(code) for code in hello.allowed_sources)
            return offer.checked_targets(codes, offer.targets_for(spoken, allowed), spoken)
        if room.live is not None:
            return offer.checked_targets(codes, room.live.available, room.live.spoken)
        return offer.checked_targets(codes, offer.targets_for("auto"), "auto")

    def _hello(self) -> ServerHello:
        assert self._room is not None  # only after the client's hello
        assert self._state.role is not None
        live, offer = self._room.live, self._rooms.offer
        return ServerHello(
            version=VERSION,
            server=f"sottovoce/{__version__}",
            session=live.id if live else None,
            role=self._state.role,
            room=self._room.name,
            source=live.spoken if live else None,
            targets=self._view.targets,
            sources=offer.sources,
            available_targets=live.available if live else offer.targets_for("auto"),
            mode=self._view.mode,
            capabilities=CAPABILITIES,
            resume=self.seat.token,
            position=live.position if live and self._state.role == "speaker" else None,
            limits=FrameLimits(
                text_frame_bytes=self._limits.text_frame_bytes, audio_frame_bytes=self._limits.audio_frame_bytes
            ),
        )

    # --- what the client is sent ---

    def _push(self, message: ServerMessage, number: int | None = None) -> None:
        if self._closing is not None:
            return
        try:
            self._outbox.push(message, number)
        except SlowReaderError:
            self.close(*self._shed())
        self._news.set()

    def _shed(self) -> tuple[int, str]:
        """The client does not read: counts it, once, and says what to close with."""
        if not self._is_shed:
            self._is_shed = True
            self._metrics.errors[SlowReaderError.code] += 1
        return SlowReaderError.close_code, SlowReaderError.code

    async def _write(self) -> None:
        """Sends what is queued, in order; drops a client that does not take it in time."""
        try:
            while self._closing is None or len(self._outbox):
                await self._news.wait()
                self._news.clear()
                while len(self._outbox):
                    await self._send(*self._outbox.pop())
            code, reason = self._closing or (1011, "internal")
        except ConnectionClosed:
            return
        except TimeoutError:
            code, reason = self._shed()
        except Exception:
            log.exception("a message could not be sent")
            code, reason = 1011, "internal"
        await self._shut(code, reason)

    async def _shut(self, code: int, reason: str) -> None:
        """Closes the socket, by force if the client does not take or answer the close frame."""
        self._closing = (code, reason)
        try:
            async with asyncio.timeout(2 * CLOSE_S):
                await self._socket.close(code, reason)
        except TimeoutError:
            self._socket.transport.abort()

    async def _send(self, message: ServerMessage, number: int | None) -> None:
        if isinstance(message, ServerHello) and self._room is not None and self._room.live is not None:
            self._state.restart_clock(self._room.live.clock.now_ms)
        text = self._state.send(message)
        if number is not None:
            self.seat.cursor.sent(self._state.last_seq, number)
        if isinstance(message, (Transcript, Translation)):
            self._metrics.sent(message.marks, self._state.now_ms)
        async with asyncio.timeout(self._limits.send_ms / 1000):
            await self._socket.send(text)

    async def _probe(self) -> None:
        """Drops a client that is silent and does not answer a WebSocket ping in time.

        A client that talks is alive: behind seconds of its audio in the pipe, its answer could only come late.
        """
        pause_s = self._limits.send_ms / 1000
        with contextlib.suppress(ConnectionClosed):
            while self._closing is None:
                await asyncio.sleep(pause_s)
                if self._heard:
                    self._heard = False
                    continue
                try:
                    async with asyncio.timeout(pause_s):
                        await (await self._socket.ping())
                except TimeoutError:
                    if not self._heard:
                        await self._shut(*self._shed())
