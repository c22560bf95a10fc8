"""A server on a real socket, with a backend that turns every half second of audio into a word, and a client."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from translate.config import Config, Limits, ServerConfig
from translate.errors import SottovoceError
from translate.events import EndOfStream, Event, Marks, Notice, SpeechSpan, Transcript, Translation, Word
from translate.latency import SessionClock
from translate.protocol import (
    SUBPROTOCOL,
    AudioFrame,
    ClientHello,
    Envelope,
    decode_server,
    encode_audio,
    encode_client,
    schema,
    schema_of,
)
from translate.server import Server

WORD = 8192  # samples, about half a second and a whole number of chunks
WORDS_PER_SEGMENT = 4
SERVER_SCHEMA = Draft202012Validator(schema_of("server"))
CLIENT_SCHEMA = Draft202012Validator(schema_of("client"))


class FakeSession:
    """Every half second of audio is a word ``w1``, ``w2``; four are a segment. A translation is ``w1/de``."""

    def __init__(self, backend: FakeBackend, source: Any, spoken: str, targets: Sequence[str]) -> None:
        self.clock = SessionClock()
        self.spoken = spoken
        self.targets = tuple(targets)
        self.closed = False
        self._backend = backend
        self._source = source

    def set_targets(self, targets: Sequence[str]) -> None:
        self.targets = tuple(targets)

    async def aclose(self) -> None:
        self.closed = True

    async def __aiter__(self) -> AsyncIterator[Event]:
        samples, done = 0, 0
        words: list[str] = []
        rev = itertools.count(1)
        async for chunk in self._source.stream(self.clock):
            await self._backend.going.wait()
            if self._backend.failure is not None:
                raise self._backend.failure
            if isinstance(chunk, Notice):
                yield chunk
                continue
            if samples == 0:
                yield SpeechSpan("started", 0, self.clock.now_ms())
            samples += len(chunk.samples)
            while samples >= (done + 1) * WORD:
                done += 1
                words.append(f"w{done}")
                final = len(words) == WORDS_PER_SEGMENT
                for event in self._texts((done - 1) // WORDS_PER_SEGMENT, next(rev), words, final, chunk.capture_ms):
                    yield event
                if final:
                    words, rev = [], itertools.count(1)
        if words:
            for event in self._texts((done - 1) // WORDS_PER_SEGMENT, next(rev), words, True, 0.0):
                yield event
        yield EndOfStream(samples)

    def _texts(self, segment: int, rev: int, words: list[str], final: bool, capture_ms: float) -> list[Event]:
        now_ms = self.clock.now_ms()
        marks = Marks(capture=capture_ms, received=capture_ms, vad=capture_ms, asr_start=capture_ms, asr_end=now_ms)
        committed, tail = " ".join(words), "" if final else " ..."
        spoken = tuple(Word(word, 0, 500, 0.5) for word in words)
        events: list[Event] = [
            Transcript(segment, rev, self.spoken, committed, tail, final, 0, 500 * len(words), spoken, marks)
        ]
        marks = dataclasses.replace(marks, mt_start=now_ms, mt_end=self.clock.now_ms())
        events += [
            Translation(segment, rev, lang, " ".join(f"{w}/{lang}" for w in words), tail, final, rev, marks)
            for lang in self.targets
        ]
        return events


class FakeBackend:
    """Knows three languages; ``going`` cleared: recognition stands still; ``failure``: recognition raises it."""

    def __init__(self) -> None:
        self.opened: list[FakeSession] = []
        self.going = asyncio.Event()
        self.going.set()
        self.failure: Exception | None = None
        self.refusal: SottovoceError | None = None

    def sources(self) -> Sequence[str]:
        return ("de", "en", "es")

    def targets_for(self, source: str) -> Sequence[str]:
        return [code for code in ("de", "en", "es") if code != source]

    def open_session(
        self, source: Any, *, spoken: str, targets: Sequence[str], allowed: Sequence[str], mode: str
    ) -> FakeSession:
        if self.refusal is not None:
            raise self.refusal
        self.opened.append(FakeSession(self, source, spoken, targets))
        return self.opened[-1]


class Client:
    """One client that holds every message, sent or received, against the schema."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.sent = 0
        self.heard = 0
        self.position = 0
        self.messages: list[Envelope[Any]] = []

    async def say(self, message: Any, *, t_ms: float = 0.0) -> None:
        self.sent += 1
        text = encode_client(message, seq=self.sent, t_ms=t_ms)
        CLIENT_SCHEMA.validate(json.loads(text))
        await self.socket.send(text)

    async def say_hello(self, role: str, **fields: Any) -> None:
        await self.say(ClientHello(versions=("v1",), role=role, **fields))

    async def hello(self, role: str = "listener", **fields: Any) -> Any:
        await self.say_hello(role, **fields)
        message = await self.next()
        assert type(message).__name__ == "ServerHello", message
        return message

    async def speak(self, words: float) -> None:
        """Sends so many words of silence in frames of 100 ms."""
        left = int(words * WORD)
        while left:
            count = min(left, 1600)
            await self.socket.send(encode_audio(AudioFrame(self.position, bytes(2 * count))))
            self.position += count
            left -= count

    async def next(self) -> Any:
        async with asyncio.timeout(10):
            text = await self.socket.recv()
        assert isinstance(text, str)
        return self.note(text)

    def note(self, text: str) -> Any:
        fields = json.loads(text)
        SERVER_SCHEMA.validate(fields)
        assert set(fields) <= set(schema()["$defs"][f"server_{fields['type']}"]["properties"]), "undocumented field"
        envelope = decode_server(text)
        assert envelope.seq == self.heard + 1, "gap"
        self.heard = envelope.seq
        self.messages.append(envelope)
        return envelope.message

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        while not wanted(message := await self.next()):
            pass
        return message

    async def closed(self) -> int | None:
        """Reads to the end; the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.next()
        return self.socket.close_code

    def texts(self, lang: str) -> list[str]:
        """Committed text of each segment in ``lang`` as this client has it, after checking the promises."""
        shown: dict[int, Any] = {}
        for envelope in self.messages:
            message = envelope.message
            parts = message.segments if hasattr(message, "segments") else [message]
            for part in parts:
                if getattr(part, "lang", None) != lang or not hasattr(part, "committed"):
                    continue
                before = shown.get(part.segment)
                if before is not None:
                    assert part.committed.startswith(before.committed), "committed text taken back"
                    assert not before.final or part.committed == before.committed, "text after final"
                shown[part.segment] = part
        return [shown[segment].committed for segment in sorted(shown)]


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>t</title>")
    (folder / "js" / "app.js").write_text("export const x = 1;")
    (folder / "site.webmanifest").write_text("{}")
    (folder / "clip.wav").write_bytes(b"RIFF" + bytes(100_000))
    (folder / ".secret").write_text("hidden")
    (tmp_path / "outside.txt").write_text("outside")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "inner.txt").symlink_to(folder / "index.html")
    return folder


StartServer = Callable[..., Awaitable["Running"]]


@dataclasses.dataclass
class Running:
    """A started server and how to reach it."""

    server: Server
    port: int
    clients: list[Client]

    async def client(self, **options: Any) -> Client:
        socket = await connect(
            f"ws://127.0.0.1:{self.port}/ws", subprotocols=[SUBPROTOCOL], compression=None, proxy=None, **options
        )
        self.clients.append(Client(socket))
        return self.clients[-1]

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Waits for the server's statistics to be as wanted."""
        async with asyncio.timeout(10):
            while not wanted(self.server.stats()):  # noqa: ASYNC110  # the server has nothing to wait for
                await asyncio.sleep(0.01)


@pytest.fixture
async def start(backend: FakeBackend, web: Path) -> AsyncIterator[StartServer]:
    """Starts servers with the given limits; all are stopped after the test."""
    running: list[Running] = []

    async def start_(*, origins: tuple[str, ...] = (), **limits: int) -> Running:
        limits = {"resume_ms": 0, **limits}
        config = Config(server=ServerConfig(port=0, origins=origins), limits=Limits(**limits))
        server = Server(config, backend, web=web)
        address = await server.start()
        running.append(Running(server, address.port, []))
        return running[-1]

    yield start_
    backend.going.set()
    for one in running:
        for client in one.clients:
            client.socket.transport.abort()
        await one.server.stop()
        await asyncio.gather(*(client.socket.wait_closed() for client in one.clients))


@pytest.fixture
async def server(start: StartServer) -> Running:
    return await start()
