"""Text from elsewhere, as a terminal may show it."""

from __future__ import annotations

import re

__all__ = ["printable"]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""C0 and C1 controls but tab and newline: with them a text could move the cursor, or write to the clipboard."""


def printable(text: str) -> str:
    """``text`` with a replacement character for everything that a terminal would obey."""
    return _CONTROL.sub("\ufffd", text)
