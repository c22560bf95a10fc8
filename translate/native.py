"""Settings of native libraries, made before they are loaded."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["prepare"]

_ONEDNN_CACHE: Final = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
_ONEDNN_SHAPES: Final = "16"
"""oneDNN compiles a kernel for every shape that it meets and keeps 1,024 of them. Windows of sound come in any length,
so a service that has listened for half an hour would hold some hundred megabytes of kernels, hardly one used again:
with 16, memory stays where it is, and recognition takes no longer (54 s of CPU for 600 windows, with 1,024 61 s)."""
_BLAS_THREADS: Final = "OPENBLAS_NUM_THREADS"
"""NumPy multiplies one small matrix for each window, the filters of its spectrogram. OpenBLAS wakes a thread for every
core for that, and these spin for a while afterwards: 337 to 371 ms of CPU for an update of Whisper base on two cores;
with one thread 236 to 253, and the update itself a little sooner."""


def prepare() -> None:
    """Libraries loaded from now on, here and in child processes, keep little and do not spin; what a user set stays."""
    os.environ.setdefault(_ONEDNN_CACHE, _ONEDNN_SHAPES)
    os.environ.setdefault(_BLAS_THREADS, "1")
