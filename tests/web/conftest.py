"""A small server of protocol v1 that answers from a script, and one Chromium for all browser tests of a module."""

from __future__ import annotations

import asyncio
import json
import threading
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
AUDIO = ROOT / "tests" / "data" / "audio"
RATE_HZ = 16_000
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
MIME = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".flac": "audio/flac",
    ".md": "text/markdown; charset=utf-8",
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
        self.session = "session-1"
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
        file = (WEB / (path.lstrip("/") or "index.html")).resolve()
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
            await self._hello(socket, message)
        elif message["type"] == "ping":
            await self._send(socket, "pong", client_ms=message["client_ms"], server_ms=self._now_ms())
        elif message["type"] == "end":
            await self._send(socket, "end", position=len(heard.audio()) if heard.frames else 0)
            await socket.close(1000)

    async def _hello(self, socket: ServerConnection, message: dict[str, Any]) -> None:
        if self.refuse is not None:
            code, text = self.refuse
            await self._send(socket, "error", code="refused", message=text, retryable=False)
            await socket.close(code, text)
            return
        await self._send(
            socket,
            "hello",
            version="v1",
            server="sottovoce 0 (fake)",
            session=self.session,
            role="speaker",
            room="main",
            source=message["source"],
            targets=message["targets"],
            sources=["es", "en"],
            available_targets=["en", "de"],
            mode=message["mode"],
            capabilities=[],
            resume=f"resume-{self.session}",
            limits={"text_frame_bytes": 16384, "audio_frame_bytes": 262144},
        )

    def say(self, kind: str, **fields: Any) -> None:
        """Sends one message on the newest connection, now."""
        sending = self._send(self._sockets[-1], kind, **self._timed(kind, fields))
        asyncio.run_coroutine_threadsafe(sending, self._loop).result(5)

    def stop(self) -> None:
        async def shut() -> None:
            self._server.close()
            await self._server.wait_closed()

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def read_clip(name: str) -> np.ndarray:
    """A clip of tests/data/audio as float samples in [-1, 1], 16 kHz mono."""
    with av.open(str(AUDIO / name)) as container:
        pieces = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(pieces).astype(np.float64) / 32768


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    """Spanish speech, about ten seconds."""
    return read_clip("fleurs_es_005.flac")


@pytest.fixture(scope="module")
def microphone_file(clip: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip at 48 kHz after half a second of silence, as Chromium's fake microphone wants it."""
    import soxr

    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    sound = soxr.resample(np.concatenate([np.zeros(RATE_HZ // 2), clip]), RATE_HZ, 48_000)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def running_server() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture
def server(running_server: FakeServer) -> FakeServer:
    running_server.reset()
    return running_server


@pytest.fixture
def open_page(browser: Any, server: FakeServer) -> Iterator[Callable[..., Any]]:
    """Opens the page in a context of its own; the test fails on any console error or policy violation."""
    contexts: list[Any] = []
    complaints: list[str] = []
    tolerated: list[str] = []

    def opener(*, tolerate: str = "", init: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"permissions": ["microphone"], "locale": "en-GB", **options})
        contexts.append(context)
        if tolerate:
            tolerated.append(tolerate)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _check_host(request.url, server, complaints))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective));" + init
        )
        page.goto(server.url)
        page.wait_for_selector("#targets input", state="attached")
        return page

    yield opener
    for context in contexts:
        context.close()
    assert [line for line in complaints if not any(part in line for part in tolerated)] == []


def _check_host(url: str, server: FakeServer, complaints: list[str]) -> None:
    if f"//127.0.0.1:{server.port}/" not in url:
        complaints.append(f"request to another host: {url}")
