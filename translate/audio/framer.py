"""Cuts audio of any block length into chunks of one length."""

from __future__ import annotations

import numpy as np

from translate.events import RATE_HZ, AudioChunk, Samples
from translate.latency import ms_of

__all__ = ["Framer"]


class Framer:
    """Turns blocks of samples into :class:`AudioChunk` with contiguous positions from 0.

    Args:
        chunk_ms: length of every chunk but the last.
    """

    def __init__(self, chunk_ms: int) -> None:
        self._size = chunk_ms * RATE_HZ // 1000
        self._rest: Samples = np.zeros(0, np.float32)
        self._position = 0
        self._capture_ms = 0.0
        self._received_ms = 0.0

    @property
    def end(self) -> int:
        """Position just past the last sample pushed."""
        return self._position + len(self._rest)

    def push(self, samples: Samples, capture_ms: float, received_ms: float) -> list[AudioChunk]:
        """The chunks that ``samples`` complete.

        Args:
            samples: any number of samples, next in the stream.
            capture_ms: session-clock time at which the last of them was captured.
            received_ms: session-clock time at which they arrived.
        """
        self._rest = np.concatenate((self._rest, samples))
        self._capture_ms, self._received_ms = capture_ms, received_ms
        end = self.end
        return [self._chunk(self._size, end) for _ in range(len(self._rest) // self._size)]

    def flush(self) -> list[AudioChunk]:
        """What is left, as one short chunk or none."""
        return [self._chunk(len(self._rest), self.end)] if len(self._rest) else []

    def _chunk(self, length: int, end: int) -> AudioChunk:
        samples, self._rest = self._rest[:length], self._rest[length:]
        position = self._position
        self._position += length
        capture_ms = self._capture_ms - ms_of(end - self._position)
        return AudioChunk(samples, position, capture_ms, self._received_ms)
