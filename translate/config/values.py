"""Whether one value suits one setting, and how values are written."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from typing import Any

__all__ = ["checked", "named", "shown", "toml"]

_EXPECTED = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def checked(kind: Any, rules: Mapping[str, Any], value: Any, *, text: bool) -> Any:
    """``value`` as the type of its setting.

    Args:
        kind: the setting's type.
        rules: the metadata of its field: ``doc``, ``low``, ``high``, ``choices``.
        text: numbers, lists and truth may be written as strings.

    Raises:
        ValueError: it does not suit; the message is what comes after the setting's name: "must be ...".
    """
    if value == "" and isinstance(kind, types.UnionType):  # how a setting is set to nothing
        return None
    kind = plain(kind)
    try:
        converted = _converted(kind, value, text=text)
    except (TypeError, ValueError, OverflowError):
        expected = _EXPECTED.get(kind, "a list of strings")
        raise ValueError(f"must be {expected}, not {shown(value)} ({rules['doc']})") from None
    low, high, choices = rules["low"], rules["high"], rules["choices"]
    if (low is not None and converted < low) or (high is not None and converted > high):
        raise ValueError(f"must be from {low} to {high}, not {shown(value)} ({rules['doc']})")
    for one in (converted if isinstance(converted, tuple) else (converted,)) if choices else ():
        if one not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {shown(one)} ({rules['doc']})")
    return converted


def plain(kind: Any) -> Any:
    """The type of a setting that is given; ``str | None`` is then a ``str``."""
    if isinstance(kind, types.UnionType):
        return next(part for part in kind.__args__ if part is not type(None))
    return kind


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
    if kind is bool:
        return _truth(value, text=text)
    numbers = (int, float) if kind is float else (int,)
    if isinstance(value, bool) or not isinstance(value, (*numbers, str) if text else numbers):
        raise TypeError
    number = kind(value)
    if number != number:  # NaN passes every comparison
        raise ValueError
    return number


def _truth(value: Any, *, text: bool) -> bool:
    if isinstance(value, bool):
        return value
    if text and isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    raise TypeError


def named(name: str) -> str:
    """``name`` as a message may show it."""
    return name if name.isprintable() and len(name) <= 60 else shown(name)


def shown(value: Any) -> str:
    """``value`` as a message may show it: on one line, and not long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number far too large"
    return text if len(text) <= 60 else text[:57] + "..."


def toml(value: Any) -> str:
    """A setting's value as TOML."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML's escapes are JSON's
    return repr(value)
