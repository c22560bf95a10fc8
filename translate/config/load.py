"""Reads settings: files are overridden by the environment, and that by flags; each problem is named with its place."""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translate.config.groups import Config
from translate.config.lines import key_lines, line_of
from translate.config.values import checked, named, shown
from translate.errors import ConfigError
from translate.paths import config_home

__all__ = ["DEFAULT", "ENVIRONMENT_PREFIX", "Reading", "default_files", "load_config", "read_config", "user_file"]

ENVIRONMENT_PREFIX = "SOTTOVOCE_"
DEFAULT = "default"
"""The origin of a setting that nobody set."""
SYSTEM_FILE = Path("/etc/sottovoce/config.toml")

Name = tuple[str, str]
"""Group and key."""

_NOT_ABOVE = ((("vad", "release"), ("vad", "threshold")), (("asr", "keep_ms"), ("asr", "window_ms")))
"""Settings of which the first must not be above the second."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: good settings, and everything that is wrong."""

    config: Config
    """Defaults stand for what is wrong."""
    origins: Mapping[Name, str]
    """Where each setting came from: ``FILE:LINE``, a variable, ``the command line`` or :data:`DEFAULT`."""
    problems: tuple[str, ...]
    """One line each."""


def load_config(
    path: Path | Sequence[Path] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> Config:
    """The settings of ``path`` (TOML), the environment and ``flags``, each over the one before.

    Args:
        path: a TOML file with the groups as tables, or several, later over earlier; ``None``: no file.
        environment: variables; ``None``: those of the process.
        flags: ``{group: {key: value}}``; a value of ``None`` means that the flag was not given.

    Raises:
        ConfigError: a file cannot be read, a key is unknown, or a value is bad. Names the first problem.
    """
    paths = () if path is None else (path,) if isinstance(path, Path) else tuple(path)
    reading = read_config(paths, environment=environment, flags=flags)
    if reading.problems:
        first, more = reading.problems[0], len(reading.problems) - 1
        rest = f" (and {more} more: sottovoce config check lists them)" if more else ""
        raise ConfigError(first + rest)
    return reading.config


def read_config(
    paths: Sequence[Path] = (),
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> Reading:
    """As :func:`load_config`, but with every problem, and with the origin of every setting."""
    draft = _Draft()
    for path in paths:
        draft.take_file(path)
    draft.take(_from_environment(os.environ if environment is None else environment), _Variables())
    draft.take(flags or {}, _Origin("the command line", text=True))
    return draft.reading()


def default_files(environment: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """The files that are read when none is named, those that exist: the system's, then the user's over it."""
    return tuple(path for path in (SYSTEM_FILE, user_file(environment)) if path.exists())


def user_file(environment: Mapping[str, str] | None = None) -> Path:
    """``$XDG_CONFIG_HOME/sottovoce/config.toml``, else under ``~/.config``; it need not exist."""
    return config_home(environment) / "sottovoce" / "config.toml"


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where values came from."""

    name: str
    text: bool = False
    """Numbers and lists may be written as strings."""
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def place(self, *names: str) -> str:
        """The place of a group or a setting."""
        line = line_of(self.lines, *names)
        return self.name if line is None else f"{self.name}:{line}"

    def of(self, group: str, key: str) -> str:
        """What a message calls a setting."""
        return f"{self.place(group, key)}: {named(f'{group}.{key}')}"


@dataclass(frozen=True, slots=True)
class _Variables(_Origin):
    """The environment: settings are called as their variables are."""

    name: str = "the environment"
    text: bool = True

    def place(self, *names: str) -> str:
        return named(f"{ENVIRONMENT_PREFIX}{'_'.join(names)}".upper().rstrip("_"))

    def of(self, group: str, key: str) -> str:
        return self.place(group, key)


class _Draft:
    """Settings as they come together."""

    def __init__(self) -> None:
        self._layers: dict[str, dict[str, Any]] = {f.name: {} for f in dataclasses.fields(Config)}
        self._origins: dict[Name, str] = {}
        self._problems: list[str] = []
        self._bad: set[Name] = set()

    def take_file(self, path: Path) -> None:
        try:
            text = _text_of(path)
            values = _parsed(path, text)
        except ConfigError as error:
            self._problems.append(str(error))
        else:
            self.take(values, _Origin(str(path), lines=key_lines(text)))

    def take(self, values: Mapping[str, Any], origin: _Origin) -> None:
        for group, keys in values.items():
            try:
                self._take_group(group, keys, origin)
            except ConfigError as error:
                self._problems.append(str(error))

    def _take_group(self, group: str, keys: Any, origin: _Origin) -> None:
        if group not in self._layers:
            meant = _close(group, self._layers)
            known = f"known: {', '.join(self._layers)}"
            raise ConfigError(f"{origin.place(group)}: unknown group [{named(group)}]; {meant}{known}")
        if not isinstance(keys, Mapping):
            raise ConfigError(f"{origin.place(group)}: [{group}] must be a table of settings, not {shown(keys)}")
        known_keys = _settings_of(group)
        for key, value in keys.items():
            if key not in known_keys:
                meant = _close(key, known_keys)
                known = f"[{group}] knows: {', '.join(sorted(known_keys))}"
                self._problems.append(f"{origin.of(group, key)} is not a setting; {meant}{known}")
            elif value is not None:
                kind, rules = known_keys[key]
                try:
                    self._layers[group][key] = checked(kind, rules, value, text=origin.text)
                    self._origins[group, key] = origin.place(group, key)
                except ValueError as error:
                    self._bad.add((group, key))
                    self._problems.append(f"{origin.of(group, key)} {error}")

    def reading(self) -> Reading:
        defaults = Config()
        groups = {name: dataclasses.replace(getattr(defaults, name), **v) for name, v in self._layers.items()}
        config = Config(**groups)
        names = [(group, f.name) for group in self._layers for f in dataclasses.fields(groups[group])]
        origins = {name: self._origins.get(name, DEFAULT) for name in names}
        return Reading(config, origins, (*self._problems, *self._unfit_together(config, origins)))

    def _unfit_together(self, config: Config, origins: Mapping[Name, str]) -> Iterator[str]:
        """Values that are good alone and not together; the place is that of the one that was set."""
        for low, high in _NOT_ABOVE:
            lower, upper = (getattr(getattr(config, group), key) for group, key in (low, high))
            if lower > upper and not self._bad & {low, high}:
                place = next((origins[name] for name in (low, high) if origins[name] != DEFAULT), DEFAULT)
                yield f"{place}: {'.'.join(low)} ({lower}) must not be above {'.'.join(high)} ({upper})"


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")  # editors on Windows write a byte order mark
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not TOML: it is not UTF-8 text") from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number or a nesting past Python's limits
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    groups = {f.name for f in dataclasses.fields(Config)}
    found: dict[str, dict[str, Any]] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        group, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
        if group in groups:
            found.setdefault(group, {})[key] = text
    return found


def _settings_of(group: str) -> dict[str, tuple[Any, Mapping[str, Any]]]:
    """Type and rules of every setting of a group."""
    kind = type(getattr(Config(), group))
    hints = typing.get_type_hints(kind)
    return {f.name: (hints[f.name], f.metadata) for f in dataclasses.fields(kind)}


def _close(name: str, known: Iterable[str]) -> str:
    """What was probably meant."""
    close = difflib.get_close_matches(name[:60], list(known), n=1)
    return f"did you mean {close[0]}? " if close else ""
