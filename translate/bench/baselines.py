"""Two policies that others use, on the same model, audio and clock. Every claim can so be a ratio of one run.

- LocalAgreement-2 over the full context (Macháček et al. 2023, "Turning Whisper into Real-Time Transcription System";
  whisper_streaming, and WhisperLiveKit by default): every second the whole buffer is transcribed anew, 30 s encoded
  each time, and what two transcriptions in a row begin with is committed.
- Whole segments: nothing until the detector hears a pause, then the stretch before it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from translate.events import RATE_HZ, Samples, Word
from translate.speech.hypothesis import ends_sentence, normalized

__all__ = ["BaselinePolicy", "LocalAgreement", "Transcriber", "Update", "WholeSegment"]

Transcriber = Callable[[Samples, str], list[Word]]
"""Audio and the text before it to words, with times from the start of the audio."""
_TRIM_S = 15
"""Buffer length from which on whisper_streaming drops what is committed."""
_PROMPT_CHARACTERS = 200
_LONGEST_OVERLAP = 5


@dataclass(frozen=True, slots=True)
class Update:
    """All committed words of the stretch of speech so far, with times in the stream, and what follows them."""

    words: tuple[Word, ...]
    tail: str


class BaselinePolicy(Protocol):
    """One stretch of speech after the other, as the voice activity detector cuts them."""

    cadence_ms: int
    """New audio that it takes an update for."""

    def begin(self, position: int) -> None:
        """Speech starts at a position of the stream."""

    def feed(self, samples: Samples) -> None:
        """The next samples of the stretch."""

    def update(self) -> Update:
        """What can be said now."""

    def finish(self) -> Update:
        """Speech has stopped: all words are committed."""


class _Buffered:
    def __init__(self, transcribe: Transcriber) -> None:
        self._transcribe = transcribe
        self.begin(0)

    def begin(self, position: int) -> None:
        self._audio: Samples = np.zeros(0, np.float32)
        self._start = position
        """Position of the buffer's first sample."""
        self._words: list[Word] = []

    def feed(self, samples: Samples) -> None:
        self._audio = np.concatenate([self._audio, samples])

    def _heard(self, prompt: str) -> list[Word]:
        offset_ms = round(self._start * 1000 / RATE_HZ)
        return [
            replace(word, start_ms=word.start_ms + offset_ms, end_ms=word.end_ms + offset_ms)
            for word in self._transcribe(self._audio, prompt)
        ]


class WholeSegment(_Buffered):
    """Commits a stretch of speech when it is over."""

    cadence_ms = 3_600_000

    def update(self) -> Update:
        """See :class:`BaselinePolicy`."""
        return Update((), "")

    def finish(self) -> Update:
        """See :class:`BaselinePolicy`."""
        return Update(tuple(self._heard("")), "")


class LocalAgreement(_Buffered):
    """LocalAgreement-2 with the constants of whisper_streaming; its detector-controlled variant (``--vac``)."""

    cadence_ms = 1000

    def begin(self, position: int) -> None:
        """See :class:`BaselinePolicy`."""
        super().begin(position)
        self._pending: list[Word] = []
        """What the transcription before said after the committed words."""
        self._trimmed = 0
        """Committed words that are no longer in the buffer."""

    def update(self) -> Update:
        """See :class:`BaselinePolicy`."""
        new = self._new()
        count = 0
        for word, before in zip(new, self._pending, strict=False):
            if normalized(word.text) != normalized(before.text):
                break
            count += 1
        self._words += new[:count]
        self._pending = new[count:]
        if len(self._audio) > _TRIM_S * RATE_HZ:
            self._trim()
        return Update(tuple(self._words), "".join(word.text for word in self._pending))

    def finish(self) -> Update:
        """See :class:`BaselinePolicy`. (whisper_streaming commits its last hypothesis; this one hears the rest.)"""
        self._words += self._new()
        return Update(tuple(self._words), "")

    def _new(self) -> list[Word]:
        prompt = "".join(word.text for word in self._words[: self._trimmed])[-_PROMPT_CHARACTERS:]
        done_ms = self._words[-1].end_ms if self._words else 0
        new = [word for word in self._heard(prompt) if word.start_ms > done_ms - 100]
        if new and self._words and abs(new[0].start_ms - done_ms) < 1000:
            new = new[_overlap(self._words, new) :]
        return new

    def _trim(self) -> None:
        """Cut the buffer after its last committed sentence, or else its last committed word."""
        ends = [i for i, word in enumerate(self._words, 1) if i > self._trimmed and ends_sentence(word.text)]
        upto = ends[-1] if ends else len(self._words)
        if upto <= self._trimmed:
            return
        cut = round(self._words[upto - 1].end_ms * RATE_HZ / 1000) - self._start
        cut = min(max(0, cut), len(self._audio))
        self._audio = self._audio[cut:]
        self._start += cut
        self._trimmed = upto


def _overlap(committed: Sequence[Word], new: Sequence[Word]) -> int:
    """How many of the first ``new`` words say again the last ``committed`` ones."""
    for count in range(1, min(len(committed), len(new), _LONGEST_OVERLAP) + 1):
        before = [normalized(word.text) for word in committed[-count:]]
        if before == [normalized(word.text) for word in new[:count]]:
            return count
    return 0
