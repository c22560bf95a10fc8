"""The speaker's access to a talk."""

from __future__ import annotations

from collections.abc import Callable

from translate.events import Event
from translate.protocol import AudioFrame, DeviceState
from translate.server.rooms.conditions import device_notice
from translate.server.rooms.live_session import LiveSession

__all__ = ["SpeakerHandle"]


class SpeakerHandle:
    """The only way of a speaker's audio into a talk; its room gives it to the connection that speaks, and to no other.

    It is revoked when another connection takes over, the speaker leaves, or the talk ends. What a connection says
    through a revoked handle is ignored: it may still be on its way when the next talk has begun.

    Args:
        live: the talk.
        publish: tells everybody in the room.
    """

    __slots__ = ("_live", "_publish")

    def __init__(self, live: LiveSession, publish: Callable[[Event], None]) -> None:
        self._live: LiveSession | None = live
        self._publish = publish

    @property
    def is_valid(self) -> bool:
        """Whether its holder is the present speaker."""
        return self._live is not None

    def revoke(self) -> None:
        """Its holder speaks no longer. Idempotent."""
        self._live = None

    async def feed(self, frame: AudioFrame) -> None:
        """Hands audio to the session; waits while too much is unread. Raises ``AudioError``."""
        if self._live is not None:
            await self._live.feed(frame)

    def end(self) -> None:
        """The speaker has finished."""
        if self._live is not None:
            self._live.end()

    def report_device(self, state: DeviceState) -> None:
        """Tells the room how the speaker's microphone is."""
        if self._live is not None:
            self._publish(device_notice(state))
