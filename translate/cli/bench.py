"""``sottovoce bench``: how late, how right and how steady captions are on this machine."""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

import translate
from translate.cli.options import configured
from translate.config import Config
from translate.errors import ConfigError
from translate.languages import canonical

if TYPE_CHECKING:
    from translate.bench.clock import Clock
    from translate.bench.material import Clip, Recording
    from translate.bench.results import Report, Setting
    from translate.bench.suite import Request, Suite
    from translate.events import Samples

__all__ = ["bench"]

_OF_SPEECH = ("latency", "quality", "stability", "silence", "load", "decode", "baselines")
"""What `all` stands for."""
_PARTS = (*_OF_SPEECH, "robust", "fanout", "cost", "soak", "all")
_TROUBLES = tuple("clipped telephone whispered voice-10 voice-0 music silence bursts monologue".split())  # noqa: SIM905
_ROBUST_MINUTES = 1.5
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False, writable=True)


@click.command(short_help="Measure captions on recorded speech.")
@click.argument("what", nargs=-1, type=click.Choice(_PARTS), metavar="[WHAT]...")
@click.option("--material", type=_FOLDER, metavar="FOLDER", help="Clips with a manifest.tsv (default: four samples).")
@click.option("--lang", "langs", metavar="LANG[,LANG]", default="", help="Only clips of these languages.")
@click.option("--to", "targets", metavar="LANG[,LANG]", default="", help="Translate, too.")
@click.option("--limit", type=click.IntRange(1), help="At most so many clips of each language, drawn by --seed.")
@click.option("--seed", type=int, default=0, show_default=True, help="For --limit and --minutes.")
@click.option(
    "--minutes",
    type=click.FloatRange(0.1, 240),
    help="Join the clips of each language to so many minutes (robust: 1.5 if not given).",
)
@click.option(
    "--clock",
    type=click.Choice(["virtual", "real"]),
    default="virtual",
    show_default=True,
    help="virtual: skip waiting, charge computing; real: play in real time.",
)
@click.option("--speakers", type=click.IntRange(1, 64), default=8, show_default=True, help="Most to try with load.")
@click.option(
    "--listeners", type=click.IntRange(1, 50_000), multiple=True, metavar="N", help="Sizes of room to try with fanout."
)
@click.option("--prices", type=_FILE, metavar="FILE", help="With cost: prices of services, in TOML.")
@click.option("--watts", type=click.FloatRange(0.1, 1000), metavar="W", help="With cost: power of a busy core.")
@click.option(
    "--trouble", "troubles", type=click.Choice(_TROUBLES), multiple=True, help="With robust: only this one; repeatable."
)
@click.option("--json", "json_file", type=_FILE, metavar="FILE", help="Write all figures as JSON.")
@click.option("--plot", "plot_file", type=_FILE, metavar="FILE.svg", help="Write latency against word errors as SVG.")
@click.option("--logs", type=_FOLDER, metavar="FOLDER", help="Write event logs, with all text, for other scorers.")
@configured
def bench(
    what: tuple[str, ...],
    material: Path | None,
    langs: str,
    targets: str,
    limit: int | None,
    seed: int,
    minutes: float | None,
    clock: Clock,
    speakers: int,
    listeners: tuple[int, ...],
    prices: Path | None,
    watts: float | None,
    troubles: tuple[str, ...],
    json_file: Path | None,
    plot_file: Path | None,
    logs: Path | None,
    config: Config,
) -> None:
    """Measure captions on recorded speech; without WHAT, latency and stability.

    \b
    latency    how late words are committed and shown, and how long each stage takes
    quality    word errors beside the same model offline; with --to, BLEU and chrF
    stability  how much of what was shown is taken back, and how late words are by LongYAAL
    silence    words written where nobody speaks, as far as the material has such clips
    load       how many people can speak at once
    decode     what each model costs by itself
    baselines  the same speech captioned by LocalAgreement-2, and at pauses only
    all        all of the above
    robust     bad sound in mid-talk: clipped, telephone, whispered, music, bursts, ...
    fanout     how long many readers of one room wait for a text
    cost       what an hour of speech costs, here and elsewhere
    soak       the service under speech for an hour: the same at its end?

    \b
    sottovoce bench                                        commit and show latency on four samples
    sottovoce bench quality --material speech --lang es    word errors beside the same model offline
    sottovoce bench all --minutes 10 --plot plot.svg       ten minutes of each language, and a picture
    sottovoce bench robust --lang es --trouble music       one trouble, on a minute and a half of Spanish
    sottovoce bench fanout --listeners 500
    sottovoce bench cost --to en,de
    sottovoce bench soak --to en --minutes 60
    """
    from translate.bench.report import show

    if "fanout" in what:
        _fanout(what, listeners, json_file)
        return
    if "soak" in what:
        from translate.cli.soak import run as soak

        soak(what, config, _clips(material, langs.split(",") if langs else (), limit, seed, frozenset()), targets,
             minutes=minutes or 60.0, speakers=speakers, json_file=json_file)  # fmt: skip
        return
    from translate.cli.ledger import Ledger

    ledger = Ledger(what, prices, watts)
    what = ledger.measured
    chosen = frozenset(what or ("latency", "stability")) - {"all"} | frozenset(_OF_SPEECH if "all" in what else ())
    wanted = [code.strip() for code in langs.split(",") if code.strip()]
    from translate.bench.progress import Progress
    from translate.bench.suite import Request, Suite, check_packages
    from translate.engines import Engines

    if troubles and "robust" not in chosen:
        raise ConfigError("--trouble belongs to robust: add robust")
    check_packages(chosen)
    _check_files(chosen, json_file, plot_file)
    clips = _clips(material, wanted, limit, seed, chosen)
    engines = Engines(config)
    try:
        minutes = minutes or (_ROBUST_MINUTES if "robust" in chosen else None)
        speech, left_out = _speech(clips, engines.sources, minutes, seed)
        request = Request(
            parts=chosen,
            speech=tuple(speech),
            silent=tuple(_silent(clips)) if "silence" in chosen else (),
            targets=tuple(dict.fromkeys(canonical(code.strip()) for code in targets.split(",") if code.strip())),
            clock=clock,
            silent_lang=next((recording.lang for recording in speech), "en"),
            most_speakers=speakers,
            troubles=troubles or _TROUBLES,
            music=_music(clips) if "robust" in chosen else None,
            seed=seed,
        )
        _check(request, left_out)
        with Progress() as progress:
            suite = Suite(request, engines, progress.tick)
            progress.expect(suite.seconds)
            ledger.start()
            report = suite.measure(_setting(request, engines.recognition_name, config, material))
            ledger.stop(request)
    finally:
        engines.close()
    if left_out:
        click.echo(f"sottovoce: left out: {', '.join(left_out)}, which {report.setting.model} does not know", err=True)
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 140)
    show(report, console)
    ledger.show(console)
    _write(report, suite, json_file, plot_file, logs)


def _fanout(what: Sequence[str], listeners: Sequence[int], json_file: Path | None) -> None:
    """No speech and no model: a room full of readers."""
    import asyncio

    from rich.console import Console

    from translate.bench import fanout
    from translate.bench.results import as_json
    from translate.cli.machine import look

    if set(what) != {"fanout"}:
        raise ConfigError("fanout needs the whole machine; run it alone")
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    machine = look()
    click.echo(f"machine: {machine.processor}, {machine.cores} cores, load average before: {load}")
    found = [asyncio.run(fanout.measure(count, fanout.SECONDS)) for count in listeners or fanout.LISTENERS]
    Console(width=None if sys.stdout.isatty() else 140).print(fanout.table(found))
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(found), indent=2) + "\n", encoding="utf-8")


def _clips(
    folder: Path | None, langs: Sequence[str], limit: int | None, seed: int, chosen: frozenset[str]
) -> list[Clip]:
    from translate.bench.material import SPEECHLESS, load_material, select

    clips = load_material(folder)
    if langs:
        spoken = [canonical(lang) for lang in langs if lang not in SPEECHLESS]
        there = sorted({clip.lang for clip in clips} - SPEECHLESS)
        if spoken and not set(spoken) & set(there):
            raise ConfigError(f"the material has no clips in {', '.join(spoken)}; it has {', '.join(there) or 'none'}")
        clips = select(clips, langs=[*spoken, *SPEECHLESS])
    if chosen == {"silence"}:
        clips = [clip for clip in clips if clip.wordless]
    return select(clips, limit=limit, seed=seed)


def _speech(
    clips: Sequence[Clip], known: Sequence[str], minutes: float | None, seed: int
) -> tuple[list[Recording], list[str]]:
    """The recordings of speech, and the languages that the model does not know."""
    from translate.bench.material import SPEECHLESS, join, read

    spoken = [clip for clip in clips if clip.lang not in SPEECHLESS]
    left_out = sorted({clip.lang for clip in spoken} - set(known))
    spoken = [clip for clip in spoken if clip.lang in known]
    if minutes is None:
        return [read(clip) for clip in spoken], left_out
    found = dict.fromkeys(clip.lang for clip in spoken)
    joined = [join([c for c in spoken if c.lang == lang], minutes=minutes, seed=seed) for lang in found]
    return joined, left_out


def _silent(clips: Sequence[Clip]) -> list[Recording]:
    from translate.bench.material import read

    return [read(clip) for clip in clips if clip.wordless]


def _music(clips: Sequence[Clip]) -> Samples | None:
    """The first music of the material."""
    from translate.bench.material import read

    music = next((clip for clip in clips if clip.lang == "music" or "music" in clip.kind), None)
    return None if music is None else read(music).speech


def _check_files(parts: frozenset[str], json_file: Path | None, plot_file: Path | None) -> None:
    """Raises ConfigError for files that could not be written when minutes have gone into their figures."""
    for file in (json_file, plot_file):
        if file is not None and not file.absolute().parent.is_dir():
            raise ConfigError(f"cannot write {file}: there is no folder {file.absolute().parent}")
    if plot_file is not None and plot_file.suffix.lower() != ".svg":
        raise ConfigError(f"--plot writes SVG: give {plot_file.name} the ending .svg")
    if plot_file is not None and not parts & {"quality", "baselines"}:
        raise ConfigError("--plot shows latency against word errors: add quality or baselines")


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


def _setting(request: Request, model: str, config: Config, material: Path | None) -> Setting:
    from translate.bench.results import Setting
    from translate.cli.machine import look

    machine = look()
    return Setting(
        date=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        version=translate.__version__,
        processor=machine.processor,
        cores=machine.cores,
        load_average=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        model=model,
        compute_type=config.asr.compute_type,
        threads=config.asr.threads or min(4, machine.cores),
        clock=request.clock,
        material=material.name if material is not None else "bundled samples",
        recordings=len(request.speech),
        seconds=sum(recording.seconds for recording in request.speech),
    )


def _write(report: Report, suite: Suite, json_file: Path | None, plot_file: Path | None, logs: Path | None) -> None:
    from translate.bench.logs import write_logs
    from translate.bench.report import plot
    from translate.bench.results import as_json

    if json_file is not None:
        json_file.write_text(json.dumps(as_json(report), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if plot_file is not None:
        drawn = plot(report)
        if drawn is None:
            raise ConfigError("nothing to plot: no words were committed, or no transcripts are known")
        plot_file.write_text(drawn, encoding="utf-8")
    for name, runs in suite.runs.items() if logs is not None else ():
        assert logs is not None  # for mypy, which does not see the condition above
        stem = "-".join("".join(c if c.isalnum() else " " for c in name).split())
        write_logs(logs, stem, runs)
        for lang in report.systems[0].translations if name == report.systems[0].name else ():
            write_logs(logs, f"{stem}-{lang}", [run for run in runs if run.recording.lang != lang], lang)
