"""Characters that a model does not know, in the nearest form that it does. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["Letters"]

_MARKS: Final = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "´": "'", "`": "'",
    "–": "-", "—": "-", "―": "-", "−": "-", "‐": "-", "‑": "-", "…": ".",
}  # fmt: skip


class Letters:
    """Small vocabularies lack rare letters, of which one that is left out may be the first of a word.

    Args:
        knows: whether the model knows a character.
    """

    def __init__(self, knows: Callable[[str], bool]) -> None:
        self._knows = knows
        self._nearest: dict[str, str] = {}

    def legible(self, text: str) -> tuple[str, dict[int, int]]:
        """``text`` with every character as the model knows it, and where each ends.

        A capital may become small, a letter may lose its accent, a mark become a plainer one; what has no such form
        stays.

        Returns:
            The text, and for each place in its UTF-8 bytes at which a character ends the place in those of ``text``.
        """
        found, ends, before, after = [], {0: 0}, 0, 0
        for character in text:
            near = self._nearest.get(character)
            if near is None:
                near = self._nearest[character] = self._form(character)
            found.append(near)
            before += len(character.encode())
            after += len(near.encode())
            ends[after] = before
        return "".join(found), ends

    def _form(self, character: str) -> str:
        if character.isspace() or self._knows(character):
            return character
        return next((form for form in _forms(character) if self._knows(form)), character)


def _forms(character: str) -> Iterator[str]:
    if character in _MARKS:
        yield _MARKS[character]
    plain = unicodedata.normalize("NFKD", character)[0]
    yield from (form for form in (character.lower(), plain, plain.lower()) if len(form) == 1)
