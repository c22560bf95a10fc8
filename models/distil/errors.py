"""The error that every step raises for a mistake in its input."""

from __future__ import annotations

__all__ = ["DistilError"]


class DistilError(Exception):
    """A mistake in the input. The command prints it in one line and exits with status 2."""
