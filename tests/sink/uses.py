"""What people do with the product, each for some time with real speech, then idle, then stopped. Run in an enclosure.

Each use returns what it saw, so that a test can tell that it was really used.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests.e2e.conftest import Talker, read_pcm
from tests.sink.enclosure import Place

DATA = Path(__file__).parent.parent / "data" / "audio"
SPEECH = [DATA / f"fleurs_{name}.flac" for name in ("es_003", "es_005")]
"""Spanish, some nine seconds each."""
RATE_HZ = 16_000
STOP_S = 30
PHRASES = ("Good morning.", "The meeting begins at nine.", "See you tomorrow.", "Where does it hurt?")


async def serve(place: Place, *options: str) -> dict[str, Any]:
    """The service; somebody speaks over its WebSocket and reads a translation."""
    async with _service(place, *options) as (url, port):
        token = await _token(place) if "--lan" in options else None
        texts = await _spoken(port, place.speech_s, token)
        await asyncio.sleep(place.idle_s)
        return {"texts": texts, "url": url}


async def serve_lan(place: Place) -> dict[str, Any]:
    """The service, open to the network."""
    return await serve(place, "--lan", "--secure-port", "0")


async def live_room(place: Place) -> dict[str, Any]:
    """Somebody speaks in a room of the service with ``live --room``, from a recording."""
    async with _service(place) as (url, _port):
        texts: list[str] = []
        end_s = time.monotonic() + place.speech_s
        while time.monotonic() < end_s:
            words = ("live", "--room", f"{url}?room=hall", "--file", str(SPEECH[0]), "--from", "es", "--to", "en")
            texts += (await _ran(place, *words)).splitlines()
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
        async with _running(place, "live", "--from", "es", "--to", "en", "--device", "pulse", env=variables) as process:
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
    async with _running(place, "file", "-", "--from", "es", "--to", "en", stdin=subprocess.PIPE) as process:
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
        texts += (await _ran(place, "file", str(SPEECH[0]), "--from", "es", "--to", "en", *words)).splitlines()
    while time.monotonic() < end_s:
        await _ran(place, "file", str(SPEECH[1]), "--from", "auto", "--to", "en")
    return {"texts": texts}


async def translate(place: Place) -> dict[str, Any]:
    """Lines of text, one at a time; then none for a while; then the end."""
    async with _running(place, "translate", "--from", "en", "--to", "es", stdin=subprocess.PIPE) as process:
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
        texts = (await _ran(place, "doctor")).splitlines()
        for words in (("models", "list"), ("config", "show"), ("token", "list"), ("models", "verify")):
            await _ran(place, *words)
    await asyncio.sleep(place.idle_s)
    return {"texts": texts}


async def bench(place: Place) -> dict[str, Any]:
    """Measurements in real time."""
    texts: list[str] = []
    end_s = time.monotonic() + place.speech_s
    while time.monotonic() < end_s or not texts:
        said = await _ran(place, "bench", "latency", "quality", "--clock", "real", "--lang", "es", "--to", "en")
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


async def pages(place: Place) -> dict[str, Any]:
    """Every page in Chromium, one of them with a microphone that speaks Spanish."""
    async with _service(place) as (url, _port), _chromium(place) as browser:
        context = await browser.new_context(permissions=["microphone"], locale="en-GB")
        speaking = await context.new_page()
        await speaking.goto(url)
        await speaking.wait_for_selector("#targets input", state="attached")
        await speaking.select_option("#source", "es")
        await speaking.click("#toggle")
        await speaking.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')
        for path in ("listen?to=en", "kiosk?to=en", "kiosk?to=en&overlay=1", "operate", "talk", "install"):
            page = await context.new_page()
            answer = await page.goto(f"{url}{path}")
            assert answer.ok, path
        await asyncio.sleep(place.speech_s)
        texts = await speaking.locator(".cell .committed").all_text_contents()
        await speaking.click("#toggle")
        await asyncio.sleep(place.idle_s)
        return {"texts": texts, "pages": len(context.pages)}


async def kiosk_browser(place: Place) -> dict[str, Any]:
    """The browser of a kiosk's screen, as its unit starts it but without a screen; the page that it shows is read."""
    unit = (Path(__file__).parent.parent.parent / "packaging" / "sottovoce-display.service").read_text("utf-8")
    joined = re.sub(r"\\\n\s*", " ", unit)
    (line,) = [line for line in joined.splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(line.split(" -- ", 1)[1])[1:-1]
    given = [word for word in words if not word.startswith(("--kiosk", "--ozone-platform", "--user-data-dir"))]
    profile = place.scratch / "profile"
    home = place.scratch / "browser"
    home.mkdir()
    async with _service(place) as (url, port):
        speaking = asyncio.create_task(_spoken(port, place.speech_s, None))
        await asyncio.sleep(min(10, place.speech_s / 2))  # a screen that waits is not a screen that shows
        browser = await asyncio.create_subprocess_exec(
            "chromium", "--headless", "--no-sandbox", *given,
            f"--user-data-dir={profile}", f"{url}kiosk?to=en", stderr=subprocess.DEVNULL,
            env=place.environment | {"HOME": str(home), "TMPDIR": str(home)},
        )  # fmt: skip
        try:
            texts = await speaking
            await asyncio.sleep(place.idle_s)
            assert browser.returncode is None, "the browser has ended"
            assert await asyncio.to_thread(_listeners, url) == 1, "the screen shows the captions"
        finally:
            browser.terminate()
            await browser.communicate()
    return {"texts": texts}


def _listeners(url: str) -> int:
    """How many pages read now, as the service counts them."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}stats", timeout=10) as answer:
        return int(json.load(answer)["listeners"])


async def policy(place: Place) -> dict[str, Any]:
    """On each page, every way that a script has to ask another host; the pages' policy must forbid them all."""
    refused: dict[str, list[str]] = {}
    async with _service(place) as (url, _port), _chromium(place) as browser:
        context = await browser.new_context()
        for path in ("", "listen", "kiosk", "operate", "talk", "install"):
            page = await context.new_page()
            await page.add_init_script(
                "window.refused = [];"
                "addEventListener('securitypolicyviolation', e => refused.push(e.effectiveDirective));"
            )
            await page.goto(f"{url}{path}")
            await page.evaluate(TRIES)
            await asyncio.sleep(3)
            refused[path] = sorted(set(await page.evaluate("window.refused")))
        await asyncio.sleep(place.idle_s)
    return {"texts": ["tried"], "refused": refused}


async def other_page(place: Place) -> dict[str, Any]:
    """The same tries on a page without a policy: all of them must arrive, else the sink proves nothing."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<!doctype html><title>no policy</title>"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, _chromium(place) as browser:
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await page.evaluate(TRIES)
        await asyncio.sleep(3)
        await asyncio.sleep(place.idle_s)
    return {"texts": ["tried"]}


TRIES = """() => {
  const add = (tag, fields) => document.body.append(Object.assign(document.createElement(tag), fields));
  const quietly = action => { try { const p = action(); p?.catch?.(() => {}); } catch { } };
  quietly(() => fetch("http://fetch.example/", { mode: "no-cors" }));
  quietly(() => navigator.sendBeacon("http://beacon.example/", "x"));
  quietly(() => new WebSocket("ws://socket.example/"));
  quietly(() => new EventSource("http://events.example/"));
  quietly(() => add("img", { src: "http://image.example/a.png" }));
  quietly(() => add("script", { src: "http://script.example/a.js" }));
  quietly(() => add("link", { rel: "stylesheet", href: "http://style.example/a.css" }));
  quietly(() => add("iframe", { src: "http://frame.example/" }));
  quietly(() => add("audio", { src: "http://media.example/a.mp3", preload: "auto" }));
  quietly(() => new FontFace("f", "url(http://font.example/a.woff2)").load());
  quietly(() => { const f = document.createElement("form"); f.action = "http://form.example/"; f.target = "_blank";
    document.body.append(f); f.submit(); });
}"""
TRIED = ("fetch", "beacon", "socket", "events", "image", "script", "style", "frame", "media", "font")
"""Those of ``TRIES`` that any page may do; a form opens a window, which Chromium may forbid by itself."""


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


@contextlib.asynccontextmanager
async def _running(
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


async def _ran(place: Place, *words: str) -> str:
    """What a command prints that ends by itself."""
    async with _running(place, *words) as process:
        out, err = await asyncio.wait_for(process.communicate(), 200)
    assert process.returncode == 0, (words, err.decode())
    return out.decode()


@contextlib.asynccontextmanager
async def _service(place: Place, *options: str) -> AsyncIterator[tuple[str, int]]:
    async with _running(place, "serve", "--port", "0", *options) as process:
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


async def _token(place: Place) -> str:
    """A speaker's, made by the command that an operator uses."""
    link = await _ran(place, "token", "create", "--role", "speak")
    found = re.search(r"#t=(\S+)", link)
    assert found, link
    return found[1]


async def _spoken(port: int, seconds: float, token: str | None) -> list[str]:
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


@contextlib.asynccontextmanager
async def _chromium(place: Place) -> AsyncIterator[Any]:
    """A browser whose microphone speaks Spanish again and again. It has a home of its own, and its own services off:
    what is left comes from the pages."""
    from playwright.async_api import async_playwright

    sound = place.scratch / "microphone.wav"
    with wave.open(str(sound), "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes(b"".join(map(read_pcm, SPEECH)))
    home = place.scratch / "browser"
    home.mkdir()
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
        *BROWSER_QUIET,
    ]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=arguments,
            env=place.environment | {"HOME": str(home), "TMPDIR": str(home)},
        )
        yield browser
        await browser.close()


_MAKER = ("google.com", "googleapis.com", "gstatic.com", "googleusercontent.com", "gvt1.com", "gvt2.com")
"""Chromium asks these for updates, the time, what a form may hold and more, whatever it is told. No page of ours names
them (tests/web/test_privacy.py), so nothing of a page is missed where the browser cannot find them."""
BROWSER_QUIET: Sequence[str] = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--host-resolver-rules=" + ", ".join(f"MAP {host} ~NOTFOUND, MAP *.{host} ~NOTFOUND" for host in _MAKER),
)
