"""What flows between the stages of a session.

Every value here is immutable and knows nothing of the stage that made it. Times ending in ``_ms`` are milliseconds:
``start_ms``/``end_ms`` count from the first sample of the stream, marks count on the session clock (monotonic, zero
when the session starts). Positions count **samples** at :data:`RATE_HZ` from the first sample of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "RATE_HZ",
    "AudioChunk",
    "EndOfStream",
    "Event",
    "Lag",
    "Marks",
    "Notice",
    "Samples",
    "SpeechSpan",
    "Transcript",
    "Translation",
    "Word",
]

RATE_HZ = 16_000
"""The one sample rate inside the service, in hertz; sources resample to it."""

Samples = npt.NDArray[np.float32]
"""Mono audio, shape ``(n,)``, float32 in [-1, 1], at :data:`RATE_HZ`."""


@dataclass(frozen=True, slots=True)
class Marks:
    """When one text event passed each stage, in milliseconds on the session clock; ``None``: stage not passed.

    ``capture`` is the moment when the end of the newest audio that the event covers reached the microphone.
    """

    capture: float | None = None
    received: float | None = None
    vad: float | None = None
    asr_start: float | None = None
    asr_end: float | None = None
    mt_start: float | None = None
    mt_end: float | None = None
    sent: float | None = None

    def as_dict(self) -> dict[str, float]:
        """The marks that are set, by name, rounded to 0.1 ms (what goes on the wire)."""
        named = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: round(value, 1) for name, value in named if value is not None}


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A run of samples as it came from a source. ``position`` is that of the first sample."""

    samples: Samples
    position: int
    capture_ms: float
    """Session-clock time at which the **last** sample of the chunk was captured."""
    received_ms: float
    """Session-clock time at which the chunk reached the pipeline."""

    @property
    def end(self) -> int:
        """Position just past the last sample."""
        return self.position + len(self.samples)


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """The voice activity detector opened (``started``) or closed (``stopped``) a stretch of speech."""

    state: Literal["started", "stopped"]
    position: int
    decided_ms: float
    """Session-clock time of the decision."""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word with its place in the stream. ``text`` carries its own leading space where one is due."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """One revision of one segment in the spoken language.

    What is shown is ``committed + tail``, joined as they stand. ``committed`` of a later revision always begins with
    that of an earlier one; ``tail`` may be replaced by the next revision; ``final`` closes the segment (empty tail).
    """

    segment: int
    rev: int
    lang: str
    committed: str
    tail: str
    final: bool
    start_ms: int
    end_ms: int
    words: tuple[Word, ...] = ()
    """The committed words, in order, with their places in the stream."""
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True)
class Translation:
    """One revision of one segment in one target language; same promises as :class:`Transcript`."""

    segment: int
    rev: int
    lang: str
    committed: str
    tail: str
    final: bool
    source_rev: int
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True)
class Lag:
    """A stage is behind the newest audio by ``behind_ms``; sent when it grows past a limit and when it is over (0)."""

    stage: str
    behind_ms: int
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the source or a stage that a person should know while the session goes on."""

    code: str
    message: str
    retryable: bool = True
    lang: str | None = None
    """It concerns those alone who read this language; ``None``: everybody."""


@dataclass(frozen=True, slots=True)
class EndOfStream:
    """The source ended at ``position`` and everything said before it has been sent as final."""

    position: int


Event = SpeechSpan | Transcript | Translation | Lag | Notice | EndOfStream
"""What a :class:`translate.Session` yields."""
