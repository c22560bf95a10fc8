"""Reads settings: a TOML file is overridden by the environment, and that by flags."""

from __future__ import annotations

import dataclasses
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translate.config.groups import Config
from translate.errors import ConfigError

__all__ = ["load_config"]

ENVIRONMENT_PREFIX = "SOTTOVOCE_"
_EXPECTED = {int: "a whole number", float: "a number", str: "a string"}


def load_config(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> Config:
    """The settings of ``path`` (TOML), the environment and ``flags``, each over the one before.

    Args:
        path: a TOML file with the groups as tables; ``None``: no file.
        environment: variables; ``None``: those of the process.
        flags: ``{group: {key: value}}``; a value of ``None`` means that the flag was not given.

    Raises:
        ConfigError: the file cannot be read, a key is unknown, or a value is bad.
    """
    layers: dict[str, dict[str, Any]] = {f.name: {} for f in dataclasses.fields(Config)}
    if path is not None:
        _apply(layers, _read_file(path), _Origin(str(path)))
    found = _from_environment(os.environ if environment is None else environment)
    _apply(layers, found, _Origin("the environment", variables=True, text=True))
    _apply(layers, flags or {}, _Origin("the command line", text=True))
    config = Config(**{name: dataclasses.replace(getattr(Config(), name), **values) for name, values in layers.items()})
    _check_together(config)
    return config


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where values came from."""

    name: str
    variables: bool = False
    """Values are named as environment variables."""
    text: bool = False
    """Numbers and lists may be written as strings."""

    def of(self, group: str, key: str) -> str:
        """What a message calls a setting."""
        if self.variables:
            return _named(f"{ENVIRONMENT_PREFIX}{group}_{key}".upper().rstrip("_"))
        return f"{self.name}: {_named(f'{group}.{key}')}"


def _apply(layers: dict[str, dict[str, Any]], values: Mapping[str, Any], origin: _Origin) -> None:
    for group, keys in values.items():
        if group not in layers:
            raise ConfigError(f"{origin.name}: unknown group [{_named(group)}]; known: {', '.join(layers)}")
        if not isinstance(keys, Mapping):
            raise ConfigError(f"{origin.name}: [{group}] must be a table of settings, not {_shown(keys)}")
        known = _settings_of(group)
        for key, value in keys.items():
            name = origin.of(group, key)
            if key not in known:
                raise ConfigError(f"{name} is not a setting; [{group}] knows: {', '.join(sorted(known))}")
            if value is not None:
                layers[group][key] = _checked(name, *known[key], value, text=origin.text)


def _check_together(config: Config) -> None:
    """Values that are good alone and not together."""
    vad, asr = config.vad, config.asr
    if vad.release > vad.threshold:
        raise ConfigError(f"vad.release ({vad.release}) must not be above vad.threshold ({vad.threshold})")
    if asr.keep_ms > asr.window_ms:
        raise ConfigError(f"asr.keep_ms ({asr.keep_ms}) must not be above asr.window_ms ({asr.window_ms})")


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # editors on Windows write a byte order mark
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not TOML: it is not UTF-8 text") from error
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


def _checked(name: str, kind: Any, rules: Mapping[str, Any], value: Any, *, text: bool) -> Any:
    if isinstance(kind, types.UnionType):  # "str | None": what is given is never None
        kind = next(part for part in kind.__args__ if part is not type(None))
    try:
        converted = _converted(kind, value, text=text)
    except (TypeError, ValueError, OverflowError):
        expected = _EXPECTED.get(kind, "a list of strings")
        raise ConfigError(f"{name} must be {expected}, not {_shown(value)} ({rules['doc']})") from None
    low, high, choices = rules["low"], rules["high"], rules["choices"]
    if (low is not None and converted < low) or (high is not None and converted > high):
        raise ConfigError(f"{name} must be from {low} to {high}, not {_shown(value)} ({rules['doc']})")
    if choices and converted not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {_shown(value)} ({rules['doc']})")
    return converted


def _converted(kind: Any, value: Any, *, text: bool) -> Any:
    if typing.get_origin(kind) is tuple:
        parts = value.split(",") if text and isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
            raise TypeError
        return tuple(part.strip() for part in parts if part.strip())
    if kind is str:
        if not isinstance(value, str):
            raise TypeError
        return value
    numbers = (int, float) if kind is float else (int,)
    if isinstance(value, bool) or not isinstance(value, (*numbers, str) if text else numbers):
        raise TypeError
    number = kind(value)
    if number != number:  # NaN passes every comparison
        raise ValueError
    return number


def _named(name: str) -> str:
    """``name`` as a message may show it."""
    return name if name.isprintable() and len(name) <= 60 else _shown(name)


def _shown(value: Any) -> str:
    """``value`` as a message may show it: on one line, and not long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number far too large"
    return text if len(text) <= 60 else text[:57] + "..."
