"""Options that several commands share, and what they make of them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from translate.config import load_config
from translate.errors import ConfigError
from translate.languages import canonical

__all__ = ["Wanted", "configured", "languages_wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which languages a session is about."""

    spoken: str
    """Canonical code, or ``auto``."""
    targets: tuple[str, ...]
    allowed: tuple[str, ...]
    mode: Literal["fast", "calm"]


def languages_wanted(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--from``, ``--to``, ``--allow`` and ``--calm``; the command gets ``wanted: Wanted``."""

    @functools.wraps(command)
    def wrapped(*args: Any, spoken: str, targets: str, allow: str, calm: bool, **kwargs: Any) -> Any:
        source = "auto" if spoken.strip().lower() == "auto" else canonical(spoken.strip())
        wanted = Wanted(source, _codes(targets), _codes(allow), "calm" if calm else "fast")
        return command(*args, wanted=wanted, **kwargs)

    for decorate in (
        click.option("--calm", is_flag=True, help="Show only text that will not change any more."),
        click.option("--allow", metavar="LANG[,LANG]", default="", help="Languages that `--from auto` may find."),
        click.option("--to", "targets", metavar="LANG[,LANG]", default="", help="Languages to translate into."),
        click.option("--from", "spoken", metavar="LANG", default="auto", show_default=True, help="Language spoken."),
    ):
        wrapped = decorate(wrapped)
    return wrapped


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--config``, ``--set``, ``--model`` and ``--verbose``; the command gets ``config: Config``."""

    @functools.wraps(command)
    def wrapped(
        *args: Any, path_of_config: Path | None, assignments: tuple[str, ...], model: str | None, **kwargs: Any
    ) -> Any:
        flags = _flags(assignments)
        if model is not None:
            flags.setdefault("asr", {})["model"] = model
        return command(*args, config=load_config(path_of_config, flags=flags), **kwargs)

    for decorate in (
        click.option("--verbose", is_flag=True, expose_value=False, callback=_log, help="Say more on standard error."),
        click.option("--model", metavar="NAME|FOLDER", help="Recognition model (see: sottovoce models list)."),
        click.option(
            "--set", "assignments", metavar="GROUP.KEY=VALUE", multiple=True, help="One setting, as in the TOML file."
        ),
        click.option(
            "--config", "path_of_config", type=click.Path(path_type=Path), metavar="FILE", help="Settings in TOML."
        ),
    ):
        wrapped = decorate(wrapped)
    return wrapped


def _flags(assignments: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    flags: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        group, dot, key = name.partition(".")
        if not equals or not dot:
            raise ConfigError(f"--set takes GROUP.KEY=VALUE, such as asr.cadence_ms=500, not {assignment!r}")
        flags.setdefault(group.strip(), {})[key.strip()] = value.strip()
    return flags


def _codes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonical(part.strip()) for part in text.split(",") if part.strip()))


def _log(_context: click.Context, _parameter: click.Parameter, verbose: bool) -> None:
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
