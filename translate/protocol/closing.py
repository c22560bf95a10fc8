"""How a connection is closed."""

from __future__ import annotations

from typing import Final

__all__ = ["CLOSE_S"]

CLOSE_S: Final = 0.7
"""Time that a client has to answer the closing handshake."""
