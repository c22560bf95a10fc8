"""Codes of the notices that one part of the program sends and another acts on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

__all__ = ["DEVICE_CODES", "MUTED", "TRANSCRIPTS_BACK", "TRANSCRIPTS_FAILED", "UNMUTED", "DeviceState"]

DeviceState = Literal["lost", "back", "muted", "heard"]
"""Of a speaker's microphone: gone; there again; nothing but zeros come from it; sound again."""
DEVICE_CODES: Final[Mapping[DeviceState, str]] = {
    "lost": "device_lost",
    "back": "device_back",
    "muted": "device_muted",
    "heard": "device_heard",
}
"""The code of the notice that a microphone is in a state."""

MUTED: Final = "muted"
"""An operator has muted the speaker."""
UNMUTED: Final = "unmuted"
TRANSCRIPTS_FAILED: Final = "transcripts_failed"
"""Transcripts cannot be written."""
TRANSCRIPTS_BACK: Final = "transcripts_back"
"""They can again."""
