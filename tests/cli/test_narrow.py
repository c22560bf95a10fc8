"""Terminals that are narrow, that obey nothing, or that are none."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from rich.console import Console

from translate.cli import top
from translate.cli.model_list import model_table
from translate.cli.welcome import qr_if_it_fits
from translate.events import Lag, Transcript, Translation
from translate.latency import SessionClock
from translate.output.terminal import TerminalCaptions

STATS: dict[str, Any] = {
    "ready": True, "uptime_s": 1, "model": "whisper-base", "stuck": None, "stages": {}, "sessions": 1, "latency": {},
    "listeners_by_language": {"de": 1}, "errors": {"busy": 1},
}  # fmt: skip


def row(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "translation", "pairs": [["de", "en"]], "languages": [], "size_bytes": 8_000_000,
        "installed": True, "where": f"/usr/lib/sottovoce/models/students/{name}/with/a/long/path", "command": None,
        "licence": "CC-BY-SA-4.0 as far as it is ours to give", "commercial_use": True, "quality": {"de-en": 22.2},
        "quality_estimated": [],
    } | more  # fmt: skip


ROWS = [
    row("de-en"),
    row("nllb-200-distilled-600m", where=None, command="sottovoce models pull nllb", commercial_use=False),
    row("broken", where="damaged: /somewhere"),
]


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 100])
def test_a_narrow_list_of_models_has_a_line_for_each(columns: int) -> None:
    screen = io.StringIO()
    Console(file=screen, width=columns, color_system=None).print(model_table(ROWS, columns))
    lines = screen.getvalue().splitlines()
    assert len(lines) == 1 + len(ROWS)
    assert max(map(len, lines)) <= columns
    if columns >= 60:
        assert "nllb-200-distilled-600m" in lines[2]
        assert "no (non-commercial)" in lines[2]
        assert "damaged" in lines[3]


def test_a_wide_list_of_models_says_where_they_are() -> None:
    screen = io.StringIO()
    Console(file=screen, width=200, color_system=None).print(model_table(ROWS, 200))
    assert ROWS[0]["where"] in screen.getvalue()
    assert "as far as it is ours to give" in screen.getvalue()


@pytest.mark.parametrize(
    ("environment", "shows"),
    [
        ({"TERM": "xterm-256color"}, True), ({"TERM": "dumb"}, False), ({"TERM": ""}, False), ({}, False),
        ({"TERM": "unknown"}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)  # fmt: skip
def test_a_code_is_drawn_where_its_colours_can_be(
    environment: dict[str, str], shows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "100")
    screen = SimpleNamespace(isatty=lambda: True, encoding="utf-8")
    assert (qr_if_it_fits("https://host:8766/", screen) is not None) == shows  # type: ignore[arg-type]
    monkeypatch.setenv("COLUMNS", "20")
    assert qr_if_it_fits("https://host:8766/", screen) is None  # type: ignore[arg-type]


WIDE = "日本語の長い文章です。とても長い"


@pytest.mark.parametrize("height", [1, 2, 5])
@pytest.mark.parametrize("width", [1, 2, 3, 7, 20])
def test_no_finished_word_is_lost_on_any_screen(width: int, height: int) -> None:
    screen = io.StringIO()
    shown = Console(file=screen, force_terminal=True, width=width, height=height, color_system=None)
    with TerminalCaptions(("ja",), SessionClock(), shown) as captions:
        captions.add(Transcript(0, 1, "en", "hello world", " and more", False, 0, 1))
        captions.add(Lag("recognition", 3000))
        captions.add(Transcript(0, 2, "en", "hello world", "", True, 0, 1))
        screen.truncate(screen.seek(0))  # what was drawn until now may change
        captions.add(Translation(0, 1, "ja", WIDE, "", True, 2))
    assert set("helloworld" + WIDE) <= set(screen.getvalue())
    shown.print(top._screen(STATS, None, "http://host:1/"))


@pytest.mark.parametrize("terminal", ["dumb", "none"])
def test_the_service_is_watched_line_by_line_where_nothing_can_be_drawn_over(
    terminal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([STATS, STATS | {"errors": {"busy": 3}}])
    screen = io.StringIO()
    environment = {"TERM": "dumb"} if terminal == "dumb" else {}
    shown = Console(file=screen, force_terminal=terminal == "dumb", width=80, _environ=environment)
    monkeypatch.setattr(top, "console", lambda: shown)
    monkeypatch.setattr(top.Stats, "ask", lambda _self: next(looks, None) or (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(click.Abort):
        top.top.main(["--every", "0.2", "--config", str(Path("/dev/null"))], standalone_mode=False)
    assert screen.getvalue().count("whisper-base") == 2
    assert "busy 3 (+2)" in screen.getvalue()
    assert "\x1b" not in screen.getvalue()
