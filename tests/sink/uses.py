"""What people do with the product, each for some time with real speech, then idle, then stopped. Run in an enclosure.

Each use returns what it saw, so that a test can tell that it was really used. Those in a browser: :mod:`.browsing`.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.e2e.conftest import read_pcm
from tests.sink.enclosure import Place
from tests.sink.programs import RATE_HZ, SPEECH, STOP_S, ran, running, service, speaker_token, spoken

PHRASES = ("Good morning.", "The meeting begins at nine.", "See you tomorrow.", "Where does it hurt?")


async def serve(place: Place, *options: str) -> dict[str, Any]:
    """The service; somebody speaks over its WebSocket and reads a translation."""
    async with service(place, *options) as (url, port):
        token = await speaker_token(place) if "--lan" in options else None
        texts = await spoken(port, place.speech_s, token)
        await asyncio.sleep(place.idle_s)
        return {"texts": texts, "url": url}


async def serve_lan(place: Place) -> dict[str, Any]:
    """The service, open to the network."""
    return await serve(place, "--lan", "--secure-port", "0")


async def live_room(place: Place) -> dict[str, Any]:
    """Somebody speaks in a room of the service with ``live --room``, from a recording."""
    async with service(place) as (url, _port):
        texts: list[str] = []
        end_s = time.monotonic() + place.speech_s
        while time.monotonic() < end_s:
            words = ("live", "--room", f"{url}?room=hall", "--file", str(SPEECH[0]), "--from", "es", "--to", "en")
            texts += (await ran(place, *words)).splitlines()
        await asyncio.sleep(place.idle_s)
        return {"texts": texts}


async def live(place: Place) -> dict[str, Any]:
    """A sound card of software into which speech is played; captions in the terminal, then nobody speaks."""
    from tests.soundcard import SoundServer

    folder = Path("/tmp") / f"sv-{place.scratch.name[-8:]}"  # short: the path of a socket holds at most 107 bytes
    folder.mkdir()
    card = SoundServer(folder)
    card.start()
    try:
        variables = place.environment | {"PULSE_SERVER": card.environment["PULSE_SERVER"]}
        async with running(place, "live", "--from", "es", "--to", "en", "--device", "pulse", env=variables) as process:
            end_s = time.monotonic() + place.speech_s
            while time.monotonic() < end_s:
                for clip in SPEECH:
                    await card.play(clip)
            await asyncio.sleep(place.idle_s)
            process.send_signal(signal.SIGINT)
            out, err = await asyncio.wait_for(process.communicate(), STOP_S)
    finally:
        card.kill()
        shutil.rmtree(folder)
    assert process.returncode == 0, err.decode()
    return {"texts": out.decode().splitlines()}


async def file(place: Place) -> dict[str, Any]:
    """Raw audio on standard input as it comes, then a recording at its own pace, then some as fast as they go."""
    half_s = place.speech_s / 2
    async with running(place, "file", "-", "--from", "es", "--to", "en", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        pcm = b"".join(map(read_pcm, SPEECH))
        start_s = time.monotonic()
        sent = 0
        while sent < half_s * RATE_HZ * 2:
            at = sent % len(pcm)
            process.stdin.write(pcm[at : at + RATE_HZ])
            await process.stdin.drain()
            sent += len(pcm[at : at + RATE_HZ])
            await asyncio.sleep(max(0.0, start_s + sent / 2 / RATE_HZ - time.monotonic()))
        await asyncio.sleep(place.idle_s)
        process.stdin.close()
        out, _ = await asyncio.wait_for(process.communicate(), 60 + place.speech_s)
    texts = out.decode().splitlines()
    end_s = time.monotonic() + half_s
    for words in (["--pace", "1"], ["--format", "srt"], ["--format", "json"]):
        texts += (await ran(place, "file", str(SPEECH[0]), "--from", "es", "--to", "en", *words)).splitlines()
    while time.monotonic() < end_s:
        await ran(place, "file", str(SPEECH[1]), "--from", "auto", "--to", "en,pt")
    return {"texts": texts}


async def translate(place: Place) -> dict[str, Any]:
    """Lines of text, one at a time; then none for a while; then the end."""
    async with running(place, "translate", "--from", "en", "--to", "es", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        end_s = time.monotonic() + place.speech_s
        while time.monotonic() < end_s:
            for phrase in PHRASES:
                process.stdin.write(f"{phrase}\n".encode())
                await process.stdin.drain()
                await asyncio.sleep(1)
        await asyncio.sleep(place.idle_s)
        process.stdin.close()
        out, _ = await asyncio.wait_for(process.communicate(), STOP_S)
    return {"texts": out.decode().splitlines()}


async def doctor(place: Place) -> dict[str, Any]:
    """The questions about this machine, again and again."""
    texts: list[str] = []
    end_s = time.monotonic() + place.speech_s
    while time.monotonic() < end_s or not texts:
        texts = (await ran(place, "doctor")).splitlines()
        for words in (("models", "list"), ("config", "show"), ("token", "list"), ("models", "verify")):
            await ran(place, *words)
    await asyncio.sleep(place.idle_s)
    return {"texts": texts}


async def bench(place: Place) -> dict[str, Any]:
    """Measurements in real time."""
    texts: list[str] = []
    end_s = time.monotonic() + place.speech_s
    while time.monotonic() < end_s or not texts:
        said = await ran(place, "bench", "latency", "quality", "--clock", "real", "--lang", "es", "--to", "en")
        texts = said.splitlines()
    await asyncio.sleep(place.idle_s)
    return {"texts": texts}


async def embedded(place: Place) -> dict[str, Any]:
    """A program of somebody's own that listens with the Python class, and lives on after it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("host.py")), str(SPEECH[1]), str(place.speech_s),
        str(place.idle_s), env=place.environment, cwd=place.folder, stdout=subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 90 + 2 * place.speech_s + place.idle_s)
    assert process.returncode == 0
    return {"texts": out.decode().splitlines()}


async def names_and_addresses(place: Place) -> dict[str, Any]:
    """A program that calls out in ways that a test must see: a name, an address, either version, either protocol."""
    code = """
import socket, urllib.request
urllib.request.urlopen("http://news.example/latest?id=7", timeout=5).read()
with socket.create_connection(("203.0.113.9", 443), timeout=5) as talk:
    talk.sendall(b"\\x16\\x03\\x01 hello")
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as talk:
    talk.sendto(b"six", ("2001:db8::7", 4500))
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=place.environment)
    assert await process.wait() == 0
    return {"texts": ["called"]}


async def onnxruntime(place: Place) -> dict[str, Any]:
    """The library that called out: a session of it, as versions before 0.2 had one, and nothing else."""
    code = """
import sys, time
import onnxruntime
from faster_whisper.utils import get_assets_path
session = onnxruntime.InferenceSession(f"{get_assets_path()}/silero_vad_v6.onnx", providers=["CPUExecutionProvider"])
time.sleep(float(sys.argv[1]))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(place.speech_s), env=place.environment
    )
    assert await process.wait() == 0
    return {"texts": ["made"]}
