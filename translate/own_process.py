"""What a process of our own tells the libraries that it will load: the command line, and the engines' process.

Importing the package tells nobody anything: the environment of a program that embeds it belongs to that program.
"""

from __future__ import annotations

import os
import sys
from typing import Final

__all__ = ["may_call_out", "prepare_process"]

_SWITCH: Final = "HF_HUB_OFFLINE"
_OURS: Final = "Yes"
"""True to the hub library, and written as hardly anybody would: so it is known, in child processes too, as ours."""
_QUIET: Final = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "DO_NOT_TRACK": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_XET_TELEMETRY_ENABLED": "0",
}
_FORBIDDEN: Final = ("onnxruntime", "hf_xet")
"""Installed because others require them, never used by us, with telemetry switched on: no process of ours can import
them. faster-whisper would load ONNX Runtime, whose builds for Linux keep a device identifier, for a function that we do
not call; the hub library would load hf_xet, which also writes a log at import, for downloads that we do without it."""

_LEAN: Final = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16", "OPENBLAS_NUM_THREADS": "1"}
"""oneDNN compiles a kernel for every shape that it meets and keeps 1,024 of them. Windows of sound come in any length,
so a service that has listened for half an hour would hold some hundred megabytes of kernels, hardly one used again:
with 16, memory stays where it is, and recognition takes no longer (54 s of CPU for 600 windows, with 1,024 61 s).

NumPy multiplies one small matrix for each window, the filters of its spectrogram. OpenBLAS wakes a thread for every
core for that, and these spin for a while afterwards: 337 to 371 ms of CPU for an update of Whisper base on two cores;
with one thread 236 to 253, and the update itself a little sooner."""


def prepare_process() -> None:
    """Keep this process and its children offline, and limit their caches and threads. Variables that are set are kept.

    It must run before NumPy, CTranslate2 and the Hugging Face hub library are imported. From then on the hub library
    refuses requests before it makes them, and ONNX Runtime and hf_xet cannot be imported here.
    """
    for name, value in {_SWITCH: _OURS, **_QUIET, **_LEAN}.items():
        os.environ.setdefault(name, value)
    for module in _FORBIDDEN:
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]  # Python's way to forbid an import


def may_call_out() -> None:
    """A person has asked for a download: the hub library may make requests, unless the user has forbidden it."""
    if os.environ.get(_SWITCH) != _OURS:
        return
    del os.environ[_SWITCH]
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:  # it has read the environment already
        constants.HF_HUB_OFFLINE = False  # type: ignore[attr-defined]
