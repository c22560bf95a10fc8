"""Voice activity detection: Silero over a stream, frame by frame, and spans of speech from what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from translate.config import VadConfig
from translate.events import RATE_HZ, Samples
from translate.speech.silero import CONTEXT, FRAME, SileroState, load_silero

__all__ = ["FRAME", "SpeechChange", "SpeechGate", "StreamingVad", "VoiceDetector"]


@dataclass(frozen=True, slots=True)
class SpeechChange:
    """Speech ``started`` or ``stopped`` at a sample position."""

    state: Literal["started", "stopped"]
    position: int


class SpeechGate:
    """Turns speech probabilities into spans, with hysteresis. Pure: one call of :meth:`push` for each frame."""

    def __init__(self, config: VadConfig) -> None:
        self._config = config
        self._open = False
        self._run = 0
        """Frames in a row that speak for a change."""

    @property
    def open(self) -> bool:
        """Whether a span of speech is open."""
        return self._open

    def push(self, probability: float, frame_start: int) -> SpeechChange | None:
        """Take the speech probability of the frame that starts at ``frame_start``.

        Returns:
            The change that this frame decides, if any. ``started`` lies ``pad_ms`` before the first speech frame,
            ``stopped`` at the end of the last one.
        """
        config = self._config
        if self._open:
            self._run = self._run + 1 if probability < config.release else 0
            if self._run * FRAME >= config.min_silence_ms * RATE_HZ // 1000:
                silence = self._run * FRAME
                self._open, self._run = False, 0
                return SpeechChange("stopped", frame_start + FRAME - silence)
            return None
        self._run = self._run + 1 if probability >= config.threshold else 0
        if self._run and self._run * FRAME >= config.min_speech_ms * RATE_HZ // 1000:
            first = frame_start - (self._run - 1) * FRAME
            self._open, self._run = True, 0
            return SpeechChange("started", max(0, first - config.pad_ms * RATE_HZ // 1000))
        return None

    @property
    def is_near_speech(self) -> bool:
        """Whether a span is open, or about to be."""
        return self._open or self._run > 0

    @property
    def quiet_frames(self) -> int:
        """Frames since the last speech in an open span (0: somebody speaks now)."""
        return self._run if self._open else 0


class VoiceDetector(Protocol):
    """What a session needs to know when somebody speaks: :class:`StreamingVad`."""

    gate: SpeechGate

    def push(self, samples: Samples) -> Iterable[SpeechChange]:
        """See :meth:`StreamingVad.push`."""


_FORGET_FRAMES = 16
"""Half a second after a span the recurrent state begins anew: it remembers how loud the last speaker was, for minutes,
and is deaf to one who is 30 to 40 dB quieter."""
_SETTLED_FRAMES = _FORGET_FRAMES + 32
"""A second later it knows the noise of the room, and is still fresh."""
_RENEW_FRAMES = 64
"""How often it goes back to that state for as long as nobody speaks."""


class StreamingVad:
    """Silero over a stream of samples; keeps its recurrent state between calls.

    A frame takes some 60 microseconds, so it may run on the event loop.

    Raises:
        ModelDamaged: the weights are missing or damaged.
    """

    def __init__(self, config: VadConfig) -> None:
        self._model = load_silero()
        self.gate = SpeechGate(config)
        self._state = SileroState.new()
        self._rest: Samples = np.zeros(CONTEXT, np.float32)
        """The context of the next frame, and what is there of it."""
        self._idle = 0
        """Frames without speech since the span closed, or since the state was renewed."""
        self._settled = self._state
        self._position = 0

    def push(self, samples: Samples) -> Iterator[SpeechChange]:
        """Take the next samples of the stream and yield the changes they decide."""
        pending = np.concatenate([self._rest, samples])
        whole = (len(pending) - CONTEXT) // FRAME * FRAME
        self._rest = pending[whole:]
        if not whole:
            return
        for encoded in self._model.encode(pending[: CONTEXT + whole]):
            probability, self._state = self._model.step(encoded, self._state)
            change = self.gate.push(probability, self._position)
            self._renew()
            self._position += FRAME
            if change is not None:
                yield change

    def _renew(self) -> None:
        """Keep the recurrent state fresh while nobody speaks: forget the last speaker, and do not drift.

        After half a minute without speech it has wandered so far that Silero hears the next words up to a second late.
        """
        if self.gate.is_near_speech:
            self._idle = 0 if self.gate.open else self._idle
            return
        self._idle += 1
        if self._idle == _FORGET_FRAMES:
            self._state = SileroState.new()
        elif self._idle == _SETTLED_FRAMES:
            self._settled = self._state
        elif self._idle == _SETTLED_FRAMES + _RENEW_FRAMES:
            self._state = self._settled
            self._idle = _SETTLED_FRAMES
