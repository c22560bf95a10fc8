"""The service as a person starts it, with its real models, in a process of its own; and clients to speak to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import jiwer
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from whisper_normalizer.basic import BasicTextNormalizer

from translate.protocol import SUBPROTOCOL, schema_of

RATE_HZ = 16_000
FRAME = RATE_HZ // 10
READY = re.compile(r"ready at (http://\S+:(\d+)/) \(recognition: \S+\)")
START_S = 120
TEXTS = ("transcript", "translation")
MARKS = ("capture", "received", "vad", "asr_start", "asr_end", "mt_start", "mt_end", "sent")
normalized = BasicTextNormalizer()


def read_pcm(path: Path) -> bytes:
    """A clip (16 kHz mono) as s16le."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype("<i2").tobytes()


def word_error_rate(reference: str, heard: str) -> float:
    """Without case and punctuation; the words have to be there in order."""
    return float(jiwer.wer(normalized(reference), normalized(heard)))


@dataclass
class Talker:
    """A client that holds every message, sent or received, against the schema, and texts against their promises."""

    socket: ClientConnection
    hello: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    painted: int = 0
    _sent: int = 0
    _offset_ms: float | None = None

    async def say(self, kind: str, **fields: Any) -> None:
        self._sent += 1
        message = {"type": kind, "seq": self._sent, "t_ms": self._now_ms(), **fields}
        CLIENT.validate(message)
        await self.socket.send(json.dumps(message))

    async def enter(self, role: str, **fields: Any) -> None:
        """Says hello, waits for the answer, and begins to match the clocks."""
        await self.say("hello", versions=["v1"], role=role, capabilities=["painted"], **fields)
        self.hello = self._note(await asyncio.wait_for(self.socket.recv(), 30))
        assert self.hello["type"] == "hello", self.hello
        await self.say("ping", client_ms=self._now_ms())

    async def speak(self, pcm: bytes, start: int = 0) -> None:
        """Sends ``pcm`` from sample ``start`` as a microphone would: a tenth of a second of it at a time."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        for position in range(start, len(pcm) // 2, FRAME):
            samples = pcm[2 * position : 2 * (position + FRAME)]
            await asyncio.sleep(start_s + (position - start + len(samples) // 2) / RATE_HZ - loop.time())
            await self.socket.send(position.to_bytes(8, "little") + samples)

    async def talk(self, pcm: bytes, start: int = 0) -> None:
        """Speaks, ends, and reads until the server has closed."""
        async with asyncio.timeout(150):
            reading = asyncio.create_task(self.read())
            await self.speak(pcm, start)
            await self.say("end")
            await reading

    async def read(self, until: Callable[[dict[str, Any]], bool] = lambda _: False) -> None:
        """Takes what comes until ``until`` says so or the connection is closed."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                message = self._note(text)
                if message["type"] == "pong":
                    self._offset_ms = message["server_ms"] - (message["client_ms"] + self._now_ms()) / 2
                elif message["type"] in TEXTS and self._offset_ms is not None and message["marks"]:
                    # No screen here: what was read counts as painted.
                    self.painted += 1
                    shown_ms = self._now_ms() + self._offset_ms
                    with contextlib.suppress(ConnectionClosed):  # what came before the closing is still to be read
                        await self.say("painted", event_seq=message["seq"], painted_ms=shown_ms)
                if until(message):
                    return

    def of(self, kind: str, lang: str | None = None) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["type"] == kind and lang in (None, m.get("lang"))]

    def text(self, kind: str, lang: str | None = None) -> str:
        """What the finals say."""
        return " ".join(message["committed"].strip() for message in self.of(kind, lang) if message["final"])

    def languages(self) -> set[tuple[str, str]]:
        return {(message["type"], message["lang"]) for message in self.messages if message["type"] in TEXTS}

    def check(self) -> None:
        """The promises of docs/PROTOCOL.md about texts."""
        last: dict[tuple[str, str, int], dict[str, Any]] = {}
        for message in self.messages:
            if message["type"] not in TEXTS:
                continue
            key = (message["type"], message["lang"], message["segment"])
            before = last.get(key)
            if before is not None:
                assert not before["final"], "nothing follows a final"
                assert message["rev"] > before["rev"]
                assert message["committed"].startswith(before["committed"]), "committed text was taken back"
            assert not (message["final"] and message["tail"])
            marks = [message["marks"][name] for name in MARKS if name in message["marks"]]
            assert marks == sorted(marks), message["marks"]
            afterwards = message["type"] == "translation" and message["final"] and set(message["marks"]) == {"sent"}
            assert afterwards or {"capture", "asr_end", "sent"} <= set(message["marks"])
            last[key] = message
        assert last, "nothing was said"
        assert all(message["final"] for message in last.values()), "every segment is closed"

    def _note(self, text: str | bytes) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(text)
        SERVER.validate(message)
        self.messages.append(message)
        assert message["seq"] == len(self.messages), "gap"
        return message

    @staticmethod
    def _now_ms() -> float:
        return asyncio.get_running_loop().time() * 1000


SERVER = Draft202012Validator(schema_of("server"))
CLIENT = Draft202012Validator(schema_of("client"))


class Service:
    """``sottovoce serve`` on a free port."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "stderr"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "translate", "serve", "--port", "0", "--verbose"],
                env=os.environ | {"SOTTOVOCE_LIMITS_SESSIONS": "12"},  # many at once, however little the machine holds
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        said = READY.search(line)
        assert said is not None, (line, self.log)
        self.url, self.port = said[1], int(said[2])
        self._clients: list[ClientConnection] = []

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def client(self, **options: Any) -> Talker:
        url = f"ws://127.0.0.1:{self.port}/ws"
        socket = await connect(url, subprotocols=[SUBPROTOCOL], compression=None, proxy=None, **options)
        self._clients.append(socket)
        return Talker(socket)

    async def get(self, path: str) -> Any:
        """JSON of ``path``."""
        return await asyncio.to_thread(self._get, path)

    def _get(self, path: str) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}{path}", timeout=30) as answer:
            return json.load(answer)

    async def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 60) -> None:
        """Waits for ``/stats`` to be as wanted."""
        async with asyncio.timeout(seconds):
            while not wanted(await self.get("stats")):  # noqa: ASYNC110  # the other process has nothing to wait for
                await asyncio.sleep(0.2)

    def drop_clients(self) -> None:
        for socket in self._clients:
            socket.transport.abort()
        self._clients.clear()

    def stop(self) -> int:
        """Its exit status after Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(60)
        finally:
            self._process.kill()
            assert self._process.stdout is not None
            self._process.stdout.close()
        return status


@pytest.fixture(scope="module")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service"))
    yield service
    assert service.stop() == 0
    assert "Traceback" not in service.log


@pytest.fixture
async def service(running_service: Service) -> Any:
    """The service, with no session of an earlier test."""
    await running_service.until(lambda stats: stats["sessions"] == stats["connections"] == 0)
    yield running_service
    running_service.drop_clients()


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """One that the test may stop."""
    service = Service(tmp_path)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def pcm() -> Callable[[Path], bytes]:
    return read_pcm


@pytest.fixture(scope="session")
def wer() -> Callable[[str, str], float]:
    """``wer(reference, heard)`` without case and punctuation."""
    return word_error_rate


@pytest.fixture(scope="session")
def words() -> Callable[[str], set[str]]:
    return lambda text: set(normalized(text).split())


@pytest.fixture(scope="module")
def microphone_file(clips: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A German clip at 48 kHz after half a second of silence, as Chromium's fake microphone wants it."""
    import soxr

    sound = np.frombuffer(bytes(RATE_HZ) + read_pcm(clips["fleurs_de_004"].path), "<i2")
    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(soxr.resample(sound, RATE_HZ, 48_000).astype("<i2").tobytes())
    return path


@pytest.fixture
def open_page(browser: Any, running_service: Service) -> Iterator[Callable[..., Any]]:
    """Opens the page; the test fails on any console error, policy violation or request to another host."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def request(url: str) -> None:
        if not url.startswith((running_service.url, running_service.url.replace("http", "ws", 1))):
            complaints.append(f"request to another host: {url}")

    def opener(**options: Any) -> Any:
        context = browser.new_context(**{"permissions": ["microphone"], "locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: request(asked.url))
        page.on("websocket", lambda socket: request(socket.url))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective));"
        )
        page.goto(running_service.url)
        page.wait_for_selector("#targets input", state="attached")
        return page

    yield opener
    for context in contexts:
        context.close()
    assert complaints == []
