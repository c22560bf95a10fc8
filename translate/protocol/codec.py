"""Frozen dataclasses to JSON values and back, by their type hints.

Strict on the way in: a value of the wrong type, out of range or too long raises
:class:`~translate.errors.ProtocolError` that names the field. Fields that are not known are ignored, so that the
protocol can grow. Bounds come from the dataclass field's metadata, set with :func:`bounded`.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Hashable, Mapping
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from translate.errors import ProtocolError
from translate.events import Marks

__all__ = ["LARGEST_NUMBER", "bounded", "from_json", "shortened", "to_json"]

LARGEST_NUMBER: Final = 2**53
"""Numbers past this one do not survive JavaScript, so neither side may send them."""

T = TypeVar("T")


def bounded(
    default: Any = dataclasses.MISSING,
    *,
    low: float | None = None,
    high: float | None = None,
    min_length: int = 0,
    max_length: int | None = None,
    max_items: int | None = None,
    pattern: str | None = None,
) -> Any:
    """A dataclass field with bounds on what may come in.

    ``low`` and ``high`` bound numbers, ``min_length``, ``max_length`` and ``pattern`` (of the whole) bound strings or
    the strings of a list, ``max_items`` bounds a list.
    """
    bounds = {
        "low": low,
        "high": high,
        "min_length": min_length,
        "max_length": max_length,
        "max_items": max_items,
        "pattern": pattern,
    }
    return dataclasses.field(default=default, metadata=bounds)


def shortened(value: object, limit: int = 40) -> str:
    """``value`` as it may appear in an error message: printable and not long."""
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + "..."


def to_json(value: Any) -> Any:
    """``value`` as JSON types; a field that is ``None``, or an empty tuple by default, is left out."""
    if isinstance(value, Marks):
        return value.as_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: to_json(item)
            for f in dataclasses.fields(value)
            if (item := getattr(value, f.name)) is not None and not (item == () and f.default == ())
        }
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {name: to_json(item) for name, item in value.items()}
    return value


def from_json(kind: type[T], value: Mapping[str, Any], where: str) -> T:
    """The dataclass ``kind`` made from the JSON object ``value``.

    Args:
        kind: a dataclass.
        value: the decoded object.
        where: what the object is, for the error message (the message type).

    Raises:
        ProtocolError: a field is missing or bad; the message names it.
    """
    hints = _hints(typing.cast(Hashable, kind))
    found: dict[str, Any] = {}
    for f in dataclasses.fields(kind):  # type: ignore[arg-type]  # T is always a dataclass here
        path = f"{where}.{f.name}"
        if f.name in value:
            found[f.name] = _converted(hints[f.name], value[f.name], path, f.metadata)
        elif f.default is dataclasses.MISSING:
            raise ProtocolError(f"{path} is missing")
    return kind(**found)


@functools.cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _converted(kind: Any, value: Any, path: str, bounds: Mapping[str, Any]) -> Any:
    origin = get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _one_of(get_args(kind), value, path, bounds)
    if origin is Literal:
        if not isinstance(value, str) or value not in get_args(kind):
            raise ProtocolError(f"{path} must be one of {', '.join(get_args(kind))}, not {shortened(value)}")
        return value
    if kind is Any:
        return _plain(value, path)
    if origin is Mapping:
        return _mapping_of(get_args(kind)[1], value, path, bounds)
    if origin is tuple:
        return _list_of(get_args(kind)[0], value, path, bounds)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ProtocolError(f"{path} must be an object, not {shortened(value)}")
        return from_json(typing.cast("type[Any]", kind), value, path)
    if kind is str:
        return _text(value, path, bounds)
    if kind is bool:
        if not isinstance(value, bool):
            raise ProtocolError(f"{path} must be true or false, not {shortened(value)}")
        return value
    return _number(kind, value, path, bounds)


def _one_of(kinds: tuple[Any, ...], value: Any, path: str, bounds: Mapping[str, Any]) -> Any:
    kinds_left = tuple(kind for kind in kinds if kind is not type(None))
    if value is None and len(kinds_left) < len(kinds):
        return None
    if len(kinds_left) == 1:
        return _converted(kinds_left[0], value, path, bounds)
    by_tag = {getattr(kind, "TYPE", None): kind for kind in kinds_left}
    tag = value.get("type") if isinstance(value, dict) else None
    if not isinstance(tag, str) or tag not in by_tag:
        raise ProtocolError(f"{path}.type must be one of {', '.join(map(str, by_tag))}, not {shortened(tag)}")
    return from_json(by_tag[tag], value, path)


def _list_of(kind: Any, value: Any, path: str, bounds: Mapping[str, Any]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ProtocolError(f"{path} must be a list, not {shortened(value)}")
    most = bounds.get("max_items")
    if most is not None and len(value) > most:
        raise ProtocolError(f"{path} may hold {most} items, not {len(value)}")
    return tuple(_converted(kind, item, f"{path}[{place}]", bounds) for place, item in enumerate(value))


def _mapping_of(kind: Any, value: Any, path: str, bounds: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProtocolError(f"{path} must be an object, not {shortened(value)}")
    where = f"a value of {path}"  # not the name: it may be long, or no text at all
    return {_text(name, path, {}): _converted(kind, item, where, bounds) for name, item in value.items()}


def _plain(value: Any, path: str) -> Any:
    """Any JSON value, of text and numbers that can be sent on."""
    if isinstance(value, str):
        return _text(value, path, {})
    if isinstance(value, list):
        return [_plain(item, path) for item in value]
    if isinstance(value, dict):
        return {_text(name, path, {}): _plain(item, path) for name, item in value.items()}
    return value if value is None or isinstance(value, bool) else _number(type(value), value, path, {})


def _text(value: Any, path: str, bounds: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        raise ProtocolError(f"{path} must be a string, not {shortened(value)}")
    most, least, pattern = bounds.get("max_length"), bounds.get("min_length", 0), bounds.get("pattern")
    if most is not None and not least <= len(value) <= most:
        raise ProtocolError(f"{path} must have {least} to {most} characters, not {len(value)}")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ProtocolError(f"{path} holds half a surrogate pair")
    if pattern is not None and not _pattern(pattern).fullmatch(value):
        raise ProtocolError(f"{path} must match {pattern}, not {shortened(value)}")
    return value


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _number(kind: type, value: Any, path: str, bounds: Mapping[str, Any]) -> int | float:
    wanted = "a whole number" if kind is int else "a number"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ProtocolError(f"{path} must be {wanted}, not {shortened(value)}")
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:  # refuses infinities and NaN as well
        raise ProtocolError(f"{path} is out of range")
    if kind is int and not isinstance(value, int):
        if value != int(value):
            raise ProtocolError(f"{path} must be {wanted}, not {shortened(value)}")
        value = int(value)  # 3.0 is an integer in JSON Schema, too
    low, high = bounds.get("low"), bounds.get("high")
    if (low is not None and value < low) or (high is not None and value > high):
        raise ProtocolError(f"{path} must be from {low} to {high if high is not None else 'any'}, not {value}")
    return value if kind is int else float(value)
