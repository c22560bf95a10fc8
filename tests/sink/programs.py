"""Programs of the product, started in a :class:`~tests.sink.enclosure.Place` and ended with the test."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from websockets.asyncio.client import connect

from tests.e2e.conftest import Talker, read_pcm
from tests.sink.enclosure import Place

__all__ = ["RATE_HZ", "SPEECH", "STOP_S", "ran", "running", "service", "speaker_token", "spoken"]

DATA = Path(__file__).parent.parent / "data" / "audio"
SPEECH = [DATA / f"fleurs_{name}.flac" for name in ("es_003", "es_005")]
"""Spanish, some nine seconds each."""
RATE_HZ = 16_000
STOP_S = 30


@contextlib.asynccontextmanager
async def running(
    place: Place, *words: str, env: dict[str, str] | None = None, stdin: int = subprocess.DEVNULL
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *place.command(*words), env=env or place.environment, cwd=place.folder, stdin=stdin, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ran(place: Place, *words: str) -> str:
    """What a command prints that ends by itself."""
    async with running(place, *words) as process:
        out, err = await asyncio.wait_for(process.communicate(), 200)
    assert process.returncode == 0, (words, err.decode())
    return out.decode()


@contextlib.asynccontextmanager
async def service(place: Place, *options: str) -> AsyncIterator[tuple[str, int]]:
    async with running(place, "serve", "--port", "0", *options) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.create_task(process.stderr.read())
        line = (await asyncio.wait_for(process.stdout.readline(), 120)).decode()
        ready = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert ready, (line, await errors)
        yield ready[0], int(ready[1])
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), STOP_S)
        assert process.returncode == 0, (await errors).decode()


async def speaker_token(place: Place) -> str:
    """A speaker's, made by the command that an operator uses."""
    link = await ran(place, "token", "create", "--role", "speak")
    found = re.search(r"#t=(\S+)", link)
    assert found, link
    return found[1]


async def spoken(port: int, seconds: float, token: str | None) -> list[str]:
    """Final texts of a client that speaks for so long, over and over."""
    pcm = b"".join(map(read_pcm, SPEECH))
    pcm = (pcm * (1 + int(seconds * RATE_HZ * 2 / len(pcm))))[: int(seconds * RATE_HZ) * 2]
    async with connect(
        f"ws://127.0.0.1:{port}/ws",
        subprotocols=["sottovoce.v1"],
        compression=None,
        proxy=None,  # type: ignore[list-item]
    ) as socket:
        talker = Talker(socket)
        await talker.enter("speaker", source="es", targets=["en"], **({"token": token} if token else {}))
        async with asyncio.timeout(seconds + 120):
            reading = asyncio.create_task(talker.read())
            await talker.speak(pcm)
            await talker.say("end")
            await reading
    return [message["committed"] for message in talker.messages if message.get("final")]
