"""What a client waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["is_a", "is_final"]


def is_final(lang: str, segment: int = 0) -> Callable[[Any], bool]:
    """The last text of a segment in a language."""
    return lambda m: getattr(m, "lang", None) == lang and m.segment == segment and m.final


def is_a(kind: type) -> Callable[[Any], bool]:
    """Any message of this kind."""
    return lambda m: isinstance(m, kind)
