"""A phrase book: what people say every day and open text rarely has, and sentences with slots for names and numbers.

A table with a column a language. A row with a name in the column ``slot`` is something that may stand in a ``{slot}``
of the other rows; ``{slot2}`` takes another one of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from .errors import DistilError

__all__ = ["fill"]

_SLOT = re.compile(r"\{([a-z]+)(\d*)\}")
_MOST = 40
"""A row with slots becomes no more sentences than this."""

Sides = tuple[str, ...]
"""One text in every language, in the same order."""


def fill(phrase: Sides, slots: Mapping[str, Sequence[Sides]]) -> Iterator[Sides]:
    """Yield the phrase with its slots filled, each time otherwise; as it is when it has none. The same every time.

    Raises:
        DistilError: a slot is unknown, has too few values, or is in one language only.
    """
    wanted = [sorted(set(_SLOT.findall(side))) for side in phrase]
    if any(found != wanted[0] for found in wanted):
        raise DistilError(f"the languages of {phrase[0]!r} have different slots")
    kinds = [kind for kind, _ in wanted[0]]
    for kind in kinds:
        if len(slots.get(kind, ())) < kinds.count(kind):
            raise DistilError(f"{phrase[0]!r} asks for {{{kind}}}, of which there are {len(slots.get(kind, ()))}")
    if not kinds:
        yield phrase
        return
    random, seen = Random(phrase[0]), set()
    for _ in range(_MOST):
        drawn = {kind: iter(random.sample(slots[kind], kinds.count(kind))) for kind in set(kinds)}
        values = {f"{{{kind}{number}}}": next(drawn[kind]) for kind, number in wanted[0]}
        sentence = tuple(
            _sentence(side, {slot: value[place] for slot, value in values.items()}) for place, side in enumerate(phrase)
        )
        if sentence not in seen:
            seen.add(sentence)
            yield sentence


def _sentence(text: str, values: Mapping[str, str]) -> str:
    filled = _SLOT.sub(lambda match: values[match[0]], text)
    return filled[:1].upper() + filled[1:]
