"""``sottovoce bench``: how late, how right and how steady captions are on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from translate.cli.options import codes, configured
from translate.config import Config

if TYPE_CHECKING:
    from translate.bench.clock import Clock

__all__ = ["bench"]

_OF_SPEECH = ("latency", "quality", "stability", "silence", "load", "decode", "baselines")
"""What `all` stands for."""
_PARTS = (*_OF_SPEECH, "robust", "fanout", "cost", "soak", "all")
_TROUBLES = tuple("clipped telephone whispered voice-10 voice-0 music silence bursts monologue".split())  # noqa: SIM905
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False, writable=True)


@click.command(short_help="Measure captions on recorded speech.")
@click.argument("what", nargs=-1, type=click.Choice(_PARTS), metavar="[WHAT]...")
@click.option("--material", type=_FOLDER, metavar="FOLDER", help="Clips with a manifest.tsv (default: five samples).")
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
    sottovoce bench                                        commit and show latency on five samples
    sottovoce bench quality --material speech --lang es    word errors beside the same model offline
    sottovoce bench all --minutes 10 --plot plot.svg       ten minutes of each language, and a picture
    sottovoce bench robust --lang es --trouble music       one trouble, on a minute and a half of Spanish
    sottovoce bench fanout --listeners 500
    sottovoce bench cost --to en,de
    sottovoce bench soak --to en --minutes 60
    """
    if "fanout" in what:
        from translate.cli.fanout import run as fan_out

        fan_out(what, listeners, json_file)
        return
    from translate.cli.clips import Choice

    choice = Choice(material, langs, limit, seed)
    if "soak" in what:
        from translate.cli.soak import run as soak

        soak(what, config, choice.clips(), codes(targets),
             minutes=minutes or 60.0, speakers=speakers, json_file=json_file)  # fmt: skip
        return
    from translate.cli.measure import Files, Wish, run

    parts = frozenset(what or ("latency", "stability")) - {"all"} | frozenset(_OF_SPEECH if "all" in what else ())
    wish = Wish(parts, codes(targets), clock, minutes, speakers, troubles, prices, watts)
    run(wish, choice, config, Files(json_file, plot_file, logs))
