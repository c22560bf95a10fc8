"""A server on a real socket, with a backend that turns every half second of audio into a word, and a client."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
from translate.server.access.gate import Gate
from translate.server.access.tokens import Tokens
from translate.server.tls.machine_names import look
from translate.state import lan_folder

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
        self.loud: list[bool] = []
        """Of each word: whether any of its samples was not zero."""
        self.closed = False
        self._backend = backend
        self._source = source

    def set_targets(self, targets: Sequence[str]) -> None:
        self.targets = tuple(targets)

    def set_spoken(self, code: str) -> None:
        self.spoken = code

    async def aclose(self) -> None:
        self.closed = True

    async def __aiter__(self) -> AsyncIterator[Event]:
        samples, done, is_loud = 0, 0, False
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
            is_loud = is_loud or bool(chunk.samples.any())
            while samples >= (done + 1) * WORD:
                done += 1
                self.loud.append(is_loud)
                is_loud = False
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
        self.translated_later: list[tuple[int, str]] = []

    def capacity(self) -> int:
        return 4

    def restarts(self) -> dict[str, int]:
        return {"engines": 0}

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

    async def translate_final(self, transcript: Transcript, target: str) -> str:
        await self.going.wait()
        self.translated_later.append((transcript.segment, target))
        return " ".join(f"{word}/{target}" for word in transcript.committed.split())


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
        """Sends so many words of a constant tone of zero hertz in frames of 100 ms."""
        left = int(words * WORD)
        while left:
            count = min(left, 1600)
            await self.socket.send(encode_audio(AudioFrame(self.position, b"\1\0" * count)))
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

    async def start_(*, origins: tuple[str, ...] = (), gate: Gate | None = None, **limits: int) -> Running:
        limits = {"resume_ms": 0, **limits}
        config = Config(server=ServerConfig(port=0, origins=origins), limits=Limits(**limits))
        server = Server(config, backend, web=web, gate=gate)
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


class LanRunning(Running):
    """A started server that other devices can reach, and a client's TLS context that trusts its authority alone."""

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.server.network.authority.der)

    @property
    def secure_port(self) -> int:
        return urlsplit(self.server.network.info()["secure_url"]).port

    def token(self, role: str, room: str | None = None, valid_s: float | None = 60) -> str:
        """One made beside the server, as by ``sottovoce token create``."""
        tokens = Tokens(lan_folder())
        return tokens.secret(tokens.create(role, room, valid_s))

    async def client_at(self, host: str, *, secure: bool, **options: Any) -> Client:
        """A client that comes to ``host`` over HTTPS, or over plain HTTP."""
        place = f"wss://{host}:{self.secure_port}/ws" if secure else f"ws://{host}:{self.port}/ws"
        options |= {"ssl": self.trust} if secure else {}
        socket = await connect(place, subprotocols=[SUBPROTOCOL], compression=None, proxy=None, **options)
        self.clients.append(Client(socket))
        return self.clients[-1]


@pytest.fixture
async def start_lan(
    backend: FakeBackend, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Awaitable[LanRunning]]]:
    """Starts servers that other devices can reach; all have the state of one folder and are stopped after the test."""
    monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path / "state"))
    running: list[LanRunning] = []

    async def start_(limits: Limits | None = None, **settings: Any) -> LanRunning:
        settings = {"port": 0, "secure_port": 0, "lan": True, "announce": False, **settings}
        config = Config(server=ServerConfig(**settings), limits=limits or Limits(resume_ms=0))
        server = Server(config, backend, web=web)
        address = await server.start()
        running.append(LanRunning(server, address.port, []))
        return running[-1]

    yield start_
    for one in running:
        for client in one.clients:
            client.socket.transport.abort()
        await one.server.stop()
        await asyncio.gather(*(client.socket.wait_closed() for client in one.clients))


@pytest.fixture(scope="session")
def lan_address() -> str:
    """An address of this machine by which a connection comes as from another machine."""
    addresses = look().addresses
    if not addresses:
        pytest.skip("this machine has no network address but loopback")
    return str(addresses[0])


@pytest.fixture(scope="session")
def backend_class() -> type[FakeBackend]:
    return FakeBackend
