"""What is so in a room, beside what is said there, until it is not so any more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from translate.events import Notice
from translate.protocol import DeviceState

__all__ = ["Conditions", "device_notice", "mute_notice"]

_TOPICS: Final[Mapping[str, tuple[str, bool]]] = {
    "muted": ("muted", True),
    "unmuted": ("muted", False),
    "device_lost": ("device", True),
    "device_back": ("device", False),
    "device_muted": ("device", True),
    "device_heard": ("device", False),
    "transcripts_failed": ("transcripts", True),
    "transcripts_back": ("transcripts", False),
}
"""Notices that begin or end something: what, and whether it is so."""
_DEVICE: Final[Mapping[DeviceState, str]] = {
    "lost": "the speaker's microphone is gone; it is waited for",
    "back": "the speaker's microphone is back",
    "muted": "the speaker's microphone gives nothing but silence: it is muted or not plugged in",
    "heard": "the speaker's microphone gives sound again",
}


def mute_notice(muted: bool) -> Notice:
    """An operator has muted the speaker, or not any longer."""
    return (
        Notice("muted", "an operator has muted the speaker")
        if muted
        else Notice("unmuted", "the speaker is heard again")
    )


def device_notice(state: DeviceState) -> Notice:
    """How the speaker's microphone is. The words are ours: a speaker's would be on every screen."""
    return Notice(f"device_{state}", _DEVICE[state])


class Conditions:
    """The conditions of one room, for those who come later."""

    def __init__(self) -> None:
        self._holding: dict[str, Notice] = {}

    def take(self, notice: Notice) -> None:
        """Takes note of what everybody is told."""
        topic, holds = _TOPICS.get(notice.code, ("", False))
        self._holding.pop(topic, None)
        if holds:
            self._holding[topic] = notice

    def talk_over(self) -> None:
        """The next speaker has another microphone."""
        self._holding.pop("device", None)

    @property
    def holding(self) -> tuple[Notice, ...]:
        """What is so now."""
        return tuple(self._holding.values())
