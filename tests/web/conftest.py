"""The fake server, and one Chromium page per test that may not complain."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.chromium import Display
from tests.web.fake_server import FakeServer

AUDIO = Path(__file__).parents[1] / "data" / "audio"
RATE_HZ = 16_000


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
def open_page(browser: Any, display: Display | None, server: FakeServer) -> Iterator[Callable[..., Any]]:
    """Opens a page in a context of its own, with ``ready`` in it; no console error, no policy violation is forgiven."""
    contexts: list[Any] = []
    complaints: list[str] = []
    tolerated: list[str] = []

    def opener(
        path: str = "", *, tolerate: str = "", init: str = "", ready: str = "#targets input", **options: Any
    ) -> Any:
        usual = {"permissions": ["microphone"], "locale": "en-GB"}
        scale = {"device_scale_factor": display.scale} if display else {}
        context = browser.new_context(**{**usual, **scale, **options})
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
        page.goto(server.url + path)
        page.wait_for_selector(ready, state="attached")
        return page

    yield opener
    for context in contexts:
        context.close()
    assert [line for line in complaints if not any(part in line for part in tolerated)] == []


def _check_host(url: str, server: FakeServer, complaints: list[str]) -> None:
    if f"//127.0.0.1:{server.port}/" not in url:
        complaints.append(f"request to another host: {url}")
