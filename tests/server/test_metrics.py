"""What ``/metrics`` and ``sottovoce top`` show, held against what was counted."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

import translate
from translate.cli.top import top
from translate.events import Lag, Marks, Notice, Transcript, Translation
from translate.server.metrics.delays import Histogram
from translate.server.metrics.exposition import exposition
from translate.server.metrics.metrics import Load, Metrics

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
GRAFANA = Path(__file__).parents[2] / "packaging" / "grafana.json"


def parsed(metrics: Metrics) -> Samples:
    body, content_type = exposition(metrics)
    assert content_type.startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(body.decode()))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation and family.type != "unknown" for family in families)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def busy() -> Metrics:
    metrics = Metrics()
    metrics.load = lambda: Load(
        sessions=2, rooms=3, connections={"listener": 5, "speaker": 2}, listeners={"de": 4, "en": 2}, model="m"
    )
    marks = Marks(capture=1000.0, received=1010.0, vad=1012.0, asr_start=1100.0, asr_end=1350.0)
    metrics.event(Transcript(0, 1, "es", "text that was said", "", True, 0, 1, (), marks))
    metrics.event(
        Translation(0, 1, "de", "Gesagtes", "", True, 1, Marks(asr_end=1350.0, mt_start=1360.0, mt_end=1400.0))
    )
    metrics.event(Lag("recognition", 2500))
    metrics.event(Notice("device_lost", "gone"))
    metrics.errors["busy"] += 2
    metrics.shed["capacity"] += 1
    metrics.restarts = lambda: {"recognition": 3}
    return metrics


def test_every_figure_is_there_in_base_units() -> None:
    found = parsed(busy())
    assert found["sottovoce_sessions", ()] == 2
    assert found["sottovoce_listeners", (("lang", "de"),)] == 4
    assert found["sottovoce_connections", (("role", "listener"),)] == 5
    assert found["sottovoce_lag_seconds", (("stage", "recognition"),)] == 2.5
    assert found["sottovoce_errors_total", (("code", "busy"),)] == 2
    assert found["sottovoce_sheds_total", (("reason", "capacity"),)] == 1
    assert found["sottovoce_sheds_total", (("reason", "busy"),)] == 2
    assert found["sottovoce_worker_restarts_total", (("worker", "recognition"),)] == 3
    assert found["sottovoce_device_state", (("state", "lost"),)] == 1
    assert found["sottovoce_device_state", (("state", "ok"),)] == 0
    assert found["sottovoce_ready", ()] == 1
    (build,) = (dict(labels) for name, labels in found if name == "sottovoce_build_info")
    assert (build["version"], build["model"]) == (translate.__version__, "m")
    assert found["sottovoce_stage_seconds_count", (("stage", "asr"),)] == 1
    assert found["sottovoce_stage_seconds_sum", (("stage", "asr"),)] == pytest.approx(0.25)
    assert found["process_resident_memory_bytes", ()] > 1e6
    assert found["process_open_fds", ()] > 2
    assert found["process_cpu_seconds_total", ()] > 0


def test_nothing_of_what_was_said_is_in_it() -> None:
    body, _ = exposition(busy())
    assert b"said" not in body
    assert b"Gesagtes" not in body


def test_a_lag_is_over_when_nobody_speaks() -> None:
    metrics = busy()
    metrics.load = Load
    assert parsed(metrics)["sottovoce_lag_seconds", (("stage", "recognition"),)] == 0
    assert metrics.as_dict()["lag_ms"] == {"recognition": 0}


def test_two_servers_in_a_process_count_apart() -> None:
    one, other = busy(), Metrics()
    assert parsed(one)["sottovoce_sessions", ()] == 2
    assert parsed(other)["sottovoce_sessions", ()] == 0


@given(st.lists(st.floats(-10, 1e7)))
def test_buckets_count_every_duration_at_or_under_their_edge(durations_ms: list[float]) -> None:
    histogram = Histogram()
    for value in durations_ms:
        histogram.add(value)
    before = 0
    for edge_s, count in histogram.cumulative():
        # Buckets are a tenth wide: what lies within one of the edge may count on either side of it.
        surely = sum(value <= edge_s * 1000 / 1.1 for value in durations_ms)
        perhaps = sum(value <= edge_s * 1000 * 1.1 for value in durations_ms)
        assert surely <= count <= perhaps
        assert count >= before
        before = count
    assert histogram.count == len(durations_ms)


def test_the_dashboard_asks_only_for_what_there_is() -> None:
    names = {name for name, _ in parsed(busy())}
    dashboard = json.loads(GRAFANA.read_text("utf-8"))
    asked: set[str] = set()
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            words = "".join(c if c.isalnum() or c in "_:" else " " for c in target["expr"]).split()
            asked |= {word for word in words if word.startswith(("sottovoce_", "process_"))}
    assert len(asked) > 12
    assert asked <= names
    places = [(p["gridPos"]["x"], p["gridPos"]["y"], p["gridPos"]["w"], p["gridPos"]["h"]) for p in dashboard["panels"]]
    assert all(x + w <= 24 for x, _, w, _ in places)
    cells = [(x + i, y + j) for x, y, w, h in places for i in range(w) for j in range(h)]
    assert len(cells) == len(set(cells)), "panels overlap"


class Site(BaseHTTPRequestHandler):
    """Answers ``/stats`` as a service does, or as something else."""

    answers: list[tuple[int, bytes]]
    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        type(self).asked.append({"path": self.path, **dict(self.headers)})
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Not on the terminal of the tests."""


@pytest.fixture
def site() -> Iterator[tuple[str, type[Site]]]:
    handler = type("OneSite", (Site,), {"answers": [], "asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


def test_top_shows_load_stages_and_troubles(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    stats = {
        "ready": True,
        "sessions": 2,
        "rooms": 3,
        "model": "m",
        "listeners": 5,
        "connections": 7,
    } | busy().as_dict()
    stats |= {"listeners_by_language": {"de": 4}, "stuck": "session 5f stands still"}
    handler.answers = [(200, json.dumps(stats).encode())]
    shown = CliRunner().invoke(top, [f"{url}/kiosk#t=secret", "--once"], catch_exceptions=False).output
    parts = ("sessions 2", "listeners 5", "de 4", "recognition", "250", "behind 2.5 s", "busy 2", "microphone: lost")
    for part in (*parts, "session 5f stands still", "recognition 3"):
        assert part in shown, shown
    assert "secret" not in shown
    assert handler.asked[0]["path"] == "/stats"
    assert handler.asked[0]["Authorization"] == "Bearer secret"
    told = CliRunner().invoke(top, [url, "--once", "--json"], catch_exceptions=False).output
    assert json.loads(told) == stats


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ((200, b"<html>"), "is not Sottovoce"),
        ((200, b"[1]"), "is not Sottovoce"),
        ((404, b""), "is not Sottovoce (HTTP 404)"),
        ((401, b""), "operator's link"),
    ],
)
def test_top_says_what_else_answers(site: tuple[str, type[Site]], answer: tuple[int, bytes], part: str) -> None:
    url, handler = site
    handler.answers = [answer]
    ran = CliRunner().invoke(top, [url, "--once"])
    assert part in str(ran.exception)
    assert len(str(ran.exception).splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "part"), [("ftp://x", "not the address"), ("http://127.0.0.1:1", "no service answers")]
)
def test_top_says_when_nothing_answers(url: str, part: str) -> None:
    assert part in str(CliRunner().invoke(top, [url, "--once"]).exception)


def test_the_shortest_duration_has_a_bucket() -> None:
    histogram = Histogram()
    histogram.add(0.0)
    histogram.add(math.nextafter(0.1, 1))
    assert next(histogram.cumulative())[1] == 1
