"""How the rooms are doing: the message ``status`` to operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Quantiles", "RoomLatency", "RoomStatus", "Status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Of durations, in milliseconds."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLatency:
    """How late the texts of a room were, lately."""

    capture_sent_ms: Quantiles | None = None
    """From the end of the newest audio that a text covers to its sending."""
    capture_painted_ms: Quantiles | None = None
    """The same to its painting, as readers told who were asked; left out: none has told yet."""
    stages: Mapping[str, Quantiles]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomStatus:
    """One room, as operators see it."""

    room: str
    source: str | None = None
    """The spoken language or ``auto``; left out: nobody speaks."""
    speaking: bool
    """Whether a speaker is connected."""
    muted: bool
    listeners: Mapping[str, int]
    """Listeners by language; under the empty name those who read only the transcript."""
    behind_ms: Mapping[str, int]
    """Stages that are late (``asr``, ``mt.en``), and by how much."""
    latency: RoomLatency
    conditions: tuple[str, ...] = ()
    """Codes of the notices that hold now: ``muted``, ``device_lost``, ``device_muted``, ``transcripts_failed``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What operators are told once a second."""

    rooms: tuple[RoomStatus, ...]
    server: Mapping[str, Any]
    """The same as ``/stats``."""
