"""Silero VAD v6 in NumPy: the probability of speech in each frame of 32 ms.

The model and its weights are the Silero Team's (https://github.com/snakers4/silero-vad, MIT). ONNX Runtime, which it is
published for, is not used: its builds for Linux send usage data to their maker.
"""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from translate.errors import ModelDamaged
from translate.events import Samples
from translate.resources import models_folder

__all__ = ["CONTEXT", "FRAME", "Silero", "SileroState", "load_silero"]

FRAME: Final = 512
"""Samples of one decision (32 ms)."""
CONTEXT: Final = 64
"""Samples before a frame that the model also hears."""

_SHA256: Final = "471b1e5dddf34c54f104c380b587894b7e823c1aa52540977a98600948643abe"
_MOST_FRAMES: Final = 4
"""Frames encoded at once: from six on OpenBLAS wakes a thread for every core, and these spin for ten milliseconds."""
_WINDOW: Final = 256
_HOP: Final = 128
_SPECTRA: Final = 4
"""Fourier transforms of a frame."""
_PADDED: Final = CONTEXT + FRAME + CONTEXT
_BINS: Final = _WINDOW // 2 + 1
_STATE: Final = 128
_SIGMOIDS: Final = 3 * _STATE
"""The LSTM's gates come in the order input, output, forget, cell: a sigmoid for three, tanh for the last."""

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SileroState:
    """What the LSTM remembers of a stream: ``hidden`` and ``cell``, of 128 values each."""

    hidden: _Floats
    cell: _Floats

    @classmethod
    def new(cls) -> SileroState:
        """The state before the first frame."""
        return cls(np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32))


class Silero:
    """The network. It holds no state of a stream: one serves all of them, from any thread.

    Args:
        weights: the arrays of ``weights.npz``; its README has the layers.

    Raises:
        KeyError, ValueError: an array is missing or has another shape.
    """

    def __init__(self, weights: dict[str, _Floats]) -> None:
        self._hann = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
        # A convolution over time is a product with the taps on top of each other: (taps * inputs, outputs).
        # The third gives one position from two, and the last one from one: their other taps meet nothing but padding.
        self._convolutions = (
            _stacked(weights["conv0_weight"], (128, _BINS, 3)),
            _stacked(weights["conv1_weight"], (64, 128, 3)),
            _stacked(weights["conv2_weight"], (64, 64, 3))[64:],
            _stacked(weights["conv3_weight"], (128, 64, 3))[64:128],
        )
        self._biases = [_shaped(weights[f"conv{n}_bias"], (size,)) for n, size in enumerate((128, 64, 64, 128))]
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: half the weights, and one tanh serves all gates.
        scale = np.full(4 * _STATE, 0.5, np.float32)
        scale[_SIGMOIDS:] = 1
        bias = _shaped(weights["lstm_bias"], (8 * _STATE,))
        self._gate_bias = (bias[: 4 * _STATE] + bias[4 * _STATE :]) * scale
        self._for_input = np.ascontiguousarray(_shaped(weights["lstm_input"], (4 * _STATE, _STATE)).T * scale)
        self._for_state = np.ascontiguousarray(_shaped(weights["lstm_state"], (4 * _STATE, _STATE)).T * scale)
        self._output = _shaped(weights["output_weight"], (1, _STATE, 1)).reshape(_STATE)
        self._output_bias = float(_shaped(weights["output_bias"], (1,))[0])

    def encode(self, samples: Samples) -> _Floats:
        """What the frames of ``samples`` bring to the LSTM; it does not depend on the state.

        Args:
            samples: 64 samples of context and then whole frames: 64 + 512 n values.

        Returns:
            n rows of 512 values, one for each :meth:`step`.
        """
        count = (len(samples) - CONTEXT) // FRAME
        frames = _windows(np.ascontiguousarray(samples[np.newaxis], np.float32), count, CONTEXT + FRAME, FRAME)[0]
        batches = [self._encoded(frames[at : at + _MOST_FRAMES]) for at in range(0, count, _MOST_FRAMES)]
        return batches[0] if len(batches) == 1 else np.concatenate(batches)

    def step(self, encoded: _Floats, state: SileroState) -> tuple[float, SileroState]:
        """Take the next frame of a stream: a row of :meth:`encode`, and the state after the frame before.

        Returns:
            The probability of speech in it, and the state after it.
        """
        gates = np.tanh(encoded + state.hidden @ self._for_state)
        sigmoids = 0.5 + 0.5 * gates[:_SIGMOIDS]
        cell = sigmoids[2 * _STATE :] * state.cell + sigmoids[:_STATE] * gates[_SIGMOIDS:]
        hidden = sigmoids[_STATE : 2 * _STATE] * np.tanh(cell)
        logit = float(np.maximum(hidden, 0) @ self._output) + self._output_bias
        if math.isnan(logit):  # samples that are no numbers: they are forgotten, or the stream would stay deaf
            return 0.0, SileroState.new()
        return 0.5 + 0.5 * math.tanh(0.5 * logit), SileroState(hidden, cell)

    def _encoded(self, frames: Samples) -> _Floats:
        count = len(frames)
        padded = np.empty((count, _PADDED), np.float32)
        padded[:, : CONTEXT + FRAME] = frames
        padded[:, CONTEXT + FRAME :] = frames[:, -2 : -2 - CONTEXT : -1]  # reflected
        spectra = np.fft.rfft(_windows(padded, _SPECTRA, _WINDOW, _HOP) * self._hann)
        spectrum = np.zeros((count, _SPECTRA + 2, _BINS), np.float32)  # a position of padding at each end
        np.abs(spectra, out=spectrum[:, 1:-1])
        hidden = np.zeros((count, _SPECTRA + 1, 128), np.float32)
        rows = _windows(spectrum, _SPECTRA, 3 * _BINS, _BINS).reshape(-1, 3 * _BINS)
        hidden[:, 1:] = self._layer(0, rows).reshape(count, _SPECTRA, 128)
        rows = _windows(hidden, 2, 3 * 128, 2 * 128).reshape(-1, 3 * 128)
        last = self._layer(3, self._layer(2, self._layer(1, rows).reshape(count, 2 * 64)))
        gates: _Floats = last @ self._for_input + self._gate_bias
        return gates

    def _layer(self, number: int, rows: _Floats) -> _Floats:
        outputs: _Floats = rows @ self._convolutions[number] + self._biases[number]
        return np.maximum(outputs, 0, out=outputs)


def _windows(values: _Floats, count: int, size: int, step: int) -> _Floats:
    """Views of ``size`` values in a row, one every ``step``, of each of the contiguous ``values[i]``: overlapping."""
    rows = values.strides[0]
    return np.ndarray((len(values), count, size), np.float32, values, strides=(rows, 4 * step, 4))


def _stacked(weight: _Floats, shape: tuple[int, int, int]) -> _Floats:
    """A convolution's weight (outputs, inputs, taps) as a matrix (taps * inputs, outputs)."""
    return np.ascontiguousarray(_shaped(weight, shape).transpose(2, 1, 0).reshape(-1, shape[0]))


def _shaped(array: _Floats, shape: tuple[int, ...]) -> _Floats:
    if array.shape != shape or array.dtype != np.float32:
        raise ValueError(f"an array of {array.dtype} with shape {array.shape} instead of float32 with {shape}")
    return array


@lru_cache(maxsize=1)
def load_silero(path: Path | None = None) -> Silero:
    """The network with the weights that ship, or with those at ``path``.

    Raises:
        ModelDamaged: the file is missing, or is not the one that was shipped.
    """
    path = path or models_folder() / "silero-vad-v6" / "weights.npz"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelDamaged(f"cannot read the voice activity model {path}: {error.strerror or error}") from error
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ModelDamaged(f"the voice activity model {path} is damaged: its SHA-256 is another one; install it again")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return Silero(dict(arrays))
