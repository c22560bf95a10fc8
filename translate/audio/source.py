"""What every source of sound offers, whatever the sound comes from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from translate.events import AudioChunk, Notice
from translate.latency import SessionClock

__all__ = ["AudioSource"]


class AudioSource(Protocol):
    """Sound for one session: 16 kHz mono float32 chunks with contiguous positions from 0."""

    @property
    def live(self) -> bool:
        """True: real time decides when samples exist (microphone, network, a pipe, a file at a pace).

        A source that is not live delivers as fast as its reader takes.
        """

    def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """The chunks, and what a person should know about the source; to be called once.

        Chunks are about ``AudioConfig.chunk_ms`` long, the last one may be shorter. Codes of the notices:
        ``truncated`` and ``damaged`` (a file), ``odd_length`` (raw PCM), ``overflow``, ``device_lost``,
        ``device_back``, ``device_muted``, ``device_heard`` and ``device_choice`` (a microphone).

        Args:
            clock: the session clock that ``capture_ms`` and ``received_ms`` of the chunks count on.

        Raises:
            AudioError: there is no audio, or it cannot be read.
            DeviceError: the sound device is missing when the stream starts.
        """

    async def aclose(self) -> None:
        """End the stream soon, without losing what was delivered. Idempotent; safe from another task."""
