"""A service that is away for longer than sound is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import numpy as np
from websockets.asyncio.server import ServerConnection, serve

from translate.events import RATE_HZ, AudioChunk, Notice
from translate.protocol import SUBPROTOCOL
from translate.remote import RemoteSpeaker, parse_room
from translate.remote.speaker import Talk


class Sound:
    """Ten seconds, and as many more as it is told."""

    live = True

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self.over = asyncio.Event()
        self._away = asyncio.Event()

    def away(self) -> None:
        self._away.set()

    async def stream(self, clock: object) -> AsyncIterator[AudioChunk | Notice]:
        for second in range(self._seconds):
            if second == 10:
                await self._away.wait()
            yield AudioChunk(np.zeros(RATE_HZ, np.float32), second * RATE_HZ, 0.0, 0.0)
        self.over.set()

    async def aclose(self) -> None:
        self._away.set()


async def test_what_could_not_be_kept_is_told() -> None:
    sound = Sound(10 + 90)
    visits = 0

    async def answer(socket: ServerConnection) -> None:
        nonlocal visits
        visits += 1
        await socket.recv()
        if visits == 2:
            sound.away()
            await sound.over.wait()  # a minute and a half is said meanwhile
        hello = {
            "type": "hello", "seq": 1, "t_ms": 0.0, "version": "v1", "server": "x", "session": "s", "log": "l",
            "role": "speaker", "room": "main", "source": "en", "targets": [], "sources": ["en"],
            "available_targets": [], "mode": "fast", "capabilities": [], "resume": "r", "position": 0,
            "limits": {"text_frame_bytes": 16384, "audio_frame_bytes": 262144},
        }  # fmt: skip
        await socket.send(json.dumps(hello))
        if visits == 1:
            await socket.close(1001)
            return
        async for message in socket:
            if isinstance(message, str) and json.loads(message)["type"] == "end":
                await socket.send(json.dumps({"type": "end", "seq": 2, "t_ms": 1.0, "position": 0}))
                return

    async with asyncio.timeout(20), serve(answer, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        speaker = RemoteSpeaker(sound, parse_room(f"http://127.0.0.1:{port}/"), Talk("en"), tls=None)
        notices = [event async for event in speaker if isinstance(event, Notice)]
    assert [notice.code for notice in notices] == ["connection_lost", "connection_back", "sound_lost"]
    # A minute is kept, and some of the first ten seconds may have gone out before the drop.
    assert 30 <= int(notices[-1].message.partition(" s of sound are lost")[0]) <= 40
