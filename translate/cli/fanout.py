"""``sottovoce bench fanout``: no speech and no model, but a room full of readers."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from translate.bench import fanout
from translate.bench.results import as_json
from translate.cli.machine import look
from translate.cli.output import console
from translate.errors import ConfigError

__all__ = ["run"]


def run(what: Sequence[str], listeners: Sequence[int], json_file: Path | None) -> None:
    """Fill rooms of these sizes with readers. Raises ConfigError when something else is asked for, too."""
    if set(what) != {"fanout"}:
        raise ConfigError("fanout needs the whole machine; run it alone")
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    machine = look()
    click.echo(f"machine: {machine.processor}, {machine.cores} cores, load average before: {load}")
    found = [asyncio.run(fanout.measure(count, fanout.SECONDS)) for count in listeners or fanout.LISTENERS]
    console().print(fanout.table(found))
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(found), indent=2) + "\n", encoding="utf-8")
