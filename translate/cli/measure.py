"""``sottovoce bench`` with what the suite measures on recorded speech."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

import translate
from translate.bench.clock import Clock
from translate.bench.logs import write_logs
from translate.bench.material import Clip
from translate.bench.progress import Progress
from translate.bench.report import plot, show
from translate.bench.results import Report, Setting, as_json
from translate.bench.suite import Request, Suite, check_packages
from translate.bench.trouble import TROUBLES
from translate.cli.clips import Choice, music, silent, speech
from translate.cli.cost_table import CostTable
from translate.cli.machine import look
from translate.cli.output import console
from translate.config import Config
from translate.errors import ConfigError
from translate.inference import Engines

__all__ = ["Files", "Wish", "run"]

_ROBUST_MINUTES: Final = 1.5


@dataclass(frozen=True, slots=True)
class Wish:
    """What to measure."""

    parts: frozenset[str]
    """Of the suite, or ``cost``."""
    targets: tuple[str, ...]
    clock: Clock
    minutes: float | None
    """Length to join clips to; ``None``: one clip a recording, where the parts do not need more."""
    speakers: int
    troubles: tuple[str, ...]
    """For ``robust``; none: all."""
    prices: Path | None
    watts: float | None


@dataclass(frozen=True, slots=True)
class Files:
    """Where to write, beside the screen."""

    json: Path | None
    plot: Path | None
    logs: Path | None

    def check(self, parts: frozenset[str]) -> None:
        """Raises ConfigError for what could not be written when minutes have gone into the figures."""
        for file in (self.json, self.plot):
            if file is not None and not file.absolute().parent.is_dir():
                raise ConfigError(f"cannot write {file}: there is no folder {file.absolute().parent}")
        if self.plot is not None and self.plot.suffix.lower() != ".svg":
            raise ConfigError(f"--plot writes SVG: give {self.plot.name} the ending .svg")
        if self.plot is not None and not parts & {"quality", "baselines"}:
            raise ConfigError("--plot shows latency against word errors: add quality or baselines")

    def write(self, report: Report, suite: Suite) -> None:
        """Write what was asked for. Raises ConfigError when there is nothing to plot."""
        if self.json is not None:
            figures = json.dumps(as_json(report), ensure_ascii=False, indent=2)
            self.json.write_text(figures + "\n", encoding="utf-8")
        if self.plot is not None:
            drawn = plot(report)
            if drawn is None:
                raise ConfigError("nothing to plot: no words were committed, or no transcripts are known")
            self.plot.write_text(drawn, encoding="utf-8")
        if self.logs is not None:
            _log(report, suite, self.logs)


def _log(report: Report, suite: Suite, folder: Path) -> None:
    for name, runs in suite.runs.items():
        stem = "-".join("".join(c if c.isalnum() else " " for c in name).split())
        write_logs(folder, stem, runs)
        for lang in report.systems[0].translations if name == report.systems[0].name else ():
            write_logs(folder, f"{stem}-{lang}", [run for run in runs if run.recording.lang != lang], lang)


def run(wish: Wish, choice: Choice, config: Config, files: Files) -> None:
    """Measure, show, and write. Raises ConfigError for what cannot be measured or written."""
    table = CostTable(tuple(wish.parts), wish.prices, wish.watts)
    parts = frozenset(table.measured)
    if wish.troubles and "robust" not in parts:
        raise ConfigError("--trouble belongs to robust: add robust")
    check_packages(parts)
    files.check(parts)
    clips = choice.clips(wordless_only=parts == {"silence"})
    engines = Engines(config)
    try:
        request, left_out = _request(wish, parts, clips, engines.sources, choice.seed)
        _check(request, left_out)
        with Progress() as progress:
            suite = Suite(request, engines, progress.tick)
            progress.expect(suite.seconds)
            table.start()
            report = suite.measure(_setting(request, engines, choice.folder))
            table.stop(request)
    finally:
        engines.close()
    if left_out:
        click.echo(f"sottovoce: left out: {', '.join(left_out)}, which {report.setting.model} does not know", err=True)
    screen = console()
    show(report, screen)
    table.show(screen)
    files.write(report, suite)


def _request(
    wish: Wish, parts: frozenset[str], clips: Sequence[Clip], known: Sequence[str], seed: int
) -> tuple[Request, list[str]]:
    """What to measure on the clips, and those of their languages that the model does not know."""
    minutes = wish.minutes or (_ROBUST_MINUTES if "robust" in parts else None)
    recordings, left_out = speech(clips, known, minutes, seed)
    return Request(
        parts=parts,
        speech=tuple(recordings),
        silent=tuple(silent(clips)) if "silence" in parts else (),
        targets=wish.targets,
        clock=wish.clock,
        silent_lang=next((recording.lang for recording in recordings), "en"),
        most_speakers=wish.speakers,
        troubles=wish.troubles or tuple(TROUBLES),
        music=music(clips) if "robust" in parts else None,
        seed=seed,
    ), left_out


def _check(request: Request, left_out: Sequence[str]) -> None:
    """Raises ConfigError when there is nothing to measure on."""
    parts = request.parts
    if not request.speech and parts - {"silence", "decode"}:
        why = f"; the model does not know {', '.join(left_out)}" if left_out else ""
        raise ConfigError(f"the material has no speech to measure {', '.join(sorted(parts))} on{why}")
    if "robust" in parts and not any(recording.thirds for recording in request.speech):
        raise ConfigError("robust needs six clips of a language or more in a talk; ask for more --minutes")
    if not request.silent and parts == {"silence"}:
        raise ConfigError("the material has no clips of lang none or music; name a folder with some with --material")


def _setting(request: Request, engines: Engines, material: Path | None) -> Setting:
    machine = look()
    return Setting(
        date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        version=translate.__version__,
        processor=machine.processor,
        cores=machine.cores,
        load_average=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        model=engines.recognition_name,
        compute_type=engines.config.asr.compute_type,
        threads=engines.recognition_lanes.threads,
        clock=request.clock,
        material=material.name if material is not None else "bundled samples",
        recordings=len(request.speech),
        seconds=sum(recording.seconds for recording in request.speech),
    )
