"""Settings files: with everything that can be set, for a person to change; with what is in force; for a program."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

from translate.config.groups import Config
from translate.config.load import DEFAULT, Reading
from translate.config.reload import effect_of
from translate.config.values import toml

__all__ = ["effective", "settings_file", "template"]

_UNITS = {
    "ms": "milliseconds", "s": "seconds", "bytes": "bytes", "mb": "megabytes", "days": "days", "hz": "hertz",
    "tokens": "tokens", "minutes": "minutes", "w": "watts",
}  # fmt: skip
_EFFECTS = {"now": "at once", "next": "next session", "restart": "restart"}
_WIDTH = 100
_HEAD = """\
Settings of Sottovoce. Every line is a comment: take the # away from a setting to change it.
Later places win: /etc/sottovoce/config.toml, ~/.config/sottovoce/config.toml (or --config FILE in place of both),
variables such as SOTTOVOCE_ASR_CADENCE_MS=500, and --set asr.cadence_ms=500.
`sottovoce config check FILE` says what is wrong in a file; `sottovoce config show` what is in force, and from where.
A running service reads its files again when told to (`systemctl reload sottovoce`, or the signal HUP). What it takes
over is marked: at once; next session (sessions and connections that begin later); restart (not before that)."""


def template() -> str:
    """The file: every group and key with its meaning, unit, range, default, and when a change takes effect."""
    lines = [f"# {line}".rstrip() for line in _HEAD.splitlines()]
    for group in dataclasses.fields(Config):
        settings = getattr(Config(), group.name)
        lines += ["", "", *_comment((type(settings).__doc__ or "").strip().splitlines()[0]), f"[{group.name}]"]
        for f in dataclasses.fields(settings):
            lines += ["", *_setting(group.name, f)]
    return "\n".join(lines) + "\n"


def _setting(group: str, f: dataclasses.Field[Any]) -> list[str]:
    about = f.metadata["doc"][:1].upper() + f.metadata["doc"][1:]
    what = "; ".join(filter(None, (_range(f), _EFFECTS[effect_of(group, f.name)])))
    default = toml("" if f.default is None else f.default)
    return [*_comment(f"{about} ({what})."), f"# {f.name} = {default}"]


def _range(f: dataclasses.Field[Any]) -> str:
    low, high, choices = (f.metadata[name] for name in ("low", "high", "choices"))
    if choices:
        return f"one of {', '.join(choices)}"
    before, _, last = f.name.rpartition("_")
    unit = "" if before.endswith("_per") else _UNITS.get(last, "")
    return ", ".join(filter(None, (unit, f"{low} to {high}" if low is not None else "")))


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH - 2)]


def effective(reading: Reading, *, changed_only: bool = False) -> str:
    """The settings in force as TOML, each with where it came from as a comment."""
    lines: list[str] = []
    for group in dataclasses.fields(Config):
        settings = getattr(reading.config, group.name)
        shown = []
        for f in dataclasses.fields(settings):
            origin = reading.origins[group.name, f.name]
            if not changed_only or origin != DEFAULT:
                shown.append(f"{_assignment(settings, f.name):<40}  # {origin}")
        if shown:
            lines += [f"[{group.name}]", *shown, ""]
    return "\n".join(lines).rstrip("\n") + "\n" if lines else ""


def settings_file(config: Config) -> str:
    """A file that gives ``config`` again."""
    lines = []
    for group in dataclasses.fields(config):
        settings = getattr(config, group.name)
        lines += [f"[{group.name}]", *(_assignment(settings, f.name) for f in dataclasses.fields(settings))]
    return "\n".join(lines) + "\n"


def _assignment(settings: Any, name: str) -> str:
    value = getattr(settings, name)
    return f"# {name} is not set" if value is None else f"{name} = {toml(value)}"
