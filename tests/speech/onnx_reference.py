"""Voice detection with Silero on ONNX Runtime: the reference for our own computation.

Usage: onnx_reference.py OUT.npz CLIP...     writes the probabilities and the spans of every clip.

A program of its own, so that the tests' process never loads ONNX Runtime, which has to be told not to call out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import

import numpy as np
import onnxruntime
from faster_whisper.audio import decode_audio
from faster_whisper.utils import get_assets_path

from translate.config import VadConfig
from translate.speech import vad
from translate.speech.silero import CONTEXT, FRAME, SileroState


class OnnxSilero:
    """As :class:`translate.speech.silero.Silero`, but for ``encode``, which only cuts the frames out."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            f"{get_assets_path()}/silero_vad_v6.onnx", options, providers=["CPUExecutionProvider"]
        )
        self.probabilities: list[float] = []

    def encode(self, samples: Any) -> Iterator[Any]:
        for end in range(CONTEXT + FRAME, len(samples) + 1, FRAME):
            yield samples[np.newaxis, end - CONTEXT - FRAME : end]

    def step(self, frame: Any, state: SileroState) -> tuple[float, SileroState]:
        hidden, cell = (array.reshape(1, 1, -1) for array in (state.hidden, state.cell))
        output, hidden, cell = self._session.run(None, {"input": frame, "h": hidden, "c": cell})
        self.probabilities.append(float(output.reshape(-1)[-1]))
        return self.probabilities[-1], SileroState(hidden.reshape(-1), cell.reshape(-1))


def main(out: Path, clips: list[Path]) -> None:
    found: dict[str, Any] = {}
    for clip in clips:
        model = OnnxSilero()
        vad.load_silero = lambda model=model: model
        changes = list(vad.StreamingVad(VadConfig()).push(decode_audio(str(clip))))
        found[f"{clip.stem} probabilities"] = np.array(model.probabilities)
        found[f"{clip.stem} spans"] = np.array([change.position for change in changes], np.int64)
    np.savez(out, **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
