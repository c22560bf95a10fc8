"""Options that several commands share, and what they make of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from translate import logs
from translate.config import Config, load_config
from translate.config.load import default_files
from translate.errors import ConfigError
from translate.languages import canonical

__all__ = ["Wanted", "configured", "languages_wanted", "read_again"]

_READ = "translate.cli.options.read"


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
    """Adds ``--config``, ``--set``, ``--model``, ``--verbose`` and ``--log-format``.

    The command gets ``config: Config``; what it logs goes to standard error as ``config.log`` says. The same settings
    can be read again with :func:`read_again`.
    """

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        path_of_config: Path | None,
        assignments: tuple[str, ...],
        model: str | None,
        glossary: Path | None,
        verbose: bool,
        log_format: str | None,
        **kwargs: Any,
    ) -> Any:
        flags = _flags(assignments)
        _put(flags, "asr", "model", model)
        _put(flags, "mt", "glossary", None if glossary is None else str(glossary))
        _put(flags, "log", "level", "info" if verbose else None)
        _put(flags, "log", "format", log_format)

        def read() -> Config:
            return load_config(default_files() if path_of_config is None else path_of_config, flags=flags)

        click.get_current_context().meta[_READ] = read
        config = read()
        logs.configure(config.log)
        return command(*args, config=_with_hotwords(config, kwargs.get("wanted")), **kwargs)

    for decorate in (
        click.option(
            "--log-format", type=click.Choice(["auto", "text", "json"]), help="Form of messages on standard error."
        ),
        click.option("--verbose", is_flag=True, help="Say more on standard error."),
        click.option(
            "--glossary",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Names and terms that come out as written.",
        ),
        click.option("--model", metavar="NAME|FOLDER", help="Recognition model (see: sottovoce models list)."),
        click.option(
            "--set", "assignments", metavar="GROUP.KEY=VALUE", multiple=True, help="One setting, as in the TOML file."
        ),
        click.option(
            "--config",
            "path_of_config",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Settings in TOML, in place of the usual files (see: sottovoce config).",
        ),
    ):
        wrapped = decorate(wrapped)
    return wrapped


def read_again() -> Callable[[], Config]:
    """What reads the settings of the running command once more, from where it read them at its start.

    Calling it raises ConfigError for what is wrong by then.
    """
    read: Callable[[], Config] = click.get_current_context().meta[_READ]
    return read


def _with_hotwords(config: Config, wanted: Wanted | None) -> Config:
    """``config`` with what its glossary has for recognition to listen for."""
    if config.mt.glossary is None:
        return config
    from translate.translation.glossary import read_glossary  # not at the top: it brings the engine with it

    spoken = None if wanted is None or wanted.spoken == "auto" else wanted.spoken
    hotwords = read_glossary(Path(config.mt.glossary)).hotwords(spoken)
    asr = dataclasses.replace(config.asr, hotwords=tuple(dict.fromkeys((*config.asr.hotwords, *hotwords))))
    return dataclasses.replace(config, asr=asr)


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


def _put(flags: dict[str, dict[str, Any]], group: str, key: str, value: Any) -> None:
    if value is not None:
        flags.setdefault(group, {})[key] = value
