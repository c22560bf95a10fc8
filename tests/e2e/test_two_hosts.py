"""A talk over a bad network: what every listener has in the end is what the server said, to the letter."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import ssl
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.e2e import two_hosts
from translate.protocol import SUBPROTOCOL

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.long, pytest.mark.netns]

HERE, THERE = "10.99.0.1", "10.99.0.2"
PORT = 8766


class Reader:
    """A listener that comes back by itself after a drop and resumes, as the page does."""

    def __init__(self, host: two_hosts.Host, address: str, token: str, targets: list[str]) -> None:
        self._host = host
        self._address = address
        self._token = token
        self._targets = targets
        self._resume: dict[str, Any] = {}
        self.committed: dict[tuple[str, str, int], str] = {}
        self.finals: set[tuple[str, str, int]] = set()
        self.drops = 0
        self.ended = asyncio.Event()

    async def read(self) -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError, InvalidHandshake, ConnectionClosed):
                await self._connection()
            self.drops += 1
            await asyncio.sleep(0.3)

    async def _connection(self) -> None:
        plain = self._host.socket()
        try:
            async with asyncio.timeout(4):
                await asyncio.get_running_loop().sock_connect(plain, (self._address, PORT))
        except (OSError, TimeoutError):
            plain.close()
            raise
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        async with connect(
            f"wss://{self._address}:{PORT}/ws", sock=plain, ssl=unchecked, server_hostname=self._address, proxy=None,
            subprotocols=[SUBPROTOCOL], open_timeout=5, ping_interval=1, ping_timeout=3, close_timeout=0.2,
        ) as socket:  # fmt: skip
            hello = {"type": "hello", "seq": 1, "t_ms": 0, "versions": ["v1"], "role": "listener", "token": self._token}
            await socket.send(json.dumps({**hello, "targets": self._targets, **self._resume}))
            async for text in socket:
                self._note(json.loads(text))

    def _note(self, message: dict[str, Any]) -> None:
        if message["type"] == "hello":
            self._resume["resume"] = message["resume"]
        self._resume["last_seq"] = message["seq"]
        for part in message.get("segments", [message]):
            if "committed" in part:
                key = (part["type"], part["lang"], part["segment"])
                assert part["committed"].startswith(self.committed.get(key, "")), "committed text was taken back"
                assert key not in self.finals or part["committed"] == self.committed[key], "text after the final"
                self.committed[key] = part["committed"]
                if part["final"]:
                    self.finals.add(key)
        if message["type"] == "end":
            self.ended.set()


@pytest.fixture
def hosts() -> Iterator[tuple[two_hosts.Host, two_hosts.Host]]:
    if (why := two_hosts.available()) is not None:
        pytest.skip(why)
    one, two = two_hosts.Host("svhere", HERE), two_hosts.Host("svthere", THERE)
    yield one, two
    one.close()
    two.close()


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "SOTTOVOCE_STATE": str(tmp_path / "service")}


@pytest.fixture
def talk(clips: dict[str, Any], pcm: Callable[[Path], bytes], tmp_path: Path) -> Path:
    """Half a minute of Spanish."""
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        for name in ("fleurs_es_003", "fleurs_es_005"):
            file.writeframes(pcm(clips[name].path) + bytes(16_000))
    return path


@pytest.fixture
def service(hosts: Any, state: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """``sottovoce serve --lan`` on the first host; tokens by role."""
    settings = ["--set", "server.announce=false", "--set", f"server.secure_port={PORT}", "--set", "limits.send_ms=3000"]
    command = [sys.executable, "-m", "translate", "serve", "--lan", "--port", "0", *settings]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(hosts[0].command(*command), stdout=subprocess.PIPE, stderr=log, text=True, env=state)
    assert process.stdout is not None
    assert re.search("ready at", process.stdout.readline()), (tmp_path / "log").read_text()
    yield {role: token(role, state) for role in ("speak", "listen")}
    process.terminate()
    process.stdout.close()
    assert process.wait(30) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def token(role: str, state: dict[str, str]) -> str:
    command = [sys.executable, "-m", "translate", "token", "create", "--role", role]
    made = subprocess.run(command, env=state, check=True, capture_output=True, text=True).stdout
    return urlsplit(made.strip().splitlines()[-1]).fragment.removeprefix("t=")


async def speak(host: two_hosts.Host, talk: Path, token: str, state: dict[str, str], folder: Path) -> tuple[int, str]:
    """``sottovoce live --room`` on ``host``; its exit status and what it wrote."""
    command = [
        sys.executable, "-m", "translate", "live", "--room", f"https://{HERE}:{PORT}/#t={token}", "--from", "es",
        "--file", str(talk), "--events", "--accept-new",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *host.command(*command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=state | {"SOTTOVOCE_STATE": str(folder / "speaker")},
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def trouble(wire: two_hosts.Wire, there: two_hosts.Host, speaking: asyncio.Task[Any]) -> None:
    """Pulls the cable for four seconds, later shuts the interface down for four."""
    await asyncio.sleep(9)
    assert not speaking.done(), speaking.result()
    wire.pulled = True
    await asyncio.sleep(4)
    wire.pulled = False
    await asyncio.sleep(6)
    there.link("down")
    await asyncio.sleep(4)
    there.link("up")


async def test_a_talk_over_a_network_that_loses_delays_and_breaks(hosts, service, state, talk, tmp_path) -> None:
    here, there = hosts
    wire = two_hosts.Wire(here, there, loss=0.03, delay_ms=30)
    wire.start()
    reference = Reader(here, HERE, service["listen"], ["en"])
    listeners = [Reader(there, HERE, service["listen"], targets) for targets in (["en"], [], ["en"])]
    reading = [asyncio.create_task(one.read()) for one in (reference, *listeners)]
    try:
        async with asyncio.timeout(150):
            speaking = asyncio.create_task(speak(there, talk, service["speak"], state, tmp_path))
            await trouble(wire, there, speaking)
            status, written = await speaking
            assert status == 0, written
            await reference.ended.wait()
            for one in listeners:
                while not same(one, reference):  # noqa: ASYNC110  # who was away at the end is not told of it again
                    await asyncio.sleep(0.2)
    finally:
        for task in reading:
            task.cancel()
        results = await asyncio.gather(*reading, return_exceptions=True)
        wire.stop()
    assert [r for r in results if isinstance(r, AssertionError)] == []
    assert wire.lost > 0
    assert reference.drops == 0
    assert sum(one.drops for one in listeners) >= 3, "the cable was pulled"
    assert reference.finals == set(reference.committed), "every text has its final"
    spoken = [text for (kind, lang, _), text in sorted(reference.committed.items()) if kind == "transcript"]
    assert len(" ".join(spoken).split()) > 30
    events = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    finals = [e["committed"] for e in events if e.get("type") == "transcript" and e["final"]]
    assert finals == spoken, "the speaker reads what the server said"
    ends = [e for e in events if e.get("type") == "end"]
    with wave.open(str(talk)) as file:
        assert [e["position"] for e in ends] == [file.getnframes()], "every sample of the talk was taken"


def same(one: Reader, reference: Reader) -> bool:
    """Whether a listener has, letter for letter, what the one beside the server has, in the languages that it reads."""
    wanted = {k: v for k, v in reference.committed.items() if k[0] == "transcript" or k[1] in one._targets}
    return one.committed == wanted and one.finals == {key for key in reference.finals if key in wanted}
