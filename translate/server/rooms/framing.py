"""WebSocket text frames of a server, made here so that a text for thousands of readers costs each of them little."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["text_frame"]

_FINAL_TEXT: Final = 0x81
"""The last (and only) fragment of a text message."""
_MEDIUM: Final = struct.Struct(">BBH").pack
_LONG: Final = struct.Struct(">BBQ").pack


def text_frame(payload: bytes) -> bytes:
    """``payload``, which is UTF-8, as one unmasked text frame without extensions (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((_FINAL_TEXT, size)) + payload
    if size < 65_536:
        return _MEDIUM(_FINAL_TEXT, 126, size) + payload
    return _LONG(_FINAL_TEXT, 127, size) + payload
