"""Nothing calls out: each use of the product beside a resolver and hosts that would answer anybody, for minutes.

What a test of some seconds cannot see: a library that waits before it calls home. The controls call out themselves and
have to be caught, or all the rest proves nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

import translate
from tests.sink.browsing import TRIED
from tests.sink.enclosure import enclosed, unavailable

ROOT = Path(translate.__file__).parent.parent
REASON = unavailable()
pytestmark = [
    pytest.mark.netns,
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]
MDNS = ("224.0.0.251", "ff02::fb")


@dataclass(frozen=True, slots=True)
class Plan:
    """A use with how long it takes, when it begins, and what else is set."""

    use: str
    speech_s: float
    idle_s: float
    begin_s: float = 0.0
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of it."""

    status: int
    output: str
    found: dict[str, Any]

    @property
    def asks(self) -> list[dict[str, Any]]:
        return self.found["asks"]

    @property
    def names(self) -> set[str]:
        return {ask["name"] for ask in self.asks}

    def held(self) -> Report:
        """Itself, if the use went well. Whom it asked is shown before anything else fails."""
        assert self.status == 0, self.output
        assert self.found["left"] == [], "whose packets would come after the end"
        assert self.found["said"]["texts"], self.found["said"]
        return self


def performed(plans: dict[str, Plan], folder: Path) -> dict[str, Report]:
    """Does what is planned, side by side."""
    start_s = time.monotonic()
    running: dict[str, subprocess.Popen[str]] = {}
    for name, plan in sorted(plans.items(), key=lambda item: item[1].begin_s):
        time.sleep(max(0.0, start_s + plan.begin_s - time.monotonic()))
        running[name] = enclosed(
            plan.use, folder / f"{name}.json", speech_s=plan.speech_s, idle_s=plan.idle_s,
            environment=plan.environment, root=ROOT,
        )  # fmt: skip
    reports = {}
    for name, process in running.items():
        output, _ = process.communicate(timeout=900)
        found = {} if process.returncode else json.loads((folder / f"{name}.json").read_text("utf-8"))
        reports[name] = Report(process.returncode, output, found)
    return reports


def documented() -> list[str]:
    """The patterns of the table of files in docs/SECURITY.md."""
    text = (ROOT / "docs" / "SECURITY.md").read_text("utf-8")
    section = text.split("## What is written, and where\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row)]


def undocumented(files: Sequence[str]) -> list[str]:
    """Of ``files`` those that no pattern of the documents names; ``*`` does not reach over a slash."""
    patterns = documented()
    return [
        file
        for file in files
        if not any(
            file.count("/") == pattern.count("/") and fnmatch(file, pattern) for pattern in patterns
        )
    ]  # fmt: skip


def names_of(report: Report) -> list[str]:
    return [f"{ask['protocol']} {ask['address']}:{ask['port']} {ask['name']} {ask['process']}" for ask in report.asks]


# ---- a short form, for `make test`

SHORT = {
    "serve": Plan("serve", 15, 10),
    "calls out": Plan("names_and_addresses", 1, 1),
}


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    return performed(SHORT, tmp_path_factory.mktemp("short"))


def test_a_program_that_calls_out_is_caught(short: dict[str, Report]) -> None:
    report = short["calls out"].held()
    asked = {(ask["protocol"], ask["port"], ask["name"]) for ask in report.asks}
    assert ("udp", 53, "news.example") in asked
    assert ("tcp", 80, "news.example") in asked
    assert {("203.0.113.9", 443), ("2001:db8::7", 4500)} <= {(ask["address"], ask["port"]) for ask in report.asks}
    (request,) = [ask for ask in report.asks if ask["port"] == 80]
    assert request["sent"].startswith("GET /latest?id=7 HTTP/1.1")
    assert "python" in request["process"], "and it says who"


def test_the_service_asks_nobody_and_writes_what_the_documents_name(short: dict[str, Report]) -> None:
    report = short["serve"].held()
    assert names_of(report) == []
    assert undocumented(report.found["files"]) == []


# ---- the whole, for CI

SPEECH_S = IDLE_S = float(os.environ.get("SOTTOVOCE_TEST_SINK_S", "120"))
"""Of each use; less for a quick look by hand."""
WAVE_S = SPEECH_S + 10
CACHE = "SOTTOVOCE_CACHE={scratch}/cache"
PROXY = "http://192.168.77.9:3128"

USES = {
    "serve": Plan("serve", SPEECH_S, IDLE_S),
    "live": Plan("live", SPEECH_S, IDLE_S),
    "translate": Plan("translate", SPEECH_S, IDLE_S),
    "doctor": Plan("doctor", SPEECH_S, IDLE_S),
    "file": Plan("file", SPEECH_S, IDLE_S, WAVE_S),
    "embedded": Plan("embedded", SPEECH_S, IDLE_S, WAVE_S),
    "pages": Plan("pages", SPEECH_S, IDLE_S, WAVE_S),
    "bench": Plan("bench", SPEECH_S, IDLE_S, 2 * WAVE_S),
    "serve --lan": Plan("serve_lan", SPEECH_S, IDLE_S, 2 * WAVE_S),
    "kiosk's browser": Plan("kiosk_browser", SPEECH_S, IDLE_S, 2 * WAVE_S),
    "no home": Plan("serve", SPEECH_S / 2, SPEECH_S / 2, 2 * WAVE_S, ("HOME=", CACHE)),
    "a home that cannot be written": Plan(
        "serve", SPEECH_S / 2, SPEECH_S / 2, 3 * WAVE_S, ("HOME=/proc/nobody", CACHE)
    ),
    "a proxy": Plan(
        "live_room", SPEECH_S / 2, SPEECH_S / 2, 3 * WAVE_S,
        tuple(f"{name}={PROXY}" for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy")),
    ),
    "a token of the hub": Plan(
        "serve", SPEECH_S / 2, SPEECH_S / 2, 3 * WAVE_S, ("HF_TOKEN=hf_abcdefgh", "HF_HUB_OFFLINE=0")
    ),
}  # fmt: skip
CONTROLS = {
    "onnxruntime": Plan("onnxruntime", 60, 0, WAVE_S),
    "another page": Plan("other_page", 0, 1, WAVE_S),
    "pages' policy": Plan("policy", 0, 1, 3 * WAVE_S),
}
SPOKEN = ("serve", "live", "live_room", "serve_lan", "embedded", "kiosk_browser")
"""Uses whose texts are what was recognised: one comes at least every twelve seconds, to the end."""
FOR_MINUTES = [name for name, plan in USES.items() if plan.speech_s == SPEECH_S]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    return performed(USES | CONTROLS, tmp_path_factory.mktemp("long"))


@pytest.mark.parametrize("name", USES)
@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(1200)
def test_for_minutes_nobody_is_asked(reports: dict[str, Report], name: str) -> None:
    report = reports[name].held()
    if name == "serve --lan":
        multicast = [ask for ask in report.asks if ask["address"] in MDNS and ask["port"] == 5353]
        assert multicast, "it tells the network that it is there"
        assert [ask for ask in report.asks if ask not in multicast] == []
    else:
        assert names_of(report) == []
    if USES[name].use in SPOKEN:
        assert len(report.found["said"]["texts"]) >= USES[name].speech_s / 12
    if name in FOR_MINUTES:
        assert report.found["took_s"] >= SPEECH_S + IDLE_S


@pytest.mark.parametrize("name", USES)
@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(1200)
def test_what_is_written_is_what_the_documents_name(reports: dict[str, Report], name: str) -> None:
    assert undocumented(reports[name].held().found["files"]) == []


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(1200)
def test_the_library_that_called_home_is_caught(reports: dict[str, Report]) -> None:
    """ONNX Runtime, as versions before 0.2 loaded it: the test that these versions would have failed."""
    report = reports["onnxruntime"].held()
    assert any(name.endswith(".events.data.microsoft.com") for name in report.names), names_of(report)
    assert [file for file in undocumented(report.found["files"]) if "/Microsoft/" in file]


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(1200)
def test_the_pages_policy_lets_nothing_out(reports: dict[str, Report]) -> None:
    free = reports["another page"].held()
    assert {f"{way}.example" for way in TRIED} <= free.names, "without a policy every way leads out"
    report = reports["pages' policy"].held()
    kinds = {"connect-src", "font-src", "form-action", "frame-src", "img-src", "media-src"}
    for page, refused in report.found["said"]["refused"].items():
        assert kinds <= set(refused), page
    # Chromium looks up the host of a frame or a form, and may open a connection, before it asks the policy.
    assert report.names <= {"frame.example", "form.example"}
    assert [ask for ask in report.asks if ask["port"] != 53 and ask["sent"]] == []
