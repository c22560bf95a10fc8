"""One connection of a remote talk, from the handshake to its close."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from translate.errors import SottovoceError
from translate.events import EndOfStream, Event, Lag, Notice, SpeechSpan
from translate.protocol import (
    SUBPROTOCOL,
    ClientMessage,
    End,
    Failure,
    Ping,
    Pong,
    ServerHello,
    UnknownTypeError,
    decode_server,
    encode_audio,
    encode_client,
)
from translate.remote.address import RoomAddress
from translate.remote.direct import connect_directly
from translate.remote.talk import Talk, TalkState
from translate.tasks import Supervisor

__all__ = ["Connection", "Outcome"]

_PING_S: Final = 1.0
_DEAD_S: Final = 5.0
"""A server that answers no ping for so long is taken for gone."""
_HELLO_S: Final = 30.0
"""So long a server that took the connection may take to answer hello."""
_LAST_WORDS_S: Final = 60.0
"""After the end, how long the server may take."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a connection ended."""

    is_over: bool = False
    """The talk has ended as it should."""
    lasted_s: float | None = None
    """How long it lasted after the service had answered hello; ``None``: it did not answer."""
    code: int | None = None
    """With which the service closed it; ``None``: it never came to be."""
    refusal: Failure | None = None
    """The service's last error message."""
    error: OSError | InvalidHandshake | None = None
    """Why it never came to be."""


class Connection:
    """Sends what waits in ``state`` and hands on what the service says. Run it once.

    Args:
        address: the room.
        talk: what to say in hello.
        state: of the talk; outlasts this connection.
        put: takes events; may block.
    """

    def __init__(
        self, address: RoomAddress, talk: Talk, state: TalkState, put: Callable[[Event], Awaitable[None]]
    ) -> None:
        self._address = address
        self._talk = talk
        self._state = state
        self._put = put
        self._seq = 0
        self._pinged: dict[float, int] = {}
        self._heard_s = 0.0
        self._greeted_s: float | None = None
        self._refusal: Failure | None = None
        self._gave_up = False

    async def run(self, tls: ssl.SSLContext | None, greeted: Callable[[], Awaitable[None]]) -> Outcome:
        """Connects and converses until either side closes.

        Args:
            tls: what the service is checked with; ``None``: the connection is not encrypted.
            greeted: called when the service has let this talk in.

        Raises:
            SottovoceError: the service says what is no message of the protocol, or owes the last words for too long.
        """
        try:
            async with connect_directly(
                self._address.websocket,
                ssl=tls,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                proxy=None,
                ping_interval=None,
                open_timeout=10,
                close_timeout=1,
                max_size=None,
            ) as socket:
                return await self._converse(socket, greeted)
        except UnicodeError as error:  # of a host that no name on the internet can have
            return Outcome(error=OSError(f"{self._address.host[:80]} is no name of a host: {error}"))
        except (OSError, InvalidHandshake) as error:
            return Outcome(error=error)

    async def _converse(self, socket: ClientConnection, greeted: Callable[[], Awaitable[None]]) -> Outcome:
        self._state.ended = None
        tasks = Supervisor("connection to a room")
        try:
            with contextlib.suppress(ConnectionClosed):  # who refuses at once says why, which is read below
                await self._say(socket, self._state.hello(self._talk, self._address))
            self._heard_s = asyncio.get_running_loop().time()
            tasks.start(self._await_hello(socket), "hello")
            with contextlib.suppress(ConnectionClosed):
                async for frame in socket:
                    if await self._take(frame, socket, tasks, greeted):
                        return self._outcome(socket, is_over=True)
        finally:
            await tasks.aclose()
        if self._gave_up:
            raise SottovoceError(f"{self._address} did not send its last words within {_LAST_WORDS_S:.0f} s")
        # 1000 alone is no end: what closes so in the middle of a talk, as a proxy may, has not heard all of it.
        done = self._state.ended is not None or self._state.source_over.is_set()
        return self._outcome(socket, is_over=socket.close_code == 1000 and self._greeted_s is not None and done)

    def _outcome(self, socket: ClientConnection, *, is_over: bool) -> Outcome:
        now_s = asyncio.get_running_loop().time()
        lasted_s = None if self._greeted_s is None else now_s - self._greeted_s
        return Outcome(is_over, lasted_s, socket.close_code, self._refusal)

    async def _take(
        self, frame: str | bytes, socket: ClientConnection, tasks: Supervisor, greeted: Callable[[], Awaitable[None]]
    ) -> bool:
        """Handles one frame; whether it was the last of the talk."""
        self._heard_s = asyncio.get_running_loop().time()
        try:
            envelope = decode_server(frame)
        except UnknownTypeError as newer:  # what a newer service says beside is not for this version
            if self._greeted_s is not None:
                self._state.last_seq = newer.seq or self._state.last_seq
            return False
        if self._greeted_s is not None or isinstance(envelope.message, ServerHello):
            self._state.last_seq = envelope.seq  # a refusal before the greeting counts nothing
        match envelope.message:
            case ServerHello() as hello if self._greeted_s is None:
                self._greeted_s = self._heard_s
                lost = self._state.greeted(hello, self._address)
                await greeted()
                if lost is not None:
                    await self._put(lost)
                tasks.start(self._send(socket), "send")
                tasks.start(self._ping(socket), "ping")
            case ServerHello() as hello:
                self._state.inbox.greet(hello)
            case Pong() as pong:
                self._state.clock.pong(pong)
                self._state.backlog.confirm(self._pinged.pop(pong.client_ms, 0))
            case Failure() as refusal:
                self._refusal = refusal
            case EndOfStream() as ended:
                self._state.ended = ended  # how the connection is closed says whether that was all
                return self._state.source_over.is_set()
            case SpeechSpan() | Lag() | Notice() as event:
                await self._put(event)
            case said:
                for text in self._state.inbox.texts(said):
                    await self._put(text)
        return False

    async def _say(self, socket: ClientConnection, message: ClientMessage) -> None:
        self._seq += 1
        await socket.send(encode_client(message, seq=self._seq, t_ms=round(self._state.clock.local_ms(), 1)))

    async def _await_hello(self, socket: ClientConnection) -> None:
        """Gives up a server that takes the connection and says nothing."""
        await asyncio.sleep(_HELLO_S)
        if self._greeted_s is None:
            socket.transport.abort()

    async def _send(self, socket: ClientConnection) -> None:
        """Sends what waits, at the pace of the socket; then, when the source is over, the end."""
        state = self._state
        with contextlib.suppress(ConnectionClosed):
            while True:
                if (device := state.device.news()) is not None:
                    await self._say(socket, device)
                while (frame := state.backlog.take()) is not None:
                    await socket.send(encode_audio(frame))
                if state.source_over.is_set():
                    await self._say(socket, End())
                    await asyncio.sleep(_LAST_WORDS_S)
                    self._gave_up = True
                    socket.transport.abort()
                    return
                state.news.clear()
                await state.news.wait()

    async def _ping(self, socket: ClientConnection) -> None:
        """Asks for the time; gives a silent connection up."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionClosed):
            while loop.time() - self._heard_s < _DEAD_S:
                now_ms = round(self._state.clock.local_ms(), 1)
                self._pinged[now_ms] = self._state.backlog.sent_end
                # A stuck network takes nothing more; that must not keep this from seeing that it is.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_DEAD_S):
                        await self._say(socket, Ping(client_ms=now_ms))
                await asyncio.sleep(_PING_S)
        socket.transport.abort()
