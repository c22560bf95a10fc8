"""Admission of new talks: how late the talks that run are through the machine's fault. Pure."""

from __future__ import annotations

__all__ = ["SenderBacklog"]


class SenderBacklog:
    """Audio that a sender sent ahead of real time, as a recogniser that keeps exactly real time would have it left.

    A file that is sent at ten times its pace, or what a speaker sends at once after a drop, waits for recognition
    without anything being slow. Only a backlog that is larger than this one shows a machine that does not keep up.
    """

    def __init__(self) -> None:
        self._left_ms = 0.0
        self._at_ms = 0.0

    def add(self, audio_ms: float, now_ms: float) -> None:
        """So much audio was received; ``now_ms`` on a clock of your choice that does not go back."""
        self._left_ms = self.left_ms(now_ms) + audio_ms
        self._at_ms = now_ms

    def left_ms(self, now_ms: float) -> float:
        """What is left at ``now_ms``: a second of audio takes a second."""
        return max(0.0, self._left_ms - (now_ms - self._at_ms))

    def late_ms(self, behind_ms: float, now_ms: float) -> int:
        """How late recognition is, beside what the sender itself made wait; ``behind_ms``: audio that waits for it."""
        return round(max(0.0, behind_ms - self.left_ms(now_ms)))
