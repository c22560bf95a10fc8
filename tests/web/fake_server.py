"""A small server of protocol v1 that answers from a script: pages, `/languages`, `/info`, `/invite` and `/ws`."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

WEB = Path(__file__).parents[2] / "web"
GREETING_S = 15
PAGES = {"": "index", "listen": "listen", "kiosk": "kiosk", "operate": "operate", "talk": "talk", "install": "install"}
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
MIME = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".flac": "audio/flac",
}
LANGUAGES = {
    "sources": [
        {"code": "es", "name": "Spanish", "native": "español"},
        {"code": "en", "name": "English", "native": "English"},
        {"code": "de", "name": "German", "native": "Deutsch"},
        {"code": "fr", "name": "French", "native": "français"},
    ],
    "targets": {"es": ["en", "de"], "en": ["es", "de"], "de": ["en"], "fr": ["en"], "auto": ["en", "de", "es"]},
}


@dataclass
class Heard:
    """What one connection brought."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    frames: list[tuple[int, np.ndarray, float]] = field(default_factory=list)
    """Position, int16 samples, arrival on the server's clock in seconds."""
    greeted: bool = False
    """The hello has been answered: from now on texts may come."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def audio(self) -> np.ndarray:
        """The stream as the protocol reads it: every sample at its position, gaps silent."""
        end = max(position + len(samples) for position, samples, _ in self.frames)
        stream = np.zeros(end, np.int16)
        for position, samples, _ in self.frames:
            stream[position : position + len(samples)] = samples
        return stream


class FakeServer:
    """Pages, `/languages` and a scripted `/ws`, on a thread of its own.

    ``script`` is a list of (type, fields); it is played one step per ``step_frames`` audio frames received.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port: int = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.reset()

    def reset(self) -> None:
        self.script: list[tuple[str, dict[str, Any]]] = []
        self.step_frames = 4
        self.refuse: tuple[int, str] | None = None
        self.drop_after_frames: int | None = None
        self.heard: list[Heard] = []
        self.session: str | None = "session-1"
        self.log = "log-1"
        self.source: str | None = None
        """What is spoken; ``None``: what the speaker says in its hello."""
        self.available = ["en", "de"]
        self.invite: dict[str, str] | None = None
        self.info: dict[str, Any] = {"name": "fake", "version": "0", "has_authority": False, "tokens": False}
        self._step = 0
        self._seq = 0
        self._sockets: list[ServerConnection] = []

    async def _listen(self) -> Server:
        return await serve(self._talk, "127.0.0.1", 0, process_request=self._page, subprotocols=["sottovoce.v1"])

    def _page(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.split("?")[0]
        if path == "/ws":
            return None
        if path == "/languages":
            return self._respond(HTTPStatus.OK, "application/json", json.dumps(LANGUAGES).encode())
        if path == "/invite":
            return self._respond(HTTPStatus.OK, "application/json", b"{}")
        if path == "/info":
            return self._respond(HTTPStatus.OK, "application/json", json.dumps(self.info).encode())
        name = path.lstrip("/")
        file = (WEB / (f"{PAGES[name]}.html" if name in PAGES else name)).resolve()
        if not file.is_relative_to(WEB) or not file.is_file():
            return self._respond(HTTPStatus.NOT_FOUND, "text/plain", b"no such page")
        return self._respond(HTTPStatus.OK, MIME[file.suffix], file.read_bytes())

    @staticmethod
    def _respond(status: HTTPStatus, kind: str, body: bytes) -> Response:
        headers = Headers()
        headers["Content-Type"] = kind
        headers["Content-Length"] = str(len(body))
        headers["Content-Security-Policy"] = POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Connection"] = "close"
        return Response(status.value, status.phrase, headers, body)

    def _now_ms(self) -> float:
        return self._loop.time() * 1000

    async def _send(self, socket: ServerConnection, kind: str, **fields: Any) -> None:
        self._seq += 1
        await socket.send(json.dumps({"type": kind, "seq": self._seq, "t_ms": self._now_ms(), **fields}))

    async def _talk(self, socket: ServerConnection) -> None:
        heard = Heard()
        self.heard.append(heard)
        self._sockets.append(socket)
        try:
            async for data in socket:
                if isinstance(data, bytes):
                    await self._audio(socket, heard, data)
                else:
                    await self._text(socket, heard, json.loads(data))
        except ConnectionClosed:
            return

    async def _audio(self, socket: ServerConnection, heard: Heard, data: bytes) -> None:
        position = int.from_bytes(data[:8], "little")
        heard.frames.append((position, np.frombuffer(data, "<i2", offset=8), self._loop.time()))
        if self.drop_after_frames is not None and len(heard.frames) >= self.drop_after_frames:
            self.drop_after_frames = None
            socket.transport.abort()
            return
        if len(heard.frames) % self.step_frames == 0 and self._step < len(self.script):
            kind, fields = self.script[self._step]
            self._step += 1
            await self._send(socket, kind, **self._timed(kind, fields))

    def _timed(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Text events as a server marks them: half a second from capture to sent."""
        if kind not in ("transcript", "translation"):
            return fields
        now = self._now_ms()
        back = {"capture": 500, "received": 480, "vad": 470, "asr_start": 400, "asr_end": 150}
        if kind == "translation":
            back |= {"mt_start": 140, "mt_end": 40}
        marks = {name: now - ms for name, ms in back.items()} | {"sent": now}
        return {"start_ms": 0, "end_ms": 1000, "source_rev": 1, "marks": marks, **fields}

    async def _text(self, socket: ServerConnection, heard: Heard, message: dict[str, Any]) -> None:
        heard.messages.append(message)
        if message["type"] == "hello":
            await self._hello(socket, heard, message)
        elif message["type"] == "ping":
            await self._send(socket, "pong", client_ms=message["client_ms"], server_ms=self._now_ms())
        elif message["type"] == "end":
            await self._send(socket, "end", position=len(heard.audio()) if heard.frames else 0)
            await socket.close(1000)

    async def _hello(self, socket: ServerConnection, heard: Heard, message: dict[str, Any]) -> None:
        if self.refuse is not None:
            code, text = self.refuse
            await self._send(socket, "error", code="refused", message=text, retryable=False)
            await socket.close(code, text)
            return
        await self._send(socket, "hello", **self._welcome(message))
        heard.greeted = True

    def _welcome(self, message: dict[str, Any]) -> dict[str, Any]:
        fields = {
            "version": "v1",
            "server": "sottovoce 0 (fake)",
            "session": self.session,
            "log": self.log,
            "role": message["role"],
            "room": message["room"],
            "source": self.source or message.get("source", "es"),
            "targets": message["targets"],
            "sources": ["es", "en"],
            "available_targets": self.available,
            "mode": message.get("mode", "fast"),
            "capabilities": ["painted"],
            "resume": f"resume-{self.session}",
            "invite": self.invite,
            "limits": {"text_frame_bytes": 16384, "audio_frame_bytes": 262144},
        }
        return {name: value for name, value in fields.items() if value is not None}

    def greet(self) -> None:
        """Another session begins: everybody who is here is told."""
        for heard, socket in zip(self.heard, self._sockets, strict=True):
            if socket.state is State.OPEN:
                self._run(self._send(socket, "hello", **self._welcome(heard.of("hello")[0])))

    def drop(self) -> None:
        """Cuts every connection without a word."""
        for socket in self._sockets:
            self._loop.call_soon_threadsafe(socket.transport.abort)

    def close(self, code: int, reason: str) -> None:
        """Closes the newest connection."""
        self._run(self._sockets[-1].close(code, reason))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def say(self, kind: str, /, *, to: str | None = None, **fields: Any) -> None:
        """Sends one message now: on the newest connection, or on all that are in the room ``to``.

        A page that has just been opened may still be connecting: whoever is meant is waited for.

        Raises:
            TimeoutError: nobody who is meant is there.
        """
        end = time.monotonic() + GREETING_S
        while not (meant := self._meant(to)):
            if time.monotonic() > end:
                raise TimeoutError(f"{kind}: no page has been greeted within {GREETING_S} s")
            time.sleep(0.02)
        for socket in meant:
            self._run(self._send(socket, kind, **self._timed(kind, fields)))

    def _meant(self, room: str | None) -> list[ServerConnection]:
        """Open connections that were greeted: the newest, or those of a room; nobody while one of them waits for it."""
        pairs = list(zip(self.heard, self._sockets, strict=False))
        if room is None:
            pairs = pairs[-1:]
        else:
            pairs = [pair for pair in pairs if any(hello["room"] == room for hello in pair[0].of("hello"))]
        open_now = [pair for pair in pairs if pair[1].state is State.OPEN]
        return [socket for _, socket in open_now] if all(heard.greeted for heard, _ in open_now) else []

    def stop(self) -> None:
        async def shut() -> None:
            self._server.close()
            await self._server.wait_closed()

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
