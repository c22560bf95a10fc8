"""How the microphone is, told to the room once and to every new connection. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from translate.events import Notice
from translate.notice_codes import DEVICE_CODES, DeviceState
from translate.protocol import Device

__all__ = ["DeviceReport"]

_STATES: Final[Mapping[str, DeviceState]] = {code: state for state, code in DEVICE_CODES.items()}
_WELL: Final = ("back", "heard")


class DeviceReport:
    """Remembers what the source says of its device, and what of it the service knows."""

    def __init__(self) -> None:
        self._state: DeviceState | None = None
        self._told: DeviceState | None = None
        self._is_heard = False

    def take(self, notice: Notice) -> None:
        """What the source says."""
        self._state = _STATES.get(notice.code, self._state)

    def connected(self, capabilities: Sequence[str]) -> None:
        """The service knows nothing, and takes a microphone to be well; an older one cannot be told."""
        self._told = None
        self._is_heard = "device" in capabilities
        if self._state in _WELL:
            self._state = None

    def news(self) -> Device | None:
        """What is to be sent now, once; ``None``: nothing."""
        if not self._is_heard or self._state == self._told or self._state is None:
            return None
        self._told = self._state
        return Device(state=self._state)
