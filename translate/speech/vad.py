"""Voice activity detection: Silero over a stream, frame by frame.

The ONNX model is the one that faster-whisper ships (Silero v6, MIT); its own wrapper only takes whole recordings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnxruntime
from faster_whisper.utils import get_assets_path

from translate.config import VadConfig
from translate.errors import ModelDamaged
from translate.events import RATE_HZ, Samples

__all__ = ["FRAME", "SpeechChange", "SpeechGate", "StreamingVad"]

FRAME = 512
"""Samples of one decision (32 ms)."""
_CONTEXT = 64
_MODEL = "silero_vad_v6.onnx"


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


_FORGET_FRAMES = 16
"""Half a second after a span the recurrent state begins anew: it remembers how loud the last speaker was, for minutes,
and is deaf to one who is 30 to 40 dB quieter."""
_SETTLED_FRAMES = _FORGET_FRAMES + 32
"""A second later it knows the noise of the room, and is still fresh."""
_RENEW_FRAMES = 64
"""How often it goes back to that state for as long as nobody speaks."""


class StreamingVad:
    """Silero over a stream of samples; keeps its recurrent state between calls.

    Raises:
        ModelDamaged: the ONNX file of faster-whisper is missing or unreadable.
    """

    def __init__(self, config: VadConfig) -> None:
        self._model = _model()
        self.gate = SpeechGate(config)
        self._h: npt.NDArray[np.float32] = np.zeros((1, 1, 128), np.float32)
        self._c: npt.NDArray[np.float32] = np.zeros((1, 1, 128), np.float32)
        self._context: Samples = np.zeros(_CONTEXT, np.float32)
        self._rest: Samples = np.zeros(0, np.float32)
        self._idle = 0
        """Frames without speech since the span closed, or since the state was renewed."""
        self._settled = (self._h, self._c)
        self._position = 0

    def push(self, samples: Samples) -> Iterator[SpeechChange]:
        """Take the next samples of the stream and yield the changes they decide."""
        pending = np.concatenate([self._rest, samples])
        whole = len(pending) // FRAME * FRAME
        for start in range(0, whole, FRAME):
            change = self.gate.push(self._probability(pending[start : start + FRAME]), self._position)
            self._renew()
            self._position += FRAME
            if change is not None:
                yield change
        self._rest = pending[whole:]

    def _renew(self) -> None:
        """Keep the recurrent state fresh while nobody speaks: forget the last speaker, and do not drift.

        After half a minute without speech it has wandered so far that Silero hears the next words up to a second late.
        """
        if self.gate.is_near_speech:
            self._idle = 0 if self.gate.open else self._idle
            return
        self._idle += 1
        if self._idle == _FORGET_FRAMES:
            self._h, self._c = np.zeros_like(self._h), np.zeros_like(self._c)
        elif self._idle == _SETTLED_FRAMES:
            self._settled = (self._h, self._c)
        elif self._idle == _SETTLED_FRAMES + _RENEW_FRAMES:
            self._h, self._c = self._settled
            self._idle = _SETTLED_FRAMES

    def _probability(self, frame: Samples) -> float:
        joined = np.concatenate([self._context, frame])[np.newaxis]
        output, self._h, self._c = self._model.run(None, {"input": joined, "h": self._h, "c": self._c})
        self._context = frame[-_CONTEXT:]
        return float(np.asarray(output).reshape(-1)[-1])


@lru_cache(maxsize=1)
def _model() -> Any:
    """The ONNX session, shared: it holds no state of a stream."""
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    path = f"{get_assets_path()}/{_MODEL}"
    try:
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"], sess_options=options)
    except Exception as error:  # onnxruntime's own exception classes are not public
        raise ModelDamaged(f"cannot load the voice activity model {_MODEL} of faster-whisper: {error}") from error
