"""Speakers that are held, the report on screen and in JSON, and the plot."""

from __future__ import annotations

import io
import itertools
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from translate.bench import latency, load, quality, stability
from translate.bench.longyaal import LongYaal
from translate.bench.plot import Point, svg
from translate.bench.record import Run
from translate.bench.report import plot, show
from translate.bench.results import Report, Setting, System, as_json
from translate.bench.robust import Outcome
from translate.bench.spread import Spread

SETTING = Setting(
    date="2026-01-01", version="0", processor="a <fast> one", cores=2, load_average=0.5, model="whisper-tiny.en",
    compute_type="int8", threads=2, clock="virtual", material="talks", recordings=1, seconds=3.0,
)  # fmt: skip


def system(run: Run, name: str = "sottovoce") -> System:
    words = {"all": quality.word_errors(quality.pairs([run]))}
    yaal = LongYaal(300.0, float("nan"), "0.1.10")
    return System(name, latency.measure([run]), stability.measure([run]), yaal, words)


@pytest.mark.parametrize(
    ("medians", "speakers"),
    [([700], 1), ([700, 900, 1300, 1500], 3), ([1500, 2400, 2600], 2), ([3000], 0), ([700, None], 1), ([], 0)],
)
def test_speakers_are_held_while_the_median_is_not_doubled_and_below_the_bound(
    medians: list[float | None], speakers: int
) -> None:
    steps = [load.Step(n, Spread(9, m, m, m) if m is not None else None) for n, m in enumerate(medians, 1)]
    assert load.held(steps) == speakers


def test_the_report_says_where_latency_begins_and_on_what_it_was_taken(hello: Run) -> None:
    out = io.StringIO()
    show(Report(SETTING, (system(hello),), notes=("one note",)), Console(file=out, width=140))
    text = out.getvalue()
    for said in ("a <fast> one", "2 cores", "0.50", "whisper-tiny.en", "word end in the audio", "one note", "0.667"):
        assert said in text
    assert "nan" not in text


def test_json_has_rates_beside_counts_and_no_nan(hello: Run) -> None:
    found = json.loads(json.dumps(as_json(Report(SETTING, (system(hello),))), allow_nan=False))
    ours = found["systems"][0]
    assert ours["latency"]["commit"] == {"count": 3, "median": 500, "p95": 590, "worst": 600}
    assert ours["stability"]["normalised_erasure"] == pytest.approx(0.6667)
    assert ours["words"]["all"] == {"substitutions": 0, "deletions": 0, "insertions": 0, "reference": 3, "rate": 0}
    assert ours["yaal"]["ca_ms"] is None


def test_names_of_points_that_lie_close_do_not_cover_each_other() -> None:
    drawn = svg([Point("sottovoce", 0.8, 20.0), Point("whole segments", 0.9, 20.2), Point("third", 0.85, 19.9)], "x")
    places = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(sottovoce|whole segments|third)</text>', drawn)
    assert len(places) == 3
    heights = sorted(float(y) for _, y, _ in places)
    assert all(lower - upper >= 11 for upper, lower in itertools.pairwise(heights))


def test_the_plot_has_a_point_for_each_system(hello: Run) -> None:
    drawn = plot(Report(SETTING, (system(hello), system(hello, "other & slower")), {"all": quality.Errors(0, 1, 0, 3)}))
    assert drawn is not None
    root = ElementTree.fromstring(drawn)
    texts = [node.text or "" for node in root.iter() if node.tag.endswith("text")]
    assert {"sottovoce", "other & slower", "offline, beam 5"} <= set(texts)
    assert sum(node.tag.endswith("circle") for node in root.iter()) == 2
    assert plot(Report(SETTING, (replace(system(hello), words={}),))) is None


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 300)), min_size=1, max_size=9))
def test_every_point_lies_within_the_axes(places: list[tuple[float, float]]) -> None:
    root = ElementTree.fromstring(svg([Point(str(i), x, y) for i, (x, y) in enumerate(places)], "t"))
    dots = [(float(n.get("cx", 0)), float(n.get("cy", 0))) for n in root.iter() if n.tag.endswith("circle")]
    assert len(dots) == len(places)
    assert all(70 <= x <= 490 and 40 <= y <= 360 for x, y in dots)
    by_latency = sorted(zip(places, dots, strict=True))
    assert all(one[1][0] <= other[1][0] for one, other in itertools.pairwise(by_latency))


def test_troubles_are_shown_with_what_was_before_and_after() -> None:
    errors = [quality.Errors(edits, 0, 0, 200) for edits in (20, 90, 80, 24, 26)]
    spreads = [Spread(9, ms, 2 * ms, 3 * ms) for ms in (810.0, 1220.0, 930.0)]
    clipped = Outcome("clipped", *errors, 7, 0, None, *spreads, 2.44, 11.6)
    silence = Outcome("silence", None, None, None, *errors[3:], 0, 0, 3, spreads[0], None, None, None, None)
    text = io.StringIO()
    show(Report(SETTING, robust=(clipped, silence)), Console(file=text, width=120))
    rows = [[cell.strip() for cell in line.strip("│\n").split("│")] for line in text.getvalue().splitlines()]
    assert ["20 dB too loud, cut off", "10.0", "45.0", "40.0", "12.0", "13.0", "7", "0"] in rows
    assert ["20 dB too loud, cut off", "0.81", "1.22", "2.44", "0.93", "2.4", "+12"] in rows
    assert ["5 minutes of silence: 3 words", "-", "-", "-", "12.0", "13.0", "0", "0"] in rows
    assert ["5 minutes of silence: 3 words", "0.81", "-", "-", "-", "-", "-"] in rows
    assert as_json(clipped)["troubled"]["rate"] == 0.45
