"""What notices of a microphone say about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from translate.notice_codes import DEVICE_CODES, DeviceState

__all__ = ["DEVICE_HEALTH", "DEVICE_HEALTHS"]

_HEALTH: Final[Mapping[DeviceState, str]] = {"lost": "lost", "back": "ok", "muted": "muted", "heard": "ok"}

DEVICE_HEALTH: Final[Mapping[str, str]] = {DEVICE_CODES[state]: health for state, health in _HEALTH.items()}
"""By code of the notice: how the microphone is from then on."""
DEVICE_HEALTHS: Final = ("ok", "lost", "muted")
"""All values of :data:`DEVICE_HEALTH`."""
