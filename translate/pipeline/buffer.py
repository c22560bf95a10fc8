"""Audio between the source and recognition: spans of speech with a little of what came before, bounded. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from translate.events import RATE_HZ, AudioChunk, Marks, Samples
from translate.speech.vad import FRAME, SpeechChange

__all__ = ["Batch", "SpeechBuffer"]

_HISTORY = 32 * RATE_HZ
"""Audio kept behind recognition: a span opens a little before the detector knows of it, and Whisper's translate task
hears a segment once more."""
_QUIET_FRAMES = 12
"""After this much quiet (384 ms) within a span, nothing new can be heard."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What recognition takes at once, all of one span."""

    begin: int | None
    """The span's first position, when this batch opens it."""
    samples: Samples
    finish: int | None
    """Position at which the speech stopped, when this batch closes the span."""
    pause: bool
    """Whether the speaker has paused where the batch ends: no word is cut there."""
    marks: Marks
    """``capture``, ``received`` and ``vad`` of the newest audio in the batch."""


@dataclass(slots=True)
class _Span:
    begin: int
    finish: int | None = None
    finish_ms: float = 0.0
    """When the detector decided that the speech had stopped."""


class SpeechBuffer:
    """Chunks and the changes of speech in, batches for recognition out."""

    def __init__(self) -> None:
        self._chunks: deque[AudioChunk] = deque()
        self._vad_ms: deque[float] = deque()
        """When the detector was done with each chunk."""
        self._spans: deque[_Span] = deque()
        self._taken = 0
        """Position up to which recognition has taken the first span."""
        self._begun = False
        self._quiet_frames = 0
        self._quiet_taken = False

    @property
    def end(self) -> int:
        """Position just past the newest sample."""
        return self._chunks[-1].end if self._chunks else 0

    @property
    def ahead_ms(self) -> float:
        """Speech that waits for recognition, in milliseconds."""
        waiting = 0
        for i, span in enumerate(self._spans):
            start = max(span.begin, self._taken if i == 0 and self._begun else span.begin)
            waiting += max(0, (self.end if span.finish is None else span.finish) - start)
        return waiting * 1000 / RATE_HZ

    def push(self, chunk: AudioChunk, changes: Iterable[SpeechChange], quiet_frames: int, vad_ms: float) -> None:
        """Take a chunk, what the detector decided in it, and how many frames of the open span are quiet by now."""
        self._chunks.append(chunk)
        self._vad_ms.append(vad_ms)
        for change in changes:
            if change.state == "started":
                after = self._spans[-1].finish if self._spans else None
                self._spans.append(_Span(max(change.position, after or 0)))
            elif self._spans:
                self._spans[-1].finish, self._spans[-1].finish_ms = change.position, vad_ms
        if quiet_frames < self._quiet_frames:
            self._quiet_taken = False
        self._quiet_frames = quiet_frames
        self._forget()

    def close(self) -> None:
        """The stream has ended; a span that is still open ends with it."""
        if self._spans and self._spans[-1].finish is None:
            self._spans[-1].finish, self._spans[-1].finish_ms = self.end, self._vad_ms[-1]

    def ready(self, cadence_ms: int) -> bool:
        """Whether there is a batch worth an update."""
        if not self._spans:
            return False
        span = self._spans[0]
        if span.finish is not None:
            return True
        if self._quiet_frames >= _QUIET_FRAMES:
            return not self._quiet_taken and self._new(span) >= FRAME
        return self._new(span) >= cadence_ms * RATE_HZ // 1000

    def take(self, most_ms: int) -> Batch:
        """The next batch, of at most ``most_ms`` of audio; only when :meth:`ready`."""
        span = self._spans[0]
        begin = None if self._begun else span.begin
        start = span.begin if begin is not None else self._taken
        limit = self.end if span.finish is None else span.finish
        end = max(start, min(limit, start + most_ms * RATE_HZ // 1000))
        finish = span.finish if span.finish is not None and end >= span.finish else None
        self._begun, self._taken = finish is None, end
        if finish is not None:
            self._spans.popleft()
            self._quiet_taken = False
        pause = finish is None and end == limit and self._quiet_frames >= _QUIET_FRAMES
        self._quiet_taken = self._quiet_taken or pause
        marks = self._marks(end)
        if finish is not None:
            marks = replace(marks, vad=span.finish_ms)
        return Batch(begin, self.slice(start, end), finish, pause, marks)

    def slice(self, start: int, end: int) -> Samples:
        """The samples from ``start`` to ``end``, as far as they are still kept."""
        parts = [
            chunk.samples[max(0, start - chunk.position) : max(0, end - chunk.position)]
            for chunk in self._chunks
            if chunk.end > start and chunk.position < end
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _new(self, span: _Span) -> int:
        return self.end - (self._taken if self._begun else span.begin)

    def _marks(self, position: int) -> Marks:
        """Marks of the chunk that holds the sample before ``position``."""
        for chunk, vad_ms in zip(reversed(self._chunks), reversed(self._vad_ms), strict=True):
            if chunk.position < position:
                before_end_ms = max(0, chunk.end - position) * 1000 / RATE_HZ
                return Marks(capture=chunk.capture_ms - before_end_ms, received=chunk.received_ms, vad=vad_ms)
        return Marks()

    def _forget(self) -> None:
        waits = (self._taken if self._begun else self._spans[0].begin) if self._spans else self.end
        keep = min(waits, self.end) - _HISTORY
        while self._chunks and self._chunks[0].end <= keep:
            self._chunks.popleft()
            self._vad_ms.popleft()
