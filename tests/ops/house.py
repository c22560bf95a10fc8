"""The service in a process of its own for somebody who does it harm, and people who speak and read meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import av
import jiwer
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from whisper_normalizer.basic import BasicTextNormalizer

import translate
from translate.protocol import SUBPROTOCOL
from translate.usage import descendants

__all__ = ["RATE_HZ", "House", "Person", "errors_in", "said_by", "sound_of", "wait_for"]

ROOT = Path(translate.__file__).parent.parent
RATE_HZ = 16_000
FRAME = 1600
PACE = 2.5
"""Speech this much faster than it was spoken, to save time."""
normalized = BasicTextNormalizer()


def sound_of(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype("<i2").tobytes()


def errors_in(reference: str, heard: str) -> float:
    return float(jiwer.wer(normalized(reference), normalized(heard)))


def environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("SOTTOVOCE_", "PYTHON"))}
    return plain | {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": "/dev/null/none"} | more


@dataclass
class Person:
    """A client that holds texts against their promises."""

    socket: ClientConnection
    messages: list[dict[str, Any]] = field(default_factory=list)
    committed: dict[tuple[str, int, str], str] = field(default_factory=dict)
    _sent: int = 0

    async def say(self, kind: str, **fields: Any) -> None:
        self._sent += 1
        await self.socket.send(json.dumps({"type": kind, "seq": self._sent, "t_ms": self._sent, **fields}))

    async def read(self, until: Callable[[dict[str, Any]], bool] = lambda _: False) -> None:
        """Until it says so, or the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                message = json.loads(text)
                self.messages.append(message)
                if message["type"] in ("transcript", "translation"):
                    key = (message["type"], message["segment"], message["lang"])
                    before = self.committed.get(key, "")
                    assert message["committed"].startswith(before), "committed text was taken back"
                    self.committed[key] = message["committed"]
                if until(message):
                    return

    def text(self, kind: str = "transcript", lang: str | None = None) -> str:
        """All that was committed, final or not."""
        found = sorted(key for key in self.committed if key[0] == kind and lang in (None, key[2]))
        return " ".join(self.committed[key].strip() for key in found)

    def codes(self, kind: str) -> list[str]:
        return [message["code"] for message in self.messages if message["type"] == kind]


def wait_for(done: Callable[[], bool], seconds: float = 60) -> None:
    """Blocks until ``done``, which nobody tells this process of."""
    give_up_s = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up_s, "it never came"
        time.sleep(0.05)


class House:
    """``sottovoce serve`` on a free port.

    Args:
        folder: for its state and what it says.
        words: more of its command line.
    """

    def __init__(self, folder: Path, words: Sequence[str] = (), env: dict[str, str] | None = None) -> None:
        self.log = folder / "stderr"
        more = {"SOTTOVOCE_STATE": str(folder / "state"), "SOTTOVOCE_LIMITS_SESSIONS": "4"} | (env or {})
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "translate", "serve", "--port", "0", *words],
                env=environment(**more), stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+?:(\d+)/", line)
        assert found, (line, self.log.read_text())
        self.port = int(found[1])
        self._sockets: list[ClientConnection] = []

    def kill_engines(self) -> None:
        """Kill the engines: their process; waits until there is one."""

        def kill() -> bool:
            for pid in descendants(self.process.pid):
                with contextlib.suppress(OSError):
                    if b"translate.inference.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(pid, signal.SIGKILL)
                        return True
            return False

        wait_for(kill)

    def get(self, path: str) -> tuple[int, str]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""

    def year(self) -> int:
        """What year it is to the service: it says the date with every answer."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}/healthz", timeout=30) as answer:
            return parsedate_to_datetime(answer.headers["Date"]).year

    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get("stats")[1])
        return found

    async def enter(self, role: str, room: str, **fields: Any) -> Person:
        url = f"ws://127.0.0.1:{self.port}/ws"
        socket = await connect(url, subprotocols=[SUBPROTOCOL], compression=None, proxy=None)
        self._sockets.append(socket)
        person = Person(socket)
        await person.say("hello", versions=["v1"], role=role, room=room, **fields)
        await person.read(until=lambda message: True)
        return person

    async def leave(self) -> None:
        for socket in self._sockets:
            await socket.close()
        self._sockets.clear()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()


async def said_by(
    house: House, room: str, pcm: bytes, harm: dict[float, Callable[[Person], Any]], source: str = "en"
) -> tuple[Person, Person]:
    """The speaker and a listener of a talk, after its end; at each share of it something happens.

    Args:
        harm: what, by the share of the sound that has been sent; blocks the speaker, who is given to it.
    """
    listener = await house.enter("listener", room)
    reading = asyncio.create_task(listener.read(until=lambda message: message["type"] in ("end", "error")))
    speaker = await house.enter("speaker", room, source=source)
    hearing = asyncio.create_task(speaker.read())
    loop = asyncio.get_running_loop()
    due_s, waiting = loop.time(), sorted(harm)
    with contextlib.suppress(ConnectionClosed):
        for position in range(0, len(pcm) // 2, FRAME):
            while waiting and position >= waiting[0] * len(pcm) // 2:
                await asyncio.to_thread(harm[waiting.pop(0)], speaker)
            due_s += FRAME / RATE_HZ / PACE
            await asyncio.sleep(due_s - loop.time())
            await speaker.socket.send(position.to_bytes(8, "little") + pcm[2 * position : 2 * (position + FRAME)])
        await speaker.say("end")
    async with asyncio.timeout(90):
        await hearing
        if "end" in [message["type"] for message in speaker.messages]:
            await reading
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return speaker, listener
