"""What can go wrong, said in one line."""

from __future__ import annotations

__all__ = ["DistilError"]


class DistilError(Exception):
    """A mistake in the input that its author can mend. The command prints it in one line and exits with 2."""
