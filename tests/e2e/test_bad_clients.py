"""Clients that break the rules on the real service, while somebody speaks whose words must not suffer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.models, pytest.mark.slow]

RATE_HZ = 16_000


def frame(position: int, pcm: bytes) -> bytes:
    return position.to_bytes(8, "little") + pcm


async def refused(service: Any, *frames: str | bytes, room: str = "bad", greet: bool = True) -> tuple[str, int | None]:
    """Sends ``frames`` after hello; the code of the error that comes and that of the closing."""
    client = await service.client()
    if greet:
        await client.enter("speaker", room=room, source="en")
    with contextlib.suppress(ConnectionError):
        for each in frames:
            await client.socket.send(each)
    async with asyncio.timeout(60):
        await client.read()
    errors = client.of("error")
    return (errors[-1]["code"] if errors else "", client.socket.close_code)


async def break_the_rules(service: Any) -> dict[str, tuple[str, int | None]]:
    hello = {"type": "hello", "seq": 1, "t_ms": 0, "versions": ["v1"], "role": "speaker", "source": "klingon"}
    return {
        "odd byte count": await refused(service, frame(0, bytes(3201)), room="odd"),
        "oversized frame": await refused(service, frame(0, bytes(400_000)), room="oversized"),
        "malformed JSON": await refused(service, '{"type":', room="malformed"),
        "unknown type": await refused(service, json.dumps({"type": "sing", "seq": 3, "t_ms": 0}), room="unknown"),
        "unknown language": await refused(service, json.dumps(hello), greet=False),
        "a jump of a day": await refused(service, frame(86_400 * RATE_HZ, bytes(3200)), room="jump"),
    }


async def wrong_rate(service: Any, pcm: bytes) -> Any:
    """Sends the clip as if it were at 48 kHz (three samples for one), which nobody asked it to."""
    client = await service.client()
    await client.say("hello", versions=["v1"], role="speaker", room="rate", source="es", rate_hz=48_000)
    await client.talk(np.repeat(np.frombuffer(pcm, "<i2")[: 2 * RATE_HZ], 3).tobytes())
    return client


async def noise(service: Any) -> Any:
    """Sends two seconds of random bytes, as somebody would who sends MP3 for PCM."""
    client = await service.client()
    await client.enter("speaker", room="noise", source="en")
    await client.talk(np.random.default_rng(1).integers(-32768, 32767, 2 * RATE_HZ, "<i2").tobytes())
    return client


async def vanish(service: Any, pcm: bytes) -> None:
    """Breaks the TCP connection off in the middle of a word."""
    client = await service.client()
    await client.enter("speaker", room="gone", source="es", targets=["en"])
    await client.speak(pcm[: 5 * RATE_HZ & ~1])
    client.socket.transport.abort()


@contextlib.asynccontextmanager
async def never_reading(port: int) -> AsyncIterator[None]:
    """A listener of the good speaker, on a raw socket, that says hello and then reads nothing."""
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
    hello = {"type": "hello", "seq": 1, "t_ms": 0, "versions": ["v1"], "role": "listener", "targets": ["en"]}
    payload = json.dumps(hello).encode()
    await loop.sock_sendall(raw, b"\x81" + bytes([0x80 | len(payload)]) + bytes(4) + payload)
    with contextlib.closing(raw):
        yield


@pytest.mark.long
async def test_bad_clients_leave_a_good_session_untouched(service, clips, pcm, wer) -> None:
    clip = clips["fleurs_es_005"]
    sound = pcm(clip.path)
    good = await service.client()
    await good.enter("speaker", source="es")
    async with never_reading(service.port):
        await service.until(lambda stats: stats["listeners"] == 1)
        results = await asyncio.gather(
            good.talk(sound), break_the_rules(service), vanish(service, sound), return_exceptions=True
        )
    assert [type(result) for result in results] == [type(None), dict, type(None)], results
    assert results[1] == {
        "odd byte count": ("bad_audio", 4400),
        "oversized frame": ("", 1009),
        "malformed JSON": ("bad_message", 4400),
        "unknown type": ("bad_message", 4400),
        "unknown language": ("bad_language", 4400),
        "a jump of a day": ("bad_audio", 4400),
    }
    assert good.socket.close_code == 1000
    assert good.messages[-1]["type"] == "end"
    assert good.messages[-1]["position"] == len(sound) // 2, "every sample was taken"
    good.check()
    assert good.languages() == {("transcript", "es")}
    assert wer(clip.transcript, good.text("transcript")) < 0.4
    # Who vanished is waited for, then finished without; nothing stays behind.
    await service.until(lambda stats: stats["sessions"] == stats["connections"] == stats["rooms"] == 0)
    assert "Traceback" not in service.log


async def test_wrong_sound_is_taken_for_what_it_says_and_disturbs_nobody(service, clips, pcm, wer) -> None:
    """PCM has no header: sound at a wrong rate is slow speech. What counts is that its session ends in order."""
    clip = clips["fleurs_de_004"]
    sound = pcm(clip.path)
    good = await service.client()
    await good.enter("speaker", source="de")
    slow, noisy, _ = await asyncio.gather(
        wrong_rate(service, pcm(clips["fleurs_es_003"].path)), noise(service), good.talk(sound)
    )
    assert good.messages[-1]["position"] == len(sound) // 2
    good.check()
    assert wer(clip.transcript, good.text("transcript")) < 0.4
    for client in (slow, noisy):
        assert client.socket.close_code == 1000
        assert client.messages[-1]["type"] == "end"
    assert noisy.text("transcript") == ""


async def test_a_vanished_speaker_leaves_what_it_said_to_the_listeners(service, clips, pcm) -> None:
    listener = await service.client()
    await listener.enter("listener", room="gone")
    listening = asyncio.create_task(listener.read(until=lambda message: message["type"] == "end"))
    await vanish(service, pcm(clips["fleurs_es_005"].path)[: 14 * RATE_HZ])
    async with asyncio.timeout(60):
        await listening
    listener.check()
    assert "hoy" in listener.text("transcript").casefold()
