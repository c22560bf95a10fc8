"""A service that fails once at every step of a connection: a talk that had begun comes back, unless it is refused."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request, Response

from translate.errors import NotAllowedError, SottovoceError
from translate.events import RATE_HZ, AudioChunk, EndOfStream, Event, Notice
from translate.protocol import SUBPROTOCOL
from translate.remote import RemoteSpeaker, TrustError, connection, parse_room, refusal, speaker
from translate.remote.refusal import asked_to_wait, why_ended, why_unanswered
from translate.remote.speaker import Talk

HELLO = {
    "type": "hello", "seq": 1, "t_ms": 0.0, "version": "v1", "server": "x", "session": "s", "log": "l",
    "role": "speaker", "room": "main", "source": "en", "targets": [], "sources": ["en"],
    "available_targets": [], "mode": "fast", "capabilities": [], "resume": "r", "position": 0,
    "limits": {"text_frame_bytes": 16384, "audio_frame_bytes": 262144},
}  # fmt: skip


class Words:
    """A second of sound, and another when the service has failed and been found again; then the end."""

    live = True

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def stream(self, clock: object) -> AsyncIterator[AudioChunk]:
        yield AudioChunk(np.zeros(RATE_HZ, np.float32), 0, 0.0, 0.0)
        await self.go_on.wait()
        yield AudioChunk(np.zeros(RATE_HZ, np.float32), RATE_HZ, 0.0, 0.0)

    async def aclose(self) -> None:
        self.go_on.set()


class Failing:
    """Serves the first and third connection as it should, and fails the second (or the first) at one step."""

    def __init__(self, step: str, failing: int = 2) -> None:
        self.step, _, detail = step.partition(" ")
        self.detail = int(detail or 0)
        self.failing = failing
        self.visits = 0
        self.words = Words()
        self.samples = 0
        self.heard = asyncio.Event()

    def request(self, socket: ServerConnection, request: Request) -> Response | None:
        self.visits += 1
        if self.visits != self.failing:
            return None
        match self.step:
            case "abort-request":
                socket.transport.abort()
            case "close-request":
                socket.transport.close()
            case "garbage":
                socket.transport.write(b"220 mail.example ESMTP\r\n\r\n")
                socket.transport.close()
            case "status":
                wait = Headers({"Retry-After": "0", "Connection": "close", "Content-Length": "0"})
                return Response(self.detail, HTTPStatus(self.detail).phrase, wait, b"")
        return None

    async def answer(self, socket: ServerConnection) -> None:
        fails = self.visits == self.failing
        if fails and self.step == "handshake":  # before hello is read, as a full service does
            await self._fail(socket)
            return
        await socket.recv()
        if fails and self.step == "hello":
            await self._fail(socket)
            return
        if fails and self.step == "silent":
            await socket.wait_closed()
            return
        await socket.send(json.dumps(HELLO | {"position": self.samples}))
        if fails and self.step == "greeted":
            await self._fail(socket)
            return
        async for message in socket:
            if fails and self.step == "talk":  # whatever comes: sound, or the first ping
                await self._fail(socket)
                return
            if isinstance(message, bytes):
                self.samples = max(self.samples, RATE_HZ)
                self.heard.set()
                if self.visits < self.failing:
                    socket.transport.abort()
                    return
                self.words.go_on.set()
            elif json.loads(message)["type"] == "end":
                await socket.send(json.dumps({"type": "end", "seq": 2, "t_ms": 1.0, "position": 2 * RATE_HZ}))
                return
            elif self.visits > self.failing:
                self.words.go_on.set()

    async def _fail(self, socket: ServerConnection) -> None:
        if not self.detail:
            socket.transport.abort()
            return
        if self.detail in (1013, 4401):
            error = {"code": "busy", "message": "all places are taken", "retryable": True, "retry_after_s": 0.0}
            await socket.send(json.dumps({"type": "error", "seq": 1, "t_ms": 0.0} | error))
        await socket.close(self.detail)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "_FIRST_PAUSE_S", 0.002)
    monkeypatch.setattr(connection, "_HELLO_S", 0.05)


async def talk(failing: Failing) -> list[Event]:
    async with (
        asyncio.timeout(10),
        serve(
            failing.answer, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], process_request=failing.request, logger=None
        ) as server,
    ):
        port = next(iter(server.sockets)).getsockname()[1]
        speaking = RemoteSpeaker(failing.words, parse_room(f"http://127.0.0.1:{port}/"), Talk("en"), tls=None)
        return [event async for event in speaking]


CODES = (1000, 1001, 1011, 1012, 1013, 1014, 3000, 4408, 4409, 4999)


@pytest.mark.parametrize(
    "step",
    [
        "abort-request", "close-request", "garbage", "status 200", "status 404", "status 429", "status 500",
        "status 502", "status 503", "silent", "handshake", "hello", "greeted", "talk",
        *(f"{step} {code}" for step in ("handshake", "hello", "greeted", "talk") for code in CODES),
    ],
)  # fmt: skip
async def test_a_talk_that_had_begun_comes_back(step: str) -> None:
    failing = Failing(step)
    events = await talk(failing)
    assert [event.code for event in events if isinstance(event, Notice)][:2] == ["connection_lost", "connection_back"]
    assert events[-1] == EndOfStream(2 * RATE_HZ)
    assert failing.visits == 3


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("status 401", "HTTP status 401"), ("status 403", "HTTP status 403"), ("handshake 4401", "places are taken"),
        ("hello 4400", "4400"), ("hello 4401", "places are taken"), ("greeted 4404", "4404"), ("talk 4401", "taken"),
        ("hello 1002", "1002"), ("greeted 1008", "1008"), ("talk 1009", "1009"),
    ],
)  # fmt: skip
async def test_a_refusal_ends_it(step: str, said: str) -> None:
    failing = Failing(step)
    with pytest.raises(SottovoceError, match=said) as error:
        await talk(failing)
    assert isinstance(error.value, NotAllowedError) == ("4401" in step)
    assert failing.visits == 2


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("close-request", "closes the connection without an answer"), ("garbage", "no Sottovoce service"),
        ("status 503", "HTTP status 503"), ("handshake 1013", "all places are taken"),
    ],
)  # fmt: skip
async def test_at_the_start_it_is_said_in_one_line(step: str, said: str) -> None:
    with pytest.raises(SottovoceError, match=said) as error:
        await talk(Failing(step, failing=1))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("step", ["silent", "hello", "greeted", "handshake 1011", "handshake 1001"])
async def test_what_breaks_at_the_start_is_tried_again(step: str) -> None:
    failing = Failing(step, failing=1)
    assert (await talk(failing))[-1] == EndOfStream(2 * RATE_HZ)
    assert failing.visits == 2


async def test_a_host_that_cannot_be_is_one_line() -> None:
    speaking = RemoteSpeaker(Words(), parse_room(f"http://{'a' * 64}.example/"), Talk("en"), tls=None)
    with pytest.raises(SottovoceError, match="no name of a host"):
        [event async for event in speaking]


async def test_a_service_that_drops_every_connection_is_not_called_without_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def pause(failures: int, *_: object) -> float:
        asked.append(failures)
        return 0.0

    monkeypatch.setattr(speaker, "pause_s", pause)
    failing = Failing("greeted", failing=6)
    answer = failing.answer

    async def drop(socket: ServerConnection) -> None:
        if failing.visits < 6:
            await socket.recv()
            await socket.send(json.dumps(HELLO))
            socket.transport.abort()
        else:
            await answer(socket)

    failing.answer = drop  # type: ignore[method-assign]
    events = await talk(failing)
    assert asked == [0, 1, 2, 3, 4, 5]
    assert len([event for event in events if isinstance(event, Notice)]) == 12, "each drop and each return, once"


async def test_who_has_finished_does_not_wait_as_long_as_a_full_service_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "_LAST_TRIES_S", 0.05)
    monkeypatch.setattr(speaker, "pause_s", lambda *_: 3600.0)
    failing = Failing("none")
    talking = asyncio.ensure_future(talk(failing))
    async with asyncio.timeout(5):
        await failing.heard.wait()
        await failing.words.aclose()
        assert (await talking)[-1] == EndOfStream(2 * RATE_HZ)
    assert failing.visits == 2


def status(code: int, **headers: str) -> InvalidStatus:
    return InvalidStatus(Response(code, "x", Headers({name.replace("_", "-"): it for name, it in headers.items()})))


def test_retry_after_of_a_proxy_is_kept_to() -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    date = (now + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    for text, wait_s in (("20", 20.0), (date, 90.0), ("0", 0.0), ("Tue, 01 Dec 2020 00:00:00 GMT", 0.0)):
        asked = asked_to_wait(status(503, Retry_After=text), now)
        assert asked is not None
        assert asked.retry_after_s == wait_s
    for text in ("soon", "-5", "nan", ""):
        assert asked_to_wait(status(503, Retry_After=text), now) is None
    assert asked_to_wait(status(503)) is None
    assert asked_to_wait(OSError()) is None
    assert refusal.pause_s(0, asked_to_wait(status(503, Retry_After="9" * 400)), 1.0) <= 3961.0


def test_a_certificate_that_is_not_trusted_ends_a_talk_and_a_broken_tls_handshake_does_not() -> None:
    address = parse_room("https://h:1/")
    wrong = ssl.SSLCertVerificationError(1, "[SSL] certificate verify failed")
    wrong.verify_message = "self-signed certificate"
    assert isinstance(why_ended(address, wrong), TrustError)
    assert "self-signed" in str(why_unanswered(address, wrong))
    for passing in (ssl.SSLEOFError(8, "EOF"), ConnectionResetError(), TimeoutError(), OSError(113, "no route")):
        assert why_ended(address, passing) is None
