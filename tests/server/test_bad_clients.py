"""Clients that break the rules: each gets a typed error and its close code, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from translate.events import Transcript, Translation
from translate.protocol import End, Painted, Ping

HELLO = {"type": "hello", "seq": 1, "t_ms": 0, "versions": ["v1"], "role": "listener"}
SPEAKER = {**HELLO, "role": "speaker", "source": "en"}


def after_hello(**message: object) -> list[object]:
    return [SPEAKER, {"seq": 2, "t_ms": 1, **message}]


CASES = {
    "not JSON": (["{"], "bad_message", 4400),
    "no object": (["[]"], "bad_message", 4400),
    "NaN": (['{"type":"ping","seq":1,"t_ms":NaN}'], "bad_message", 4400),
    "deep": (["[" * 8000], "bad_message", 4400),
    "deep in a field": ([{**HELLO, "x": json.loads("[" * 20 + "]" * 20)}], "bad_message", 4400),
    "huge number": (['{"type":"ping","seq":1' + "0" * 5000 + ',"t_ms":0}'], "bad_message", 4400),
    "ping before hello": ([{"type": "ping", "seq": 1, "t_ms": 0, "client_ms": 1}], "bad_message", 4400),
    "audio before hello": ([bytes(8 + 320)], "bad_message", 4400),
    "no common version": ([{**HELLO, "versions": ["v9"]}], "bad_message", 4400),
    "unknown role": ([{**HELLO, "role": "king"}], "bad_message", 4400),
    "bad room": ([{**HELLO, "room": "../etc"}], "bad_message", 4400),
    "wrong type": ([{**HELLO, "targets": "de"}], "bad_message", 4400),
    "unknown source": ([{**SPEAKER, "source": "tlh"}], "bad_language", 4400),
    "source that is not recognised": ([{**SPEAKER, "source": "fr"}], "bad_language", 4400),
    "unknown target": ([{**SPEAKER, "targets": ["tlh"]}], "bad_language", 4400),
    "target without a model": ([{**HELLO, "targets": ["fr"]}], "bad_language", 4400),
    "hello twice": ([SPEAKER, {**SPEAKER, "seq": 2}], "bad_message", 4400),
    "gap in seq": ([SPEAKER, {"type": "ping", "seq": 3, "t_ms": 0, "client_ms": 1}], "bad_message", 4400),
    "unknown type": (after_hello(type="dance"), "bad_message", 4400),
    "painted the future": (after_hello(type="painted", event_seq=99, painted_ms=1), "bad_message", 4400),
    "odd bytes": ([SPEAKER, bytes(8 + 321)], "bad_audio", 4400),
    "short binary": ([SPEAKER, bytes(7)], "bad_message", 4400),
    "jump of an hour": ([SPEAKER, struct.pack("<Q", 3600 * 16000) + bytes(320)], "bad_audio", 4400),
    "position out of range": ([SPEAKER, struct.pack("<Q", 2**64 - 1) + bytes(320)], "bad_audio", 4400),
    "audio from a listener": ([HELLO, bytes(8 + 320)], "bad_message", 4400),
    "end from a listener": ([HELLO, {"type": "end", "seq": 2, "t_ms": 0}], "bad_message", 4400),
    "audio after end": (
        [SPEAKER, bytes(8 + 3200), {"type": "end", "seq": 2, "t_ms": 0}, bytes(8 + 320)],
        "bad_message",
        4400,
    ),
    "text frame too large": ([SPEAKER, {"type": "ping", "seq": 2, "pad": "x" * 20_000}], "too_large", 1009),
}


@pytest.mark.parametrize("name", CASES)
async def test_bad_message_gets_a_typed_error_and_the_close_code(server, backend, name) -> None:
    frames, code, close_code = CASES[name]
    steady = await server.client()
    await steady.hello("speaker", source="es", room="steady")
    if name == "audio after end":
        backend.going.clear()  # else the session may be over before the frame comes
    bad = await server.client()
    for frame in frames:
        await bad.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))
    failure = await bad.until(lambda m: type(m).__name__ == "Failure")
    assert failure.code == code
    assert "\n" not in failure.message
    assert len(failure.message) < 300
    backend.going.set()
    assert await bad.closed() == close_code
    await steady.speak(4)
    await steady.until(lambda m: isinstance(m, Transcript) and m.final)


async def test_frame_above_every_limit_closes_with_1009(server) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    await speaker.socket.send(bytes(300_000))
    assert await speaker.closed() == 1009


async def test_text_that_is_not_utf8_closes_with_1007(server) -> None:
    client = await server.client()
    await client.socket.send(b"\xff\xfe", text=True)
    assert await client.closed() == 1007


async def test_no_hello_in_time(start) -> None:
    server = await start(hello_ms=100)
    silent = await server.client()
    assert (await silent.next()).code == "hello_timeout"
    assert await silent.closed() == 4408


async def test_what_was_said_before_a_mistake_is_kept(server) -> None:
    speaker, listener = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await listener.hello()
    await speaker.speak(2)
    await speaker.socket.send(b"odd")
    assert await speaker.closed() == 4400
    await listener.until(lambda m: isinstance(m, Transcript) and m.final)
    assert listener.texts("en") == ["w1 w2"]


@pytest.mark.parametrize("offered", [None, ["chat"]])
async def test_without_the_subprotocol_there_is_no_connection(server, offered) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{server.port}/ws", subprotocols=offered, proxy=None)
    assert refused.value.response.status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "https://localhost:1"])
async def test_pages_of_other_origins_may_not_connect(server, origin) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await server.client(origin=origin)
    assert refused.value.response.status_code == 403


async def test_own_and_configured_origins_may_connect(start) -> None:
    server = await start(origins=("https://captions.example",))
    for origin in (f"http://127.0.0.1:{server.port}", "https://captions.example"):
        client = await server.client(origin=origin)
        await client.hello()


@contextlib.asynccontextmanager
async def never_reading(port: int) -> AsyncIterator[None]:
    """A listener on a raw socket that says hello and then reads nothing; its kernel buffer is small."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", port))
    request = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: sottovoce.v1\r\n\r\n"
    )
    await loop.sock_sendall(raw, request.encode())
    payload = json.dumps({**HELLO, "targets": ["de", "es"]}).encode()
    frame = b"\x81" + bytes([0x80 | 126]) + struct.pack(">H", len(payload)) + bytes(4) + payload
    await loop.sock_sendall(raw, frame)
    with contextlib.closing(raw):
        yield


async def test_client_that_never_reads_is_dropped_and_holds_nobody_up(start) -> None:
    server = await start(send_ms=1000, events=64)
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en", targets=("de",))
    await reader.hello(targets=("de",))

    def last(message: object) -> bool:
        return isinstance(message, Translation) and message.final and message.segment == 199

    async with never_reading(server.port):
        await server.until(lambda stats: stats["listeners"] == 2)
        # 800 words: more than the kernel keeps for the one that does not read
        await asyncio.gather(speaker.speak(800), reader.until(last), speaker.until(last))
        assert len(reader.texts("de")) == 200
        await server.until(lambda stats: stats["listeners"] == 1)
    assert server.server.stats()["errors"] == {"too_slow": 1}


async def test_client_that_answers_no_ping_is_dropped(start) -> None:
    server = await start(send_ms=150)
    async with never_reading(server.port):
        await server.until(lambda stats: stats["listeners"] == 1)
        await server.until(lambda stats: stats["connections"] == 0)


async def test_flood_of_small_messages_is_answered_in_order(server) -> None:
    client, other = await server.client(), await server.client()
    await other.hello("speaker", source="en")
    await client.hello()

    async def flood() -> None:
        for number in range(500):
            await client.say(Ping(client_ms=number))

    flooding = asyncio.create_task(flood())
    answers = [(await client.next()).client_ms for _ in range(500)]
    await flooding
    assert answers == list(range(500))
    await other.say(End())
    assert await other.closed() == 1000


async def test_reports_about_messages_never_sent_do_not_count(server) -> None:
    client = await server.client()
    await client.hello()
    await client.say(Painted(event_seq=2, painted_ms=0))
    assert await client.closed() == 4400
    assert "glass_to_glass" not in server.server.stats()["latency_ms"]
