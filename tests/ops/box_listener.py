"""Reads a room's captions in a box, whatever happens to the connection, and prints each final text on a line."""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


async def read(token: str) -> None:
    """For ever."""
    hello = {"type": "hello", "seq": 1, "t_ms": 0, "versions": ["v1"], "role": "listener", "room": "main"}
    hello |= {"targets": ["en"], "mode": "fast", "token": token}
    while True:
        try:
            async with connect("ws://127.0.0.1:8765/ws", subprotocols=["sottovoce.v1"], proxy=None) as socket:
                await socket.send(json.dumps(hello))
                async for frame in socket:
                    said = json.loads(frame)
                    hello["last_seq"] = said["seq"]
                    if said["type"] == "hello":
                        hello["resume"] = said["resume"]
                    elif said["type"] in ("transcript", "translation") and said["final"]:
                        print(said["type"], said["lang"], said["committed"], "final", flush=True)
        except (OSError, WebSocketException) as error:
            print("away", type(error).__name__, flush=True)
        await asyncio.sleep(1)


asyncio.run(read(sys.argv[1]))
