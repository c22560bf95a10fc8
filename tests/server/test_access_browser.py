"""Chromium, which trusts the authority as a device that has installed it: pages, microphone, what a thief could do."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import ssl
import subprocess
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.forgery import forged
from translate.config import Config, ServerConfig
from translate.server import Server
from translate.server.access.start_links import StartLinks

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

MICROPHONE = "navigator.mediaDevices.getUserMedia({audio: true}).then(stream => stream.getAudioTracks().length)"


class Lan:
    """A service open to the LAN, with the pages that ship, on a thread of its own."""

    def __init__(self, backend_class: type) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.server: Server = self.run(self._start(backend_class))
        self.links: StartLinks = self.run(self.server.network.start_links())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def stop(self) -> None:
        self.run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            gc.collect()  # connections that the browser had open

    @staticmethod
    async def _start(backend_class: type) -> Server:
        config = ServerConfig(port=0, secure_port=0, lan=True, announce=False)
        server = Server(Config(server=config), backend_class())
        await server.start()
        return server


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("SOTTOVOCE_STATE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def lan(state: Path, backend_class: type) -> Iterator[Lan]:
    service = Lan(backend_class)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def trusting_browser(lan: Lan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium, certutil = shutil.which("chromium"), shutil.which("certutil")
    if chromium is None or certutil is None:
        pytest.skip("Chromium or certutil is not installed (Debian: apt-get install chromium libnss3-tools)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    home = tmp_path_factory.mktemp("home")
    store, certificate = home / ".pki" / "nssdb", home / "authority.crt"
    store.mkdir(parents=True)
    certificate.write_bytes(lan.server.network.authority.der)
    for arguments in (["-N", "--empty-password"], ["-A", "-n", "sottovoce", "-t", "C,,", "-i", str(certificate)]):
        subprocess.run([certutil, "-d", f"sql:{store}", *arguments], check=True, timeout=30)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                "--disable-background-networking",
                f"--host-resolver-rules=MAP www.example.com 127.0.0.1, MAP {_mdns(lan)} 127.0.0.1",
            ],
            env={**os.environ, "HOME": str(home)},
        )
        yield browser
        browser.close()


def _mdns(lan: Lan) -> str:
    return next(name for name in lan.server.network.authority.permitted_names if name.endswith(".local"))


@pytest.fixture
def open_page(trusting_browser: Any) -> Iterator[Callable[[str], Any]]:
    contexts: list[Any] = []

    def opener(url: str) -> Any:
        contexts.append(trusting_browser.new_context(permissions=["microphone"], locale="en-GB"))
        page = contexts[-1].new_page()
        page.goto(url)
        return page

    yield opener
    for context in contexts:
        context.close()


def test_a_microphone_works_on_this_machine_and_on_the_network(open_page, lan: Lan, lan_address: str) -> None:
    secure = lan.server.network.info()["secure_url"]
    assert lan_address in secure
    for url in (lan.links.here, lan.links.speak.url, secure.replace(lan_address, _mdns(lan))):
        page = open_page(url)
        assert page.evaluate("isSecureContext"), url
        assert page.evaluate(MICROPHONE) == 1, url


def test_the_speaker_s_link_speaks_and_the_listeners_link_reads(open_page, lan: Lan) -> None:
    speaker, listener = open_page(lan.links.speak.url), open_page(lan.links.listen.url)
    speaker.wait_for_selector("#invite .qr")  # before the talk: those who are to read come in time
    speaker.click("#toggle")
    for page in (speaker, listener):
        page.wait_for_selector("text=/w1/", state="attached", timeout=20_000)
    assert "#t=" not in listener.evaluate("performance.getEntriesByType('resource').map(e => e.name).join()")


def test_a_stolen_authority_cannot_pose_as_a_public_site(open_page, lan: Lan, state: Path, tmp_path: Path) -> None:
    from playwright.sync_api import Error

    async def serve(name: str) -> int:
        path = tmp_path / "forged.pem"
        path.write_bytes(forged(state / "lan", name))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        thief = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        thieves.append(thief)
        return thief.sockets[0].getsockname()[1]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfake")
        writer.close()

    thieves: list[asyncio.Server] = []
    own = _mdns(lan)
    assert open_page(f"https://{own}:{lan.run(serve(own))}/").inner_text("body") == "fake", (
        "for the machine itself, yes"
    )
    with pytest.raises(Error, match="ERR_CERT_INVALID"):
        open_page(f"https://www.example.com:{lan.run(serve('www.example.com'))}/")

    async def close() -> None:
        for thief in thieves:
            thief.close()

    lan.run(close())
