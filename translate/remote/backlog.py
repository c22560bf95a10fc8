"""Sound that the server has not confirmed yet, so that a drop of the network loses nothing that was said. Pure."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

from translate.events import RATE_HZ
from translate.protocol import AudioFrame

__all__ = ["Backlog"]

_KEPT: Final = 60 * RATE_HZ
_LONGEST_GAP: Final = 50 * RATE_HZ
"""The protocol fills gaps up to 60 s with silence and refuses longer ones; longer ones are shortened."""


class Backlog:
    """Samples go in as they are captured, out in frames as the socket takes them, away when their arrival is proved.

    Frames on one WebSocket arrive in order: a pong confirms everything that was sent before its ping. Of more than a
    minute the oldest goes; positions stay true to time.
    """

    def __init__(self) -> None:
        self._frames: deque[AudioFrame] = deque()
        self._unsent = 0  # index of the first that is to be sent
        self._end = 0
        self.sent_end = 0
        """Position just past the last frame taken."""
        self._confirmed = 0
        self.dropped = 0
        """Samples that were never sent because they had waited too long."""

    def __len__(self) -> int:
        """Frames that wait to be sent."""
        return len(self._frames) - self._unsent

    def push(self, pcm: bytes) -> None:
        """Appends signed 16-bit samples."""
        frame = AudioFrame(self._end, pcm)
        self._frames.append(frame)
        self._end = frame.end
        while self._end - self._frames[0].position > _KEPT:
            oldest = self._frames.popleft()
            if self._unsent:
                self._unsent -= 1
            else:
                self.dropped += oldest.end - oldest.position

    def take(self) -> AudioFrame | None:
        """The next frame to send."""
        if not len(self):
            return None
        frame = self._frames[self._unsent]
        self._unsent += 1
        self.sent_end = frame.end
        return frame

    def confirm(self, position: int) -> None:
        """Everything before ``position`` has arrived."""
        self._confirmed = max(self._confirmed, position)
        while self._unsent and self._frames[0].end <= position:
            self._frames.popleft()
            self._unsent -= 1

    def resume(self, position: int) -> None:
        """The same session goes on over another socket: what did not arrive before ``position`` is sent again."""
        self.confirm(position)
        self._unsent = 0
        gap = (self._frames[0].position if self._frames else self._end) - self._confirmed
        if gap > _LONGEST_GAP:
            self._move(RATE_HZ - gap)

    def restart(self) -> None:
        """Another session: what was not confirmed becomes the beginning of its stream."""
        self._unsent = 0
        self._move(-(self._frames[0].position if self._frames else self._end))
        self.sent_end = self._confirmed = 0

    def _move(self, by: int) -> None:
        self._end += by
        self._frames = deque(AudioFrame(frame.position + by, frame.pcm) for frame in islice(self._frames, None))
