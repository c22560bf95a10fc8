"""Which settings a running service takes over when it reads its files again, and when."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from translate.config.groups import Config

__all__ = ["Change", "Effect", "effect_of", "merge"]

Effect = Literal["now", "next", "restart"]
"""``now``: read at each use; ``next``: by sessions and connections that begin later; ``restart``: not before that."""

_NOW: Final[Mapping[str, frozenset[str]]] = {
    "log": frozenset({"level", "format"}),
    "limits": frozenset({"sessions", "connections"}),
    "transcripts": frozenset({"retention_days", "max_mb"}),
}
_NEXT: Final[Mapping[str, frozenset[str]]] = {
    "vad": frozenset({"threshold", "release", "min_speech_ms", "min_silence_ms", "pad_ms"}),
    "asr": frozenset(
        {
            "cadence_ms", "agreed_margin_ms", "margin_ms", "doubt_margin_ms", "longest_margin_ms", "early_margin_ms",
            "sure_probability", "pause_probability", "window_ms", "keep_ms", "min_sentence_ms", "max_segment_ms",
            "context_tokens", "beam_size", "final_beam_size", "allowed_languages",
        }
    ),
    "limits": frozenset(
        {
            "ahead_ms", "lag_ms", "events", "replay_events", "resume_ms", "hello_ms", "send_ms", "paint_reports",
            "backfill_segments",
        }
    ),
    "transcripts": frozenset({"folder", "formats"}),
}  # fmt: skip


def effect_of(group: str, key: str) -> Effect:
    """When a running service takes over a change of this setting."""
    if key in _NOW.get(group, ()):
        return "now"
    return "next" if key in _NEXT.get(group, ()) else "restart"


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs from before."""

    group: str
    key: str
    before: Any
    after: Any

    @property
    def effect(self) -> Effect:
        """When it takes effect."""
        return effect_of(self.group, self.key)

    def __str__(self) -> str:
        return f"{self.group}.{self.key}: {self.before!r} -> {self.after!r}"


def merge(running: Config, read: Config) -> tuple[Config, tuple[Change, ...]]:
    """The settings to go on with, and everything that differs.

    Args:
        running: the settings in force.
        read: those read again.

    Returns:
        ``running`` with the changes that need no restart, and all changes.
    """
    changes = tuple(_changes(running, read))
    for change in changes:
        if change.effect != "restart":
            group = dataclasses.replace(getattr(running, change.group), **{change.key: change.after})
            running = dataclasses.replace(running, **{change.group: group})
    return running, changes


def _changes(running: Config, read: Config) -> Iterator[Change]:
    for group in dataclasses.fields(Config):
        before, after = getattr(running, group.name), getattr(read, group.name)
        for f in dataclasses.fields(before):
            old, new = getattr(before, f.name), getattr(after, f.name)
            if old != new:
                yield Change(group.name, f.name, old, new)
