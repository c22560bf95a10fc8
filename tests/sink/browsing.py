"""What people do with the pages in a browser, and what a page could do. Run in an enclosure, as :mod:`.uses`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
import shutil
import subprocess
import urllib.request
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.conftest import read_pcm
from tests.sink.enclosure import Place
from tests.sink.programs import RATE_HZ, SPEECH, service, spoken


async def pages(place: Place) -> dict[str, Any]:
    """Every page in Chromium, one of them with a microphone that speaks Spanish."""
    async with service(place) as (url, _port), chromium(place) as browser:
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
    async with service(place) as (url, port):
        speaking = asyncio.create_task(spoken(port, place.speech_s, None))
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
    async with service(place) as (url, _port), chromium(place) as browser:
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
    async with server, chromium(place) as browser:
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


@contextlib.asynccontextmanager
async def chromium(place: Place) -> AsyncIterator[Any]:
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
