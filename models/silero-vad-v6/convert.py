"""Writes ``weights.npz`` from the ONNX file of Silero VAD v6 that faster-whisper ships.

    python models/silero-vad-v6/convert.py FOLDER/silero_vad_v6.onnx weights.npz

It needs the package ``onnx``; the service does not. A test holds the file that ships against a new conversion.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

_NAMES = {
    "encoder.conv_layers.0": "conv0",
    "encoder.conv_layers.1": "conv1",
    "encoder.conv_layers.2": "conv2",
    "encoder.conv_layers.3": "conv3",
    "decoder.conv1d": "output",
}
"""ONNX layers with a ``weight`` and a ``bias`` -> their names in ``weights.npz``."""


def convert(source: Path, target: Path) -> None:
    """Read the ONNX file ``source`` and write its trained weights, float32, to ``target``.

    The short-time Fourier transform is left out: its basis is a Hann window of 256 samples.

    Raises:
        ValueError: the graph is not the one that ``translate/speech/silero.py`` computes.
    """
    graph = onnx.load(source).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    _check_transform(tensors["encoder.feature_extractor.forward_basis_buffer"][:, 0])
    weights = {
        f"{ours}_{kind}": tensors[f"{theirs}.{kind}"] for theirs, ours in _NAMES.items() for kind in ("weight", "bias")
    }
    (lstm,) = [node for node in graph.node if node.op_type == "LSTM"]
    _, for_input, for_state, bias = lstm.input[:4]
    weights["lstm_input"] = tensors[for_input][0]
    weights["lstm_state"] = tensors[for_state][0]
    weights["lstm_bias"] = tensors[bias][0]
    with target.open("wb") as file:
        np.savez(file, **{name: np.asarray(weights[name], np.float32) for name in sorted(weights)})


def _check_transform(basis: npt.NDArray[np.float32]) -> None:
    window = np.hanning(257)[:-1]
    angles = 2 * np.pi / 256 * np.outer(np.arange(129), np.arange(256))
    expected = np.concatenate([np.cos(angles), -np.sin(angles)]) * window
    if basis.shape != expected.shape or np.abs(basis - expected).max() > 1e-6:
        raise ValueError("the Fourier transform of this file is not one of 256 samples under a Hann window")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
