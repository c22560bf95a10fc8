"""When repeated words are a loop of the decoder, whatever the language. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["LONGEST_LOOP", "is_loop"]

LONGEST_LOOP: Final = 12
"""Most words of a piece that is looked for."""


def is_loop(size: int, rounds: int) -> bool:
    """Whether ``size`` words said ``rounds`` times in a row are a loop.

    People do say a word three times, or two words twice; nobody says four words twice in one breath.
    """
    return rounds >= (2 if size >= 4 else 3 if size >= 2 else 4)
