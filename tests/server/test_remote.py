"""``sottovoce live --room``: a speaker on another machine, against real servers that fail it in every way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest

from translate.bench.material import load_material, read
from translate.bench.soak import Pace
from translate.bench.soak_talk import Speaker as SoakSpeaker
from translate.config import Config, Limits, ServerConfig
from translate.errors import ConfigError, NotAllowedError, SottovoceError
from translate.events import AudioChunk, EndOfStream, Notice, SpeechSpan, Transcript, Translation
from translate.protocol import Control, End, parcel
from translate.remote import RemoteSpeaker, TrustError, parse_room, speaker, trusted_context
from translate.remote.speaker import Talk
from translate.server import Server

WORD = 8192
TALK = Talk("en", ("de",))


class Voice:
    """A source that says a word whenever it is told to, and ends when it is closed."""

    live = True

    def __init__(self) -> None:
        self._words: asyncio.Queue[int] = asyncio.Queue()

    def say(self, words: int) -> None:
        for _ in range(words):
            self._words.put_nowait(WORD)

    async def stream(self, clock) -> AsyncIterator[AudioChunk | Notice]:
        position = 0
        while count := await self._words.get():
            yield AudioChunk(np.full(count, 0.25, np.float32), position, 0.0, 0.0)
            position += count

    async def aclose(self) -> None:
        self._words.put_nowait(0)


class Listening:
    """A remote speaker whose events are taken note of."""

    def __init__(self, url: str, talk: Talk = TALK, tls=None) -> None:
        self.voice = Voice()
        self.speaker = RemoteSpeaker(self.voice, parse_room(url), talk, tls=tls)
        self.events: list[object] = []
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async for event in self.speaker:
            self.events.append(event)
            self._news.set()

    async def until(self, wanted) -> None:
        async with asyncio.timeout(20):
            while not any(wanted(event) for event in self.events):
                if self.task.done():
                    await self.task
                self._news.clear()
                await self._news.wait()

    async def finish(self) -> None:
        await self.voice.aclose()
        async with asyncio.timeout(20):
            await self.task

    def finals(self, kind: type = Transcript) -> list[str]:
        return [e.committed for e in self.events if isinstance(e, kind) and e.final]


def has(words: str):
    return lambda event: isinstance(event, Transcript) and event.committed == words


def is_notice(code: str):
    return lambda event: isinstance(event, Notice) and event.code == code


def cut(server: Server) -> None:
    """Breaks all connections off, as a network does."""
    for connection in tuple(server._connections):
        connection._socket.transport.abort()


async def test_a_talk_from_another_machine(server) -> None:
    remote = Listening(f"http://127.0.0.1:{server.port}/?room=hall")
    listener = await server.client()
    await listener.hello(room="hall", targets=("de",))
    remote.voice.say(6)
    await remote.until(has("w5 w6"))
    await remote.finish()
    assert remote.finals() == ["w1 w2 w3 w4", "w5 w6"]
    assert remote.finals(Translation) == ["w1/de w2/de w3/de w4/de", "w5/de w6/de"]
    assert remote.events[-1] == EndOfStream(6 * WORD)
    await listener.until(lambda m: isinstance(m, EndOfStream))
    assert listener.texts("en") == remote.finals()


async def test_what_only_a_newer_service_says_is_passed_over(server, monkeypatch) -> None:
    real = parcel.encode_body
    monkeypatch.setattr(parcel, "encode_body", lambda said: real(said).replace(b'"type":"speech"', b'"type":"news"'))
    talk = Listening(f"http://127.0.0.1:{server.port}/")
    talk.voice.say(4)
    await talk.until(has("w1 w2 w3 w4"))
    await talk.finish()
    assert not any(isinstance(event, SpeechSpan) for event in talk.events)
    assert server.server.stats()["connections_total"] == 1, "and the connection went on"


async def test_what_is_said_while_the_network_is_down_is_caught_up(start, backend) -> None:
    server = await start(resume_ms=10_000)
    remote = Listening(f"http://127.0.0.1:{server.port}/")
    remote.voice.say(2)
    await remote.until(has("w1 w2"))
    cut(server.server)
    remote.voice.say(3)
    await remote.until(is_notice("connection_lost"))
    await remote.until(is_notice("connection_back"))
    remote.voice.say(3)
    await remote.until(has("w5 w6 w7 w8"))
    await remote.finish()
    assert len(backend.opened) == 1
    assert remote.finals() == ["w1 w2 w3 w4", "w5 w6 w7 w8"]
    assert remote.events[-1] == EndOfStream(8 * WORD), "every sample, once"


async def test_a_service_that_was_started_anew_is_found_again(backend, web) -> None:
    def another(port: int) -> Server:
        return Server(Config(server=ServerConfig(port=port), limits=Limits()), backend, web=web)

    first = another(0)
    port = (await first.start()).port
    remote = Listening(f"http://127.0.0.1:{port}/")
    remote.voice.say(4)
    await remote.until(has("w1 w2 w3 w4"))
    await first.stop()
    second = another(port)
    remote.voice.say(4)
    await second.start()
    try:
        await remote.until(is_notice("connection_back"))
        await remote.until(lambda e: isinstance(e, Transcript) and e.segment == 1 and e.final)
        await remote.finish()
    finally:
        await second.stop()
    assert len(backend.opened) == 2
    assert remote.finals()[1].startswith("w1 w2 w3 w4"), "what was said meanwhile is the beginning of another talk"


async def test_who_has_finished_does_not_look_for_a_service_for_ever(
    backend, web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C, or the stop of a kiosk's microphone, while the service is away."""
    monkeypatch.setattr(speaker, "_LAST_TRIES_S", 0.5)
    server = Server(Config(server=ServerConfig(port=0), limits=Limits()), backend, web=web)
    remote = Listening(f"http://127.0.0.1:{(await server.start()).port}/")
    remote.voice.say(4)
    await remote.until(has("w1 w2 w3 w4"))
    await server.stop()
    with pytest.raises(SottovoceError, match="did not come back: what was said last is not in its captions"):
        async with asyncio.timeout(20):
            await remote.finish()


async def test_operator_stops_a_remote_speaker(server) -> None:
    remote = Listening(f"http://127.0.0.1:{server.port}/")
    operator = await server.client()
    await operator.hello("operator")
    remote.voice.say(2)
    await remote.until(has("w1 w2"))
    await operator.say(Control(action="stop", room="main"))
    async with asyncio.timeout(10):
        await remote.task
    assert remote.finals() == ["w1 w2"]


async def failure_of(url: str, talk: Talk = TALK) -> SottovoceError:
    remote = Listening(url, talk)
    with pytest.raises(SottovoceError) as error:
        await remote.task
    assert "\n" not in str(error.value)
    return error.value


async def test_errors_say_what_is_wrong(server) -> None:
    port = server.port
    speaker = await server.client()
    await speaker.hello("speaker", source="en", room="taken")
    assert "somebody speaks" in str(await failure_of(f"http://127.0.0.1:{port}/?room=taken"))
    assert "room" in str(await failure_of(f"http://127.0.0.1:{port}/?room=../etc"))
    assert "tlh" in str(await failure_of(f"http://127.0.0.1:{port}/", Talk("tlh")))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = unused.getsockname()[1]
        assert "nobody listens" in str(await failure_of(f"http://127.0.0.1:{nobody}/"))
    assert "no such host" in str(await failure_of("http://nobody.invalid:1/"))


async def test_who_comes_too_many_is_told_when_to_come_back(start) -> None:
    server = await start(sessions=1)
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    error = await failure_of(f"http://127.0.0.1:{server.port}/?room=other")
    assert error.retry_after_s == 30
    assert "try again in 30 s" in str(error)


async def test_a_speaker_of_a_soak_comes_back_then(start, backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translate.server.rooms.rooms._RETRY_S", 0.2)
    server = await start(sessions=1)
    first = await server.client()
    await first.hello("speaker", source="en", room="first")
    recording = read(load_material(None)[0])
    soaking = SoakSpeaker(server.port, "second", [recording], Pace(), targets=(), session_s=None, seed=0)
    talking = asyncio.create_task(soaking.run())
    await server.until(lambda stats: stats["sheds"] == {"busy": 1})
    await first.say(End())
    await server.until(lambda stats: len(backend.opened) == 2)
    await soaking.finish()
    await talking
    assert soaking.refused >= 1


async def test_a_wrong_token_is_the_end(start) -> None:
    class Closed:
        async def refresh(self):
            pass

        def admit(self, token, *, role, room, peer):
            raise NotAllowedError("this token has expired; ask for another link")

        def is_revoked(self, grant):
            return False

        def invite(self, role, room, *, valid_s=None):
            return None

        def revoke(self, token_id, *, room=None):
            return False

    server = await start(gate=Closed())
    error = await failure_of(f"http://127.0.0.1:{server.port}/#t=old")
    assert isinstance(error, NotAllowedError)
    assert "has expired" in str(error)


@pytest.fixture
async def secure(backend, web, tmp_path, monkeypatch):
    """A service with HTTPS and its own authority; starts others with another authority on the same port."""
    running: list[Server] = []

    async def start_(port: int = 0) -> tuple[Server, int]:
        monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path / f"service{len(running)}"))
        config = ServerConfig(port=0, lan=True, secure_port=port, announce=False)
        running.append(Server(Config(server=config), backend, web=web))
        await running[-1].start()
        monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path / "speaker"))
        found = (await running[-1].network.start_links()).speak.url
        return running[-1], found

    yield start_
    for server in running:
        await server.stop()


def local(url: str) -> str:
    """The same link on this machine's own address."""
    address = parse_room(url)
    return url.replace(address.authority, f"localhost:{address.port}")


async def test_first_use_is_asked_about_and_then_remembered(secure, tmp_path) -> None:
    server, url = await secure()
    url = local(url)
    address = parse_room(url)
    asked: list[str] = []

    def trust(accept: bool, authority=None):
        return asyncio.to_thread(
            trusted_context, address, authority=authority, accept=lambda shown: asked.append(shown) or accept
        )

    with pytest.raises(TrustError, match="--authority"):
        await trust(False)
    assert asked == [server.network.authority.fingerprint]
    context = await trust(True)
    assert await trust(False) is not None, "not asked again"
    assert len(asked) == 2
    file = tmp_path / "authority.crt"
    file.write_bytes(server.network.authority.der)
    assert await trust(False, file) is not None
    remote = Listening(url, TALK, context)
    remote.voice.say(4)
    await remote.until(has("w1 w2 w3 w4"))
    await remote.finish()
    await server.stop()
    _, again = await secure(address.port)
    assert parse_room(again).port == address.port
    with pytest.raises(TrustError, match="trusted before"):
        await trust(True)
    with pytest.raises(TrustError, match="authority in"):
        await trust(True, file)
    assert len(asked) == 2, "a changed authority is never accepted by a yes"
    file.write_text("no certificate")
    with pytest.raises(ConfigError):
        await trust(True, file)
