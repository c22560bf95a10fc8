"""Strategies that make any message from its dataclass, and the schema as a validator."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from translate.events import Marks, Word
from translate.protocol import schema_of
from translate.protocol.messages import CLIENT_TYPES, SERVER_TYPES

MOST = 2**53
TENTHS = st.integers(-(10**9), 10**9).map(lambda n: n / 10)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
EXACT = {
    (Marks, None): st.builds(Marks, **{f.name: st.none() | TENTHS for f in dataclasses.fields(Marks)}),
    (Word, "probability"): st.floats(0, 1),
}


def _value(kind: Any, bounds: Any) -> st.SearchStrategy[Any]:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([st.none() if part is type(None) else _value(part, bounds) for part in parts])
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is tuple:
        return st.lists(_value(parts[0], bounds), max_size=min(bounds.get("max_items") or 4, 4)).map(tuple)
    if origin is Mapping:
        return st.dictionaries(TEXTS, _value(parts[1], bounds), max_size=3)
    if kind is Any:
        return st.none() | st.booleans() | TENTHS | TEXTS
    if dataclasses.is_dataclass(kind):
        return messages_of(kind)
    if kind is str:
        if bounds.get("pattern"):
            return st.from_regex(bounds["pattern"], fullmatch=True)
        least, most = bounds.get("min_length") or 0, bounds.get("max_length") or 99
        return TEXTS.filter(lambda text: least <= len(text) <= most)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(int(bounds.get("low") or 0), MOST)
    return st.floats(bounds["low"], bounds["high"]) if bounds.get("high") is not None else TENTHS


def messages_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any instance of the dataclass ``kind``."""
    if (kind, None) in EXACT:
        return EXACT[kind, None]
    hints = typing.get_type_hints(kind)
    fields = {
        f.name: EXACT[kind, f.name] if (kind, f.name) in EXACT else _value(hints[f.name], f.metadata)
        for f in dataclasses.fields(kind)
    }
    return st.builds(kind, **fields)


CLIENT_MESSAGES = st.one_of([messages_of(kind) for kind in CLIENT_TYPES.values()])
SERVER_MESSAGES = st.one_of([messages_of(kind) for kind in SERVER_TYPES.values()])


@pytest.fixture(scope="session")
def strategies() -> types.SimpleNamespace:
    return types.SimpleNamespace(client=CLIENT_MESSAGES, server=SERVER_MESSAGES, tenths=TENTHS)


@pytest.fixture(scope="session")
def validators() -> dict[str, Draft202012Validator]:
    return {direction: Draft202012Validator(schema_of(direction)) for direction in ("client", "server")}
