"""``sottovoce config``: a settings file to start from, what is in force, and what is wrong."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from translate.config.load import DEFAULT, Reading, default_files, read_config, user_file
from translate.config.template import effective, template
from translate.errors import ConfigError

__all__ = ["config"]

_FILE = click.Path(path_type=Path)


@click.group(short_help="Settings: write, show or check a file.")
def config() -> None:
    """Settings: write a file to start from, show what is in force, check a file."""


@config.command(short_help="Write a settings file with every key as a comment.")
@click.argument("file", type=_FILE, required=False)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(file: Path | None, force: bool) -> None:
    """Write a settings file with every key as a comment; without FILE the user's own; `-`: to standard output."""
    if file is not None and str(file) == "-":
        click.echo(template(), nl=False)
        return
    path = file or user_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if force else "x", encoding="utf-8") as out:
            out.write(template())
    except FileExistsError:
        raise ConfigError(f"{path} is there already; --force replaces it") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot write {path}: {reason}; name another file, and give it with --config") from error
    click.echo(f"wrote {path}")


@config.command()
@click.option("--config", "path", type=_FILE, metavar="FILE", help="In place of the usual files.")
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(path: Path | None, changed: bool, as_json: bool) -> None:
    """Show the settings in force, and where each comes from."""
    reading = read_config((path,) if path is not None else default_files())
    if as_json:
        click.echo(json.dumps(_as_json(reading, changed_only=changed), ensure_ascii=False, indent=1))
    else:
        click.echo(effective(reading, changed_only=changed) or "# every setting has its default\n", nl=False)
    _complain(reading)


@config.command(short_help="Say everything that is wrong in a file.")
@click.argument("file", type=_FILE, required=False)
def check(file: Path | None) -> None:
    """Say everything that is wrong in FILE, a line for each; without FILE in the usual files and the environment.

    Exit status 0 when all is well, 2 when something is not.
    """
    files = (file,) if file is not None else default_files()
    reading = read_config(files, environment={} if file is not None else os.environ)
    _complain(reading)
    count = sum(origin != DEFAULT for origin in reading.origins.values())
    where = ", ".join(map(str, files)) or "no settings file"
    click.echo(f"{where}: {count} {'setting' if count == 1 else 'settings'}, all good")


def _as_json(reading: Reading, *, changed_only: bool) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = {}
    for (group, key), origin in reading.origins.items():
        if not changed_only or origin != DEFAULT:
            value = getattr(getattr(reading.config, group), key)
            found.setdefault(group, {})[key] = {"value": value, "origin": origin}
    return found


def _complain(reading: Reading) -> None:
    if not reading.problems:
        return
    for problem in reading.problems:
        click.echo(" ".join(problem.split()), err=True)
    sys.exit(ConfigError.exit_status)
