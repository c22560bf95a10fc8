"""Messages to JSON text and back, in the envelope ``type``, ``seq``, ``t_ms``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from translate.errors import ProtocolError
from translate.protocol.codec import LARGEST_NUMBER, bounded, from_json, shortened, to_json
from translate.protocol.messages import (
    CLIENT_TYPES,
    SERVER_TYPES,
    ClientMessage,
    FrameSizeError,
    ServerMessage,
    Snapshot,
)

__all__ = [
    "MAX_DEPTH",
    "Envelope",
    "UnknownTypeError",
    "decode",
    "decode_server",
    "encode",
    "encode_body",
    "encode_client",
]

MAX_DEPTH: Final = 8
"""Deepest nesting of a message that is accepted."""

_NAMES: Final = {kind: name for types in (CLIENT_TYPES, SERVER_TYPES) for name, kind in types.items()}

M = TypeVar("M")


class UnknownTypeError(ProtocolError):
    """A message of a type that this version does not know; a client passes it over."""

    seq: int | None = None
    """Its number, if that is one."""


@dataclass(frozen=True, slots=True)
class Envelope(Generic[M]):
    """One message with its place in the sender's stream."""

    seq: int
    t_ms: float
    message: M


def encode(message: ServerMessage, *, seq: int, t_ms: float) -> str:
    """The JSON text of a server's message.

    Args:
        message: what to send.
        seq: its number in the connection, from 1 without gaps.
        t_ms: session-clock time of sending.
    """
    return _encode(message, seq, t_ms)


def encode_body(message: ServerMessage) -> bytes:
    """What of a server's message is the same for all its readers, in UTF-8: its JSON without ``seq``, ``t_ms`` and the
    ``last_seq`` of a snapshot, and without the opening brace, so that those can be put in front.
    """
    fields = {"type": _NAMES[type(message)], **_fields(message)}
    if isinstance(message, Snapshot):
        del fields["last_seq"]
    return _dumped(fields)[1:].encode()


def encode_client(message: ClientMessage, *, seq: int, t_ms: float) -> str:
    """The JSON text of a client's message; ``t_ms`` is on any monotonic clock of the client's."""
    return _encode(message, seq, t_ms)


def decode(text: str | bytes, *, max_bytes: int = 16_384) -> Envelope[ClientMessage]:
    """The message of a client.

    Args:
        text: one text frame.
        max_bytes: largest frame accepted, in bytes of UTF-8.

    Raises:
        FrameSizeError: the frame is larger than ``max_bytes``.
        ProtocolError: it is not such a message; the error names the field.
    """
    return _decode(text, CLIENT_TYPES, max_bytes)


def decode_server(text: str | bytes, *, max_bytes: int = 16_777_216) -> Envelope[ServerMessage]:
    """The message of a server; for clients written in Python. Raises like :func:`decode`.

    Raises:
        UnknownTypeError: a newer server says something new.
    """
    return _decode(text, SERVER_TYPES, max_bytes)


def _encode(message: Any, seq: int, t_ms: float) -> str:
    return _dumped({"type": _NAMES[type(message)], "seq": seq, "t_ms": round(t_ms, 1), **_fields(message)})


def _fields(message: Any) -> dict[str, Any]:
    fields: dict[str, Any] = to_json(message)
    if isinstance(message, Snapshot):
        for item, segment in zip(fields["segments"], message.segments, strict=True):
            item["type"] = segment.TYPE
    return fields


def _dumped(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _decode(text: str | bytes, types: Mapping[str, type[Any]], max_bytes: int) -> Envelope[Any]:
    value = _parsed(text, max_bytes)
    name = value.get("type")
    if not isinstance(name, str) or name not in types:
        unknown = UnknownTypeError(f"unknown message type {shortened(name)}; known: {', '.join(types)}")
        seq = value.get("seq")
        unknown.seq = seq if type(seq) is int and 1 <= seq <= LARGEST_NUMBER else None
        raise unknown
    head = from_json(_Head, value, name)
    return Envelope(head.seq, head.t_ms, from_json(types[name], value, name))


@dataclass(frozen=True, slots=True)
class _Head:
    seq: int = bounded(low=1)
    t_ms: float = bounded()


def _parsed(text: str | bytes, max_bytes: int) -> dict[str, Any]:
    try:
        size = len(text) if isinstance(text, bytes) else len(text.encode())
        if size > max_bytes:
            raise FrameSizeError(f"message of {size} bytes; at most {max_bytes} are accepted")
        value = json.loads(text if isinstance(text, str) else text.decode(), parse_constant=_refuse)
    except (UnicodeError, RecursionError) as error:
        raise ProtocolError("message is not UTF-8 JSON of moderate depth") from error
    except ValueError as error:  # JSONDecodeError, or a number of too many digits
        raise ProtocolError("message is not JSON") from error
    if not isinstance(value, dict):
        raise ProtocolError(f"message must be a JSON object, not {shortened(value)}")
    if not _is_shallow(value):
        raise ProtocolError(f"message is nested deeper than {MAX_DEPTH} levels")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _is_shallow(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for holder in level
            if isinstance(holder, (dict, list))
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return True
    return not any(isinstance(item, (dict, list)) for item in level)
