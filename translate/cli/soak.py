"""``sottovoce bench soak``: the service under speech for an hour, and whether it is then as it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from translate.cli.output import console
from translate.config import Config
from translate.errors import ConfigError, SottovoceError

if TYPE_CHECKING:
    from translate.bench.material import Clip
    from translate.bench.soak import Sample

__all__ = ["run"]


def run(
    what: Sequence[str],
    config: Config,
    clips: Sequence[Clip],
    targets: tuple[str, ...],
    *,
    minutes: float,
    speakers: int,
    json_file: Path | None,
) -> None:
    """Soak the service. Raises ConfigError for what cannot be done, SottovoceError when the verdict is bad."""
    from translate.bench.material import SPEECHLESS, read
    from translate.bench.quality import word_errors
    from translate.bench.results import as_json
    from translate.bench.soak import checks, line, table
    from translate.bench.soak_run import Plan, soak

    if set(what) != {"soak"}:
        raise ConfigError("soak needs the whole machine; run it alone")
    word_errors([])  # an hour later would be a bad time to learn that a package is missing
    known = [clip for clip in clips if clip.lang not in SPEECHLESS and clip.transcript is not None]
    if json_file is not None:
        json_file.write_text("", "utf-8")
    plan = Plan(
        seconds=minutes * 60,
        recordings=tuple(map(read, known)),
        targets=targets,
        most_speakers=speakers,
        interval_s=min(60.0, minutes * 60 / 12),
    )

    def done(sample: Sample) -> None:
        click.echo(line(sample))
        if json_file is not None:
            with json_file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(as_json(sample)) + "\n")

    found = asyncio.run(soak(config, plan, done))
    compared = checks(found.samples, found.missed)
    console().print(table(found.samples, compared))
    click.echo(f"listeners received {found.texts} texts; their connections broke {found.drops} times")
    if found.refused:
        click.echo(f"new sessions were told {found.refused} times to begin later, while captions were late")
    if bad := [check.name for check in compared if not check.good]:
        raise SottovoceError(f"not the same at the end as at the beginning: {', '.join(bad)}")
