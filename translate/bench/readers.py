"""A process full of listeners that read as cheaply as Python can, for ``sottovoce bench fanout``.

``python -m translate.bench.readers PORT COUNT LANG,LANG``: connects, prints ``ready``, reads until every talk has
ended, prints one JSON object. A WebSocket library would cost this process more than the server that it measures.
"""

from __future__ import annotations

import asyncio
import gc
import json
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final

from translate.server.http.open_files import allow_open_files

__all__ = ["main"]

_AT_ONCE: Final = 64
"""Connections that are being made at the same time."""
_UPGRADE: Final = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: sottovoce.v1\r\n\r\n"
)
_TEXT: Final = 1
_PING: Final = 9


@dataclass(slots=True)
class Tally:
    """What all listeners received, in milliseconds."""

    written: list[float] = field(default_factory=list)
    received: list[float] = field(default_factory=list)
    """On this machine's monotonic clock, less the session-clock time of publication."""
    bytes: int = 0
    newest: list[tuple[int, int]] = field(default_factory=list)
    """Last segment and revision of each listener's transcripts, and of its translations."""


class Listener(asyncio.Protocol):
    """One connection: says hello, takes note of texts, is over at ``end``."""

    def __init__(self, port: int, lang: str, tally: Tally, greeted: asyncio.Future[None]) -> None:
        self._upgrade = _UPGRADE.format(port=port).encode()
        self._lang = lang
        self._tally = tally
        self._greeted = greeted
        self._buffer = bytearray()
        self._upgraded = False
        self._newest = {"transcript": (-1, -1), "translation": (-1, -1)}
        self._transport: Any = None
        self.over: asyncio.Future[None] = greeted.get_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        hello = {"type": "hello", "seq": 1, "t_ms": 0, "versions": ["v1"], "role": "listener", "targets": [self._lang]}
        self._transport.write(self._upgrade + _masked(_TEXT, json.dumps(hello).encode()))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._greeted.done():
            self._greeted.set_exception(exc or ConnectionError("the server closed a connection before its hello"))
        self._end()

    def data_received(self, data: bytes) -> None:
        now_ms = time.monotonic() * 1000
        self._buffer += data
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._transport.abort()
                return
            self._upgraded, self._buffer = True, rest
        while (frame := self._frame()) is not None:
            self._take(*frame, now_ms)

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        start, length = 2, buffer[1]
        if length >= 126:
            start, form = (4, ">H") if length == 126 else (10, ">Q")
            if len(buffer) < start:
                return None
            (length,) = struct.unpack_from(form, buffer, 2)
        if len(buffer) < start + length:
            return None
        opcode, payload = buffer[0] & 15, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return opcode, payload

    def _take(self, opcode: int, payload: bytes, now_ms: float) -> None:
        if opcode == _PING:
            self._transport.write(_masked(10, payload))
        if opcode != _TEXT:
            return
        message = json.loads(payload)
        kind = message["type"]
        if kind in self._newest:
            sent_ms = message["marks"]["sent"]
            self._tally.written.append(message["t_ms"] - sent_ms)
            self._tally.received.append(now_ms - sent_ms)
            self._tally.bytes += len(payload)
            self._newest[kind] = (message["segment"], message["rev"])
        elif kind == "hello" and not self._greeted.done():
            self._greeted.set_result(None)
        elif kind == "end":
            self._end()

    def _end(self) -> None:
        if not self.over.done():
            self._tally.newest += self._newest.values()
            self.over.set_result(None)


def _masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame; the mask is zero, which changes nothing."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
    return bytes([0x80 | opcode]) + size + bytes(4) + payload


async def read(port: int, count: int, languages: list[str]) -> dict[str, Any]:
    """Fills the room, reads until the end, and counts."""
    loop, tally, doors = asyncio.get_running_loop(), Tally(), asyncio.Semaphore(_AT_ONCE)
    listeners: list[Listener] = []

    async def come(number: int) -> None:
        async with doors:
            greeted: asyncio.Future[None] = loop.create_future()
            listener = Listener(port, languages[number % len(languages)], tally, greeted)
            await loop.create_connection(lambda: listener, "127.0.0.1", port)
            await greeted
            listeners.append(listener)

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(come(number))
    gc.freeze()
    print("ready", flush=True)
    for listener in listeners:
        await listener.over
    return {
        "messages": len(tally.written),
        "written": tally.written,
        "received": tally.received,
        "bytes": tally.bytes,
        "behind": sum(newest != max(tally.newest) for newest in tally.newest),
    }


def main() -> None:
    """Entry of the process."""
    port, count, languages = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")
    allow_open_files(count)
    print(json.dumps(asyncio.run(read(port, count, languages))))


if __name__ == "__main__":
    main()
