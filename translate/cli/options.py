"""Options that several commands share, and what they make of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from translate import logs
from translate.config import Config, load_config
from translate.config.load import default_files
from translate.errors import ConfigError
from translate.languages import AUTO, canonical
from translate.modes import CALM, FAST, Mode

__all__ = [
    "Wanted",
    "codes",
    "configured",
    "configured_for_text",
    "configured_to_watch",
    "languages_wanted",
    "listed",
    "read_again",
]

_READ = "translate.cli.options.read"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which languages a session is about."""

    spoken: str
    """Canonical code, or ``auto``."""
    targets: tuple[str, ...]
    allowed: tuple[str, ...]
    mode: Mode


def languages_wanted(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--from``, ``--to``, ``--allow`` and ``--calm``; the command gets ``wanted: Wanted``."""

    @functools.wraps(command)
    def wrapped(*args: Any, spoken: str, targets: str, allow: str, calm: bool, **kwargs: Any) -> Any:
        source = AUTO if spoken.strip().lower() == AUTO else canonical(spoken.strip())
        wanted = Wanted(source, codes(targets), codes(allow), CALM if calm else FAST)
        return command(*args, wanted=wanted, **kwargs)

    for decorate in (
        click.option("--calm", is_flag=True, help="Show only text that will not change any more."),
        click.option("--allow", metavar="LANG[,LANG]", default="", help="Languages that `--from auto` may find."),
        click.option("--to", "targets", metavar="LANG[,LANG]", default="", help="Languages to translate into."),
        click.option("--from", "spoken", metavar="LANG", default=AUTO, show_default=True, help="Language spoken."),
    ):
        wrapped = decorate(wrapped)
    return wrapped


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--config``, ``--set``, ``--model``, ``--glossary``, ``--verbose`` and ``--log-format``.

    The command gets ``config: Config``; what it logs goes to standard error as ``config.log`` says. The same settings
    can be read again with :func:`read_again`.
    """
    return _configured(command, (*_SETTINGS, _MODEL, _GLOSSARY, *_LOGGING))


def configured_for_text(command: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`configured`, for a command that recognizes no speech."""
    return _configured(command, (*_SETTINGS, _GLOSSARY, *_LOGGING))


def configured_to_watch(command: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`configured`, for a command that uses no model."""
    return _configured(command, (*_SETTINGS, *_LOGGING))


_SETTINGS = (
    click.option(
        "--config",
        "path_of_config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Settings in TOML, in place of the usual files (see: sottovoce config).",
    ),
    click.option(
        "--set", "assignments", metavar="GROUP.KEY=VALUE", multiple=True,
        help="One setting, as in the TOML file; repeatable.",
    ),
)  # fmt: skip
_MODEL = click.option("--model", metavar="NAME|FOLDER", help="Recognition model (see: sottovoce models list).")
_GLOSSARY = click.option(
    "--glossary",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Names and terms that come out as written: TSV; the first line names the languages.",
)
_LOGGING = (
    click.option("--verbose", is_flag=True, help="Say more on standard error."),
    click.option(
        "--log-format",
        type=click.Choice(["auto", "text", "json"]),
        help="Form of messages on standard error (default: log.format, auto).",
    ),
)


def _configured(command: Callable[..., Any], options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    @functools.wraps(command)
    def wrapped(
        *args: Any,
        path_of_config: Path | None,
        assignments: tuple[str, ...],
        verbose: bool,
        log_format: str | None,
        model: str | None = None,
        glossary: Path | None = None,
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
        return command(*args, config=config, **kwargs)

    for decorate in reversed(options):
        wrapped = decorate(wrapped)
    return wrapped


def read_again() -> Callable[[], Config]:
    """What reads the settings of the running command once more, from where it read them at its start.

    Calling it raises ConfigError for what is wrong by then.
    """
    read: Callable[[], Config] = click.get_current_context().meta[_READ]
    return read


def _flags(assignments: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    flags: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        group, dot, key = name.partition(".")
        if not equals or not dot:
            raise ConfigError(f"--set takes GROUP.KEY=VALUE, such as asr.cadence_ms=500, not {assignment!r}")
        flags.setdefault(group.strip(), {})[key.strip()] = value.strip()
    return flags


def codes(text: str) -> tuple[str, ...]:
    """The languages of a list such as ``de,en``, each once. Raises LanguageError."""
    return tuple(dict.fromkeys(map(canonical, listed(text))))


def listed(text: str) -> list[str]:
    """The parts of a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _put(flags: dict[str, dict[str, Any]], group: str, key: str, value: Any) -> None:
    if value is not None:
        flags.setdefault(group, {})[key] = value
