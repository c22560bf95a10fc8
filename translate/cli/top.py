"""``sottovoce top``: what a running service does, live in the terminal."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from translate.cli.options import configured_to_watch
from translate.cli.output import console
from translate.config import Config
from translate.errors import SottovoceError
from translate.service.stats import Stats

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["top"]

_STAGES: Final = {
    "receive": "microphone to service",
    "vad": "speech detector",
    "asr_wait": "waiting for recognition",
    "asr": "recognition",
    "mt_wait": "waiting for translation",
    "mt": "translation",
    "send": "made to sent",
    "capture_to_sent": "spoken to sent",
    "paint": "sent to painted",
    "glass_to_glass": "spoken to painted",
}


@click.command(short_help="Watch a running service.")
@click.argument("url", required=False)
@click.option("--once", is_flag=True, help="Show it once and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a look instead of tables.")
@click.option("--every", "every_s", type=click.FloatRange(0.2, 3600), default=1.0, show_default=True, help="Seconds.")
@click.option("--authority", type=click.Path(path_type=Path), metavar="FILE", help="Certificate to trust with https.")
@configured_to_watch
def top(url: str | None, once: bool, as_json: bool, every_s: float, authority: Path | None, config: Config) -> None:
    """Watch a running service: load, delays of each stage, and what went wrong. Ctrl-C ends.

    URL: its address, of another machine an operator's link; without, that of the service on this machine.
    """
    service = Stats(url or f"http://127.0.0.1:{config.server.port}/", authority)
    if as_json:
        while True:
            click.echo(json.dumps(service.ask()))
            if once:
                return
            time.sleep(every_s)
    shown = console()
    if once or not shown.is_terminal or shown.is_dumb_terminal:  # nothing can be drawn over there
        _looks(service, shown, 1 if once else None, every_s)
        return
    _live(service, shown, every_s)


def _looks(service: Stats, shown: Console, times: int | None, every_s: float) -> None:
    """One look below the other."""
    before: dict[str, Any] | None = None
    for number in itertools.count(1):
        stats = service.ask()
        shown.print(_screen(stats, before, service.name))
        before = stats
        if number == times:
            return
        time.sleep(every_s)


def _live(service: Stats, shown: Console, every_s: float) -> None:
    from rich.live import Live
    from rich.text import Text

    before: dict[str, Any] | None = None
    stats = service.ask()  # an address where nothing answers is an error; later it is only a pause
    with Live(_screen(stats, None, service.name), console=shown, auto_refresh=False, screen=True) as live:
        while True:
            time.sleep(every_s)
            try:
                before, stats = stats, service.ask()
                live.update(_screen(stats, before, service.name), refresh=True)
            except SottovoceError as error:
                live.update(Text(f"{error}; trying again", style="red"), refresh=True)


def _screen(stats: dict[str, Any], before: dict[str, Any] | None, address: str) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    state = Text("ready", style="bold green") if stats.get("ready") else Text("NOT READY", style="bold red")
    head = Text.assemble(
        ("Sottovoce ", "bold"), f"{address}  ", state,
        f"  up {_duration(stats['uptime_s'])}  {stats.get('model', '')}",
    )  # fmt: skip
    parts: list[RenderableType] = [head]
    if stats.get("stuck"):
        parts.append(Text(str(stats["stuck"]), style="bold red"))
    parts += [Text(_load_line(stats)), Text(_reading_line(stats), style="dim"), _stages(stats)]
    parts += [Text(line, style="yellow") for line in _troubles(stats, before)]
    return Group(*parts)


def _load_line(stats: dict[str, Any]) -> str:
    memory = f"   memory {stats['rss_bytes'] / 1e6:.0f} MB" if stats.get("rss_bytes") else ""
    lag = max(stats.get("lag_ms", {}).values(), default=0)
    behind = f"   behind {lag / 1000:.1f} s" if lag else ""
    counts = ((stats.get(name, 0), name) for name in ("sessions", "rooms", "speakers", "listeners", "connections"))
    return "   ".join(f"{name} {count}" for count, name in counts) + memory + behind


def _reading_line(stats: dict[str, Any]) -> str:
    read = stats.get("listeners_by_language", {})
    return "reading " + ", ".join(f"{lang} {count}" for lang, count in read.items()) if read else "nobody reads"


def _stages(stats: dict[str, Any]) -> RenderableType:
    from rich.table import Table

    table = Table("milliseconds, of late", box=None, pad_edge=False)
    for name in ("p50", "p95", "p99", "max", "count"):
        table.add_column(name, justify="right")
    latency = stats.get("recent_latency_ms", stats.get("latency_ms", {}))
    for stage in [*(name for name in _STAGES if name in latency), *(name for name in latency if name not in _STAGES)]:
        row = latency[stage]
        figures = [f"{row[name]:.0f}" for name in ("p50", "p95", "p99", "max", "count")]
        table.add_row(_STAGES.get(stage, stage), *figures)
    return table


def _troubles(stats: dict[str, Any], before: dict[str, Any] | None) -> list[str]:
    """What went wrong since the start, and how much of it since the last look."""
    found = []
    for title in ("errors", "sheds", "restarts", "notices"):
        counts: dict[str, int] = stats.get(title) or {}
        earlier = (before or {}).get(title) or {}
        told = [
            f"{name} {count}"
            + (f" (+{count - earlier.get(name, 0)})" if before and count > earlier.get(name, 0) else "")
            for name, count in counts.items()
        ]
        if told:
            found.append(f"{title}: {', '.join(told)}")
    if stats.get("device") not in (None, "ok"):
        found.append(f"microphone: {stats['device']}")
    if stats.get("transcript_failures"):
        found.append(f"transcripts could not be written {stats['transcript_failures']} times")
    return found


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
