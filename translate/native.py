"""Settings of native libraries, made before they are loaded."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["bound_caches"]

_ONEDNN_CACHE: Final = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
_ONEDNN_SHAPES: Final = "16"
"""oneDNN compiles a kernel for every shape that it meets and keeps 1,024 of them. Windows of sound come in any length,
so a service that has listened for half an hour would hold some hundred megabytes of kernels, hardly one used again:
with 16, memory stays where it is, and recognition takes no longer (54 s of CPU for 600 windows, with 1,024 61 s)."""


def bound_caches() -> None:
    """Libraries loaded from now on, here and in child processes, keep little; what the user has set counts."""
    os.environ.setdefault(_ONEDNN_CACHE, _ONEDNN_SHAPES)
