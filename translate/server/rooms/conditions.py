"""Active conditions of a room, such as a lost microphone: each is begun by a notice and ended by another. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from translate.events import Notice
from translate.notice_codes import DEVICE_CODES, MUTED, TRANSCRIPTS_BACK, TRANSCRIPTS_FAILED, UNMUTED, DeviceState
from translate.server.metrics.device_health import DEVICE_HEALTH

__all__ = ["Conditions", "device_notice", "mute_notice"]

_DEVICE: Final = "device"
_TOPICS: Final[Mapping[str, tuple[str, bool]]] = {
    MUTED: (MUTED, True),
    UNMUTED: (MUTED, False),
    TRANSCRIPTS_FAILED: (TRANSCRIPTS_FAILED, True),
    TRANSCRIPTS_BACK: (TRANSCRIPTS_FAILED, False),
    **{code: (_DEVICE, health != "ok") for code, health in DEVICE_HEALTH.items()},
}
"""By code of a notice: the condition that it is about, and whether it begins it."""
_DEVICE_TEXTS: Final[Mapping[DeviceState, str]] = {
    "lost": "the speaker's microphone is gone; it is waited for",
    "back": "the speaker's microphone is back",
    "muted": "the speaker's microphone gives nothing but silence: it is muted or not plugged in",
    "heard": "the speaker's microphone gives sound again",
}


def mute_notice(muted: bool) -> Notice:
    """An operator has muted the speaker, or not any longer."""
    return (
        Notice(MUTED, "an operator has muted the speaker") if muted else Notice(UNMUTED, "the speaker is heard again")
    )


def device_notice(state: DeviceState) -> Notice:
    """How the speaker's microphone is. The words are ours: a speaker's would be on every screen."""
    return Notice(DEVICE_CODES[state], _DEVICE_TEXTS[state])


class Conditions:
    """The active conditions of one room, for those who come later."""

    def __init__(self) -> None:
        self._active: dict[str, Notice] = {}

    def take(self, notice: Notice) -> None:
        """Takes note of what everybody is told."""
        topic, begins = _TOPICS.get(notice.code, ("", False))
        self._active.pop(topic, None)
        if begins:
            self._active[topic] = notice

    def talk_over(self) -> None:
        """The next speaker has another microphone."""
        self._active.pop(_DEVICE, None)

    @property
    def active(self) -> tuple[Notice, ...]:
        """The notices that began the active conditions."""
        return tuple(self._active.values())
