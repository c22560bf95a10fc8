"""What notices of a microphone say about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from translate.protocol import DeviceState

__all__ = ["DEVICE_HEALTH", "DEVICE_HEALTHS", "device_code"]

_HEALTH: Final[Mapping[DeviceState, str]] = {"lost": "lost", "back": "ok", "muted": "muted", "heard": "ok"}


def device_code(state: DeviceState) -> str:
    """Code of the notice that a microphone is in ``state``."""
    return f"device_{state}"


DEVICE_HEALTH: Final[Mapping[str, str]] = {device_code(state): health for state, health in _HEALTH.items()}
"""By code of the notice: how the microphone is from then on."""
DEVICE_HEALTHS: Final = ("ok", "lost", "muted")
"""All values of :data:`DEVICE_HEALTH`."""
