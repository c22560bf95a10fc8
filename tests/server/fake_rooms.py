"""Rooms without sockets and engines, on virtual time: real connections and protocol, fake transport and sessions.

A speaker's audio says who speaks and which word it is: of speaker 7 the first ``WORD`` samples are 700, the next 701
and so on, and recognition makes ``7.0``, ``7.1`` of them. So a word that is lost (``0.0``: silence), doubled, or of
another speaker shows in the text. Words are numbered modulo ``NUMBERS``.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from websockets.exceptions import ConnectionClosedError
from websockets.protocol import State

from tests.invariants import nothing_left_running
from tests.virtual_time import settled
from translate.config import AudioConfig, Config, Limits
from translate.errors import SottovoceError
from translate.events import EndOfStream, Event, Lag, Marks, Notice, SpeechSpan, Transcript, Translation, Word
from translate.latency import SessionClock
from translate.protocol import (
    AudioFrame,
    ClientHello,
    End,
    Envelope,
    ServerHello,
    Snapshot,
    decode_server,
    encode_audio,
    encode_client,
)
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.connection import Connection
from translate.server.rooms.rooms import Rooms

__all__ = ["NUMBERS", "WORD", "Client", "FakeBackend", "FakeSession", "FakeSocket", "House"]

WORD = 4096
NUMBERS = 100
WORDS_PER_SEGMENT = 3
LANGUAGES = ("de", "en", "es")


class FakeSocket:
    """What a connection uses of a WebSocket; the other side is :class:`Client`."""

    def __init__(self) -> None:
        self.to_server: deque[str | bytes] = deque()
        self.to_client: deque[bytes] = deque()
        """Text frames' payloads that were written and not read yet."""
        self.stalled = asyncio.Event()
        """Cleared: the client's side takes nothing."""
        self.stalled.set()
        self.close_code: int | None = None
        self.close_reason = ""
        self.answers_pings = True
        self.remote_address = ("192.0.2.1", 4)
        self.protocol = SimpleNamespace(state=State.OPEN)
        self.transport = SimpleNamespace(
            get_write_buffer_size=lambda: 0 if self.stalled.is_set() else 1, write=self._write, abort=self.drop
        )
        self._news = asyncio.Event()

    def say(self, frame: str | bytes) -> None:
        """The client sends a frame."""
        self.to_server.append(frame)
        self._news.set()

    def drop(self) -> None:
        """The connection breaks; what is on its way to the server is lost."""
        self.shut(1006, "")
        self.to_server.clear()

    def shut(self, code: int, reason: str) -> None:
        """The connection is closed; the server still reads what came before."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
        self.protocol.state = State.CLOSED
        self.stalled.set()
        self._news.set()

    async def recv(self) -> str | bytes:
        while not self.to_server:
            if self.close_code is not None:
                raise ConnectionClosedError(None, None)
            self._news.clear()
            await self._news.wait()
        return self.to_server.popleft()

    def __aiter__(self) -> FakeSocket:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.recv()
        except ConnectionClosedError:
            if self.close_code == 1006:
                raise
            raise StopAsyncIteration from None

    async def send(self, frame: bytes, text: bool) -> None:
        await self.stalled.wait()
        if self.close_code is not None:
            raise ConnectionClosedError(None, None)
        self.to_client.append(frame)

    async def close(self, code: int, reason: str) -> None:
        await self.stalled.wait()
        self.shut(code, reason)

    async def ping(self) -> asyncio.Future[None]:
        if self.close_code is not None:
            raise ConnectionClosedError(None, None)
        answer = asyncio.get_running_loop().create_future()
        if self.answers_pings:
            answer.set_result(None)
        return answer

    def _write(self, frame: bytes) -> None:
        assert frame[0] == 0x81, "one whole text frame"
        self.to_client.append(frame[{126: 4, 127: 10}.get(frame[1], 2) :])


class FakeSession:
    """Words of its source; see :class:`FakeBackend` for how it misbehaves."""

    def __init__(self, backend: FakeBackend, source: Any, spoken: str, targets: Sequence[str]) -> None:
        self.clock = SessionClock(asyncio.get_running_loop().time)
        self.spoken = spoken
        self.targets = tuple(targets)
        self.heard: list[str] = []
        """All words."""
        self.closed = False
        self.told_end = False
        self.told: deque[Event] = deque()
        """Told with the next word, in place of what recognition would say of itself."""
        self._backend = backend
        self._source = source

    def set_targets(self, targets: Sequence[str]) -> None:
        self.targets = tuple(targets)

    def set_spoken(self, code: str) -> None:
        self.spoken = code

    async def aclose(self) -> None:
        self.closed = True
        if self._backend.hangs_at_close:
            await asyncio.Event().wait()

    async def __aiter__(self) -> AsyncIterator[Event]:
        words: list[str] = []
        segment, rev, pending, value, end = 0, 1, 0, 0, 0
        lang = self.spoken
        async for chunk in self._source.stream(self.clock):
            if isinstance(chunk, Notice):
                yield chunk
                continue
            if end == 0:
                yield SpeechSpan("started", 0, self.clock.now_ms())
            end += len(chunk.samples)
            value = max(value, round(float(chunk.samples.max(initial=0)) * 32768))
            pending += len(chunk.samples)
            if pending < WORD:
                continue
            word, pending = f"{value // NUMBERS}.{value % NUMBERS}", pending - WORD
            value = 0
            await self._backend.behave()
            if self._backend.ends_silently:
                return
            while self.told:
                yield self.told.popleft()
            self.heard.append(word)
            if not words:
                lang = self.spoken  # of the whole segment
            words.append(word)
            final = len(words) == WORDS_PER_SEGMENT
            for event in self._texts(segment, rev, words, final, lang):
                yield event
            rev += 1
            if final:
                segment, rev, words = segment + 1, 1, []
        await self._backend.behave()
        if words:
            for event in self._texts(segment, rev, words, True, lang):
                yield event
        self.told_end = True
        yield EndOfStream(end)

    def _texts(self, segment: int, rev: int, words: list[str], final: bool, lang: str) -> list[Event]:
        now_ms = self.clock.now_ms()
        marks = Marks(capture=now_ms, received=now_ms, vad=now_ms, asr_start=now_ms, asr_end=now_ms)
        committed, tail = " ".join(words), "" if final else " ..."
        spoken = tuple(Word(word, 0, 256, 0.5) for word in words)
        events: list[Event] = [
            Transcript(segment, rev, lang, committed, tail, final, 0, 256 * len(words), spoken, marks)
        ]
        marks = Marks(capture=now_ms, asr_end=now_ms, mt_start=now_ms, mt_end=now_ms)
        for target in self.targets:
            text = " ".join(f"{word}/{target}" for word in words)
            events.append(Translation(segment, rev, target, text, tail, final, rev, marks))
        return events


class FakeBackend:
    """Three languages, and engines that fail, hang, die or answer late when they are told to."""

    def __init__(self) -> None:
        self.opened: list[FakeSession] = []
        self.going = asyncio.Event()
        """Cleared: the engines give no answer."""
        self.going.set()
        self.failure: BaseException | None = None
        """Raised by the next word of every session."""
        self.ends_silently = False
        """Sessions end without ``EndOfStream``."""
        self.hangs_at_close = False
        self.delay_s = 0.0
        """How late every answer is."""
        self.refusal: Exception | None = None
        """Raised by ``open_session``."""
        self.broken_translation: Exception | None = None
        """Raised by ``translate_final``."""

    async def behave(self) -> None:
        """Waits, fails or dies."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        await self.going.wait()
        if self.failure is not None:
            raise self.failure

    def capacity(self) -> int:
        return 4

    def restarts(self) -> Mapping[str, int]:
        return {}

    def sources(self) -> Sequence[str]:
        return LANGUAGES

    def targets_for(self, source: str) -> Sequence[str]:
        return [code for code in LANGUAGES if code != source]

    def open_session(
        self, source: Any, *, spoken: str, targets: Sequence[str], allowed: Sequence[str], mode: str
    ) -> FakeSession:
        if self.refusal is not None:
            raise self.refusal
        self.opened.append(FakeSession(self, source, spoken, targets))
        return self.opened[-1]

    async def translate_final(self, transcript: Transcript, target: str) -> str:
        await self.behave()
        if self.broken_translation is not None:
            raise self.broken_translation
        return " ".join(f"{word}/{target}" for word in transcript.committed.split())


class Client:
    """A page or a box: comes back with its token and the number of the last message that it has read.

    Args:
        house: where it connects.
        number: what its audio consists of.
        hello: fields of its hello.
    """

    def __init__(self, house: House, number: int, **hello: Any) -> None:
        self.number = number
        self.hello_fields: dict[str, Any] = hello
        self.events: list[Envelope[Any]] = []
        """All messages of all its connections."""
        self.connections: list[list[Any]] = []
        """The messages of each."""
        self.position = 0
        """Samples that it has sent of its talk."""
        self.session: str | None = None
        self.codes: list[int] = []
        """What its connections were closed with."""
        self._house = house
        self._seq = 0
        self._last_seq = 0
        """Of the connection that there is."""
        self._resume_seq = 0
        """Of the last connection that was greeted: a refusal counts nothing."""
        self._is_greeted = False
        self._token: str | None = None
        self.socket: FakeSocket | None = None
        self.has_ended = False
        """It has said ``end`` on this connection."""

    @property
    def may_resume(self) -> bool:
        return self._token is not None

    @property
    def is_open(self) -> bool:
        return self.socket is not None and self.socket.close_code is None

    def connect(self, **fields: Any) -> None:
        """Connects, anew or again, and says hello."""
        assert not self.is_open
        self.hello_fields |= fields
        self.socket = self._house.open()
        self.connections.append([])
        self.has_ended = False
        self._seq = 0
        again = {"resume": self._token, "last_seq": self._resume_seq} if self._token is not None else {}
        self._last_seq, self._is_greeted = 0, False
        self.say(ClientHello(versions=("v1",), **self.hello_fields, **again))

    def say(self, message: Any) -> None:
        assert self.socket is not None
        self._seq += 1
        self.socket.say(encode_client(message, seq=self._seq, t_ms=0.0))

    def speak(self, words: float) -> None:
        """Sends audio, in one frame for each word."""
        assert self.socket is not None
        left = int(words * WORD)
        while left > 0:
            count = min(left, WORD - self.position % WORD)
            pcm = (self.number * NUMBERS + self.position // WORD % NUMBERS).to_bytes(2, "little") * count
            self.socket.say(encode_audio(AudioFrame(self.position, pcm)))
            self.position += count
            left -= count

    def end(self) -> None:
        self.has_ended = True
        self.say(End())

    def read(self, most: int | None = None) -> None:
        """Takes ``most`` messages of those that have come; ``None``: all."""
        assert self.socket is not None
        waiting = self.socket.to_client
        for _ in range(len(waiting) if most is None else min(most, len(waiting))):
            envelope = decode_server(waiting.popleft().decode())
            assert envelope.seq == self._last_seq + 1, "gap in the numbers of a connection"
            self._last_seq = envelope.seq
            self.events.append(envelope)
            self.connections[-1].append(envelope.message)
            if isinstance(envelope.message, ServerHello):
                self._greeted(envelope.message)
            if self._is_greeted:
                self._resume_seq = envelope.seq
        if self.socket.close_code is not None and not waiting:
            self.codes.append(self.socket.close_code)
            self.socket = None

    def _greeted(self, hello: ServerHello) -> None:
        self._token, self._is_greeted = hello.resume, True
        if hello.position is not None and hello.session is not None:
            if hello.session != self.session or hello.position < self.position:
                self.position = hello.position
            self.session = hello.session

    def drop(self, read: int | None = 0) -> None:
        """The connection breaks after it has read so many more messages; the rest is lost."""
        assert self.socket is not None
        self.read(read)
        if self.socket is not None:
            self.socket.to_client.clear()
            self.socket.drop()
            self.read()

    def vanish(self) -> None:
        """The network is gone on this side; the server does not know yet."""
        assert self.socket is not None
        self.socket.answers_pings = False
        self.socket = None

    def leave(self) -> None:
        """Closes as somebody does who goes."""
        assert self.socket is not None
        self.socket.shut(1001, "")

    @property
    def messages(self) -> list[Any]:
        return [envelope.message for envelope in self.events]

    def texts(self, lang: str) -> list[str]:
        """Committed text of every segment in ``lang``, as this client shows it."""
        shown: dict[int, str] = {}
        for message in self.messages:
            for part in message.segments if isinstance(message, Snapshot) else (message,):
                if getattr(part, "lang", None) == lang and hasattr(part, "committed"):
                    shown[part.segment] = part.committed
        return [shown[segment] for segment in sorted(shown)]


class House:
    """Rooms, and clients that connect to them.

    Args:
        gate: who may come in; ``None``: everybody.
        limits: as in the settings.
    """

    def __init__(self, *, gate: Any = None, **limits: int) -> None:
        random.seed(0)
        self.config = Config(limits=Limits(**limits), audio=AudioConfig(chunk_ms=32))
        self.backend = FakeBackend()
        self.metrics = Metrics(asyncio.get_running_loop().time)
        self.rooms = Rooms(self.config, self.backend, self.metrics)
        self.clients: list[Client] = []
        self.connections: dict[FakeSocket, Connection] = {}
        self._gate = gate
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    def client(self, role: str = "listener", **hello: Any) -> Client:
        """A client that is not connected yet."""
        self.clients.append(Client(self, next(self._numbers), role=role, **hello))
        return self.clients[-1]

    def speaker(self, **hello: Any) -> Client:
        """One who speaks English unless it says otherwise."""
        return self.client("speaker", **{"source": "en", **hello})

    def open(self) -> FakeSocket:
        """A connection that the server serves."""
        socket: Any = FakeSocket()
        connection = self.connections[socket] = Connection(socket, self.rooms, self.config, self.metrics, self._gate)
        task = asyncio.create_task(connection.run(), name="connection")
        self._tasks.add(task)
        task.add_done_callback(lambda _: (self._tasks.discard(task), self.connections.pop(socket)))
        return socket

    async def settle(self, read: bool = True) -> None:
        """Until nothing can happen before time passes; clients read what they were sent."""
        await settled()
        for client in self.clients:
            if read and client.socket is not None:
                client.read()

    async def pass_time(self, seconds: float) -> None:
        """So much time goes by."""
        await asyncio.sleep(seconds)
        await self.settle()

    async def close(self) -> None:
        """Stops as a server does, and holds that nothing is left."""
        self.backend.going.set()
        await self.rooms.finish(2.0)
        for client in self.clients:
            if client.is_open:
                client.drop()
        await asyncio.sleep(60)
        await self.rooms.aclose()
        await settled()
        assert not self._tasks, "connections that do not end"
        nothing_left_running()


def known_failure(message: str = "an engine failed") -> SottovoceError:
    """A typed error, as a session raises it."""
    return SottovoceError(message)


def lag(behind_ms: int) -> Lag:
    """What recognition says when it is behind."""
    return Lag("recognition", behind_ms)
