"""The speaker's side of a room on another machine."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from translate.audio import AudioSource
from translate.errors import SottovoceError
from translate.events import RATE_HZ, EndOfStream, Event, Lag, Notice, SpeechSpan
from translate.latency import SessionClock
from translate.protocol import (
    SUBPROTOCOL,
    ClientHello,
    ClientMessage,
    End,
    Failure,
    Mode,
    Ping,
    Pong,
    ServerHello,
    UnknownTypeError,
    decode_server,
    encode_audio,
    encode_client,
)
from translate.remote.address import RoomAddress
from translate.remote.backlog import Backlog
from translate.remote.clock import ServerClock
from translate.remote.device import DeviceReport
from translate.remote.direct import connect_directly
from translate.remote.inbox import Inbox
from translate.remote.refusal import pause_s, why_refused, why_unanswered

__all__ = ["RemoteSpeaker", "Talk"]

_PING_S: Final = 1.0
_DEAD_S: Final = 5.0
"""A server that answers no ping for so long is taken for gone."""
_LAST_WORDS_S: Final = 60.0
"""After the end, how long the server may take."""
_LAST_TRIES_S: Final = 30.0
"""After the end, how long a server that is away is looked for."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What a speaker tells the room."""

    source: str
    targets: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    mode: Mode = "fast"


class _Over(Exception):
    """The talk has ended as it should."""


class RemoteSpeaker:
    """Sends a source's sound to a room and yields what the room says; iterate it once.

    Comes back by itself after a drop, and sends then what was said meanwhile (up to a minute). Ends when the source
    does, with the last words.

    Args:
        source: sound.
        address: the room.
        talk: languages.
        tls: from :func:`~translate.remote.trust.trusted_context`.

    Iterating raises :class:`~translate.errors.SottovoceError`: the service cannot be reached at the start, refuses, or
    the source fails.
    """

    def __init__(self, source: AudioSource, address: RoomAddress, talk: Talk, *, tls: ssl.SSLContext | None) -> None:
        self._source = source
        self._address = address
        self._talk = talk
        self._tls = tls
        self._backlog = Backlog()
        self._inbox = Inbox()
        self._device = DeviceReport()
        self._events: asyncio.Queue[Event] = asyncio.Queue(256)
        self._news = asyncio.Event()  # there is something to send
        self._source_over = False
        self._over_s = 0.0
        self._session: str | None = None
        self._resume: str | None = None
        self._told_lost = 0
        self._last_seq = 0
        self._seq = 0
        self._pinged: dict[float, int] = {}
        self._heard_s = 0.0
        self._refusal: Failure | None = None
        self._gave_up = False
        self._ended: EndOfStream | None = None
        self.clock = ServerClock()
        """The server's, for latencies."""

    async def __aiter__(self) -> AsyncIterator[Event]:
        hearing = asyncio.create_task(self._hear())
        talking = asyncio.create_task(self._keep_talking())
        try:
            while True:
                getting = asyncio.ensure_future(self._events.get())
                await asyncio.wait({getting, talking}, return_when=asyncio.FIRST_COMPLETED)
                if not getting.done():
                    getting.cancel()
                    break
                yield getting.result()
            while not self._events.empty():
                yield self._events.get_nowait()
            await talking  # raises why it ended, if not as it should
            if hearing.done():
                await hearing
        finally:
            for task in (hearing, talking):
                task.cancel()
            await asyncio.gather(hearing, talking, return_exceptions=True)
            await self._source.aclose()

    # --- sound ---

    async def _hear(self) -> None:
        """Takes the source's sound into the backlog."""
        try:
            async for item in self._source.stream(SessionClock()):
                if isinstance(item, Notice):
                    self._device.take(item)
                    self._news.set()
                    await self._events.put(item)
                    continue
                pcm = np.clip(np.rint(item.samples * 32768), -32768, 32767).astype("<i2").tobytes()
                self._backlog.push(pcm)
                self._news.set()
        finally:
            self._source_over, self._over_s = True, asyncio.get_running_loop().time()
            self._news.set()

    # --- connection ---

    async def _keep_talking(self) -> None:
        """One connection after the other until the talk is over."""
        failures = 0
        with contextlib.suppress(_Over):
            while True:
                failures = 0 if await self._once() else failures + 1
                self._give_up_at_last()
                await asyncio.sleep(pause_s(failures, self._refusal, random.random()))

    def _give_up_at_last(self) -> None:
        """Raises when there is nothing more to say, and nobody to say the rest to."""
        if self._source_over and asyncio.get_running_loop().time() - self._over_s > _LAST_TRIES_S:
            raise SottovoceError(f"{self._address} did not come back: what was said last is not in its captions")

    async def _once(self) -> bool:
        """One connection, to its end; whether the server answered hello."""
        try:
            async with connect_directly(
                self._address.websocket,
                ssl=self._tls,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                proxy=None,
                ping_interval=None,
                open_timeout=10,
                close_timeout=1,
                max_size=None,
            ) as socket:
                return await self._converse(socket)
        except (OSError, TimeoutError, InvalidHandshake) as error:
            if self._session is None:
                raise why_unanswered(self._address, error) from error
            return False

    async def _converse(self, socket: ClientConnection) -> bool:
        self._seq, self._refusal, self._ended = 0, None, None
        self._pinged.clear()
        await self._say(socket, self._hello())
        self._heard_s = asyncio.get_running_loop().time()
        tasks: list[asyncio.Task[None]] = []
        answered = False
        try:
            async for frame in socket:
                self._heard_s = asyncio.get_running_loop().time()
                try:
                    envelope = decode_server(frame)
                except UnknownTypeError as newer:  # what a newer service says beside is not for this version
                    self._last_seq = newer.seq or self._last_seq
                    continue
                self._last_seq = envelope.seq
                if isinstance(envelope.message, ServerHello) and not answered:
                    answered = True
                    await self._begin(envelope.message)
                    tasks = [asyncio.create_task(self._send(socket)), asyncio.create_task(self._ping(socket))]
                else:
                    await self._take(envelope.message)
        except ConnectionClosed:
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._judge(socket.close_code)
        if answered:
            await self._events.put(
                Notice("connection_lost", f"the connection to {self._address} is lost; trying again")
            )
        return answered

    def _hello(self) -> ClientHello:
        talk = self._talk
        return ClientHello(
            versions=("v1",),
            role="speaker",
            room=self._address.room,
            source=talk.source,
            allowed_sources=talk.allowed,
            targets=talk.targets,
            mode=talk.mode,
            token=self._address.token,
            resume=self._resume,
            last_seq=self._last_seq if self._resume else None,
        )

    async def _finish(self) -> None:
        if self._ended is not None:
            await self._events.put(self._ended)
        raise _Over

    async def _judge(self, code: int | None) -> None:
        """Raises what ends the talk for good."""
        if self._gave_up:
            raise SottovoceError(f"{self._address} did not send its last words within {_LAST_WORDS_S:.0f} s")
        final = why_refused(code, self._refusal, had_begun=self._session is not None)
        if final is not None:
            raise final
        if code == 1000:
            await self._finish()

    async def _begin(self, hello: ServerHello) -> None:
        back = self._session is not None
        if hello.session == self._session:
            self._backlog.resume(hello.position or 0)
        else:
            self._backlog.restart()
            self.clock.restart()
        self._session, self._resume = hello.session, hello.resume
        self._inbox.greet(hello)
        self._device.connected(hello.capabilities)
        if back:
            await self._events.put(Notice("connection_back", f"back in {self._address}"))
        lost_s = (self._backlog.dropped - self._told_lost) / RATE_HZ
        self._told_lost = self._backlog.dropped
        if lost_s:
            message = f"{lost_s:.0f} s of sound are lost: {self._address} was away for too long"
            await self._events.put(Notice("sound_lost", message))

    async def _take(self, message: object) -> None:
        match message:
            case Pong():
                self.clock.pong(message)
                self._backlog.confirm(self._pinged.pop(message.client_ms, 0))
            case Failure():
                self._refusal = message
            case ServerHello():
                self._inbox.greet(message)
            case EndOfStream():
                self._ended = message  # how the connection is closed says whether that was all
                if self._source_over:
                    await self._finish()
            case SpeechSpan() | Lag() | Notice():
                await self._events.put(message)
            case _:
                for text in self._inbox.texts(message):  # type: ignore[arg-type]  # what is left is a server's message
                    await self._events.put(text)

    async def _say(self, socket: ClientConnection, message: ClientMessage) -> None:
        self._seq += 1
        await socket.send(encode_client(message, seq=self._seq, t_ms=round(self.clock.local_ms(), 1)))

    async def _send(self, socket: ClientConnection) -> None:
        """Sends what waits, at the pace of the socket; then, when the source is over, the end."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                if (device := self._device.news()) is not None:
                    await self._say(socket, device)
                while (frame := self._backlog.take()) is not None:
                    await socket.send(encode_audio(frame))
                if self._source_over:
                    await self._say(socket, End())
                    await asyncio.sleep(_LAST_WORDS_S)
                    self._gave_up = True
                    socket.transport.abort()
                    return
                self._news.clear()
                await self._news.wait()

    async def _ping(self, socket: ClientConnection) -> None:
        """Asks for the time; gives a silent connection up."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionClosed):
            while loop.time() - self._heard_s < _DEAD_S:
                now_ms = round(self.clock.local_ms(), 1)
                self._pinged[now_ms] = self._backlog.sent_end
                # A stuck network takes nothing more; that must not keep this from seeing that it is.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_DEAD_S):
                        await self._say(socket, Ping(client_ms=now_ms))
                await asyncio.sleep(_PING_S)
        socket.transport.abort()
