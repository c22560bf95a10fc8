"""What a model must not touch goes through it in disguise.

A small model spells rare words by ear and loses digits, but copies a plain name or a single digit nearly always. So a
glossary term is sent as a name ("Paul"), and a number that came out wrong as another digit; what comes out in its place
is written as it should be. A stand-in that is lost or comes out twice is tried once more as another, then given up.

Pure: no model, no clock.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from translate.translation.glossary import Terms

__all__ = ["Masked", "Shield", "missing_numbers"]

_NAMES = ("Paul", "Maria", "Boston", "Kevin", "Anna", "Linux", "Tom", "Marta")
_DIGITS = ("7", "4", "8", "5", "3", "6", "9", "2")
_RUN = r"(?:\d{1,3}(?: \d{3})+(?!\d)|\d+(?:[.,:/]\d+)*)"
_NUMBER = re.compile(rf"(?<![\w.,:/]){_RUN}(?!\w)")
_DIGIT_RUN = re.compile(_RUN)


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def missing_numbers(source: str, target: str) -> list[str]:
    """Numbers of two digits and more in ``source`` whose digits are not together in ``target``."""
    there = Counter(_digits(number) for number in _DIGIT_RUN.findall(target))
    missing = []
    for number in _DIGIT_RUN.findall(source):
        digits = _digits(number)
        if len(digits) > 1:
            if not there[digits]:
                missing.append(number)
            there[digits] -= 1
    return missing


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    masked_start: int
    stand_in: str


@dataclass(frozen=True, slots=True)
class Masked:
    """A source text with stand-ins. Offsets are UTF-8 bytes of the text as it was and as it is."""

    text: str
    spans: tuple[_Span, ...] = ()

    def limit(self, end: int) -> int:
        """Where in :attr:`text` that is which ends at ``end`` in the text before; a term not yet whole is left out."""
        shift = 0
        for span in self.spans:
            if end < span.end:
                return min(end + shift, span.masked_start)
            shift = span.masked_start + len(span.stand_in) - span.end
        return end + shift


class Shield:
    """The stand-ins of one sentence, kept while it grows."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._numbers: set[str] = set()
        """Numbers that the model got wrong."""
        self._stand_ins: dict[str, str] = {}
        """Stand-in by what is written in its place."""
        self._tried: dict[str, set[str]] = {}
        self._bare: set[str] = set()
        """What goes without a stand-in, since none came through."""

    def copy(self) -> Shield:
        """The same stand-ins, for a sentence that goes on elsewhere."""
        copied = Shield(self._terms)
        copied._numbers, copied._stand_ins = set(self._numbers), dict(self._stand_ins)
        return copied

    def mask(self, piece: str) -> Masked:
        """``piece`` with stand-ins for what has to be protected."""
        found = list(self._found(piece))
        present = {written for _, _, written in found}
        self._stand_ins = {written: s for written, s in self._stand_ins.items() if written in present}
        parts: list[str] = []
        spans: list[_Span] = []
        place = size = masked_size = 0
        for start, end, written in found:
            stand_in = self._stand_in(written, piece)
            if stand_in is None:
                continue
            before = piece[place:start]
            size += len(before.encode()) + len(piece[start:end].encode())
            masked_size += len(before.encode())
            spans.append(_Span(size - len(piece[start:end].encode()), size, masked_size, stand_in))
            masked_size += len(stand_in)
            parts += [before, stand_in]
            place = end
        return Masked("".join(parts) + piece[place:], tuple(spans))

    def restore(self, text: str) -> str:
        """``text`` of the model with what the stand-ins stand for."""
        if not self._stand_ins:
            return text
        written = {stand_in: written for written, stand_in in self._stand_ins.items()}
        pattern = "|".join(_pattern(stand_in) for stand_in in written)
        return re.sub(pattern, lambda match: written[match[0]], text)

    def review(self, piece: str, masked: Masked, text: str, settled: str) -> bool:
        """Whether another decoding, with other stand-ins, could do better.

        Args:
            text: the translation of ``masked``, not restored.
            settled: how that begins for good; stand-ins in it stay what they are.
        """
        again = False
        counts = Counter(span.stand_in for span in masked.spans)
        for written, stand_in in list(self._stand_ins.items()):
            if 1 <= _count(stand_in, text) <= counts[stand_in] or _count(stand_in, settled):
                continue
            del self._stand_ins[written]
            self._tried.setdefault(written, set()).add(stand_in)
            # Bare, a word that is a stand-in in use would be taken for it: that one goes on being disguised.
            if len(self._tried[written]) > 1 and written not in self._stand_ins.values():
                self._bare.add(written)
            again = True
        for number in missing_numbers(piece, self.restore(text)):
            if number not in self._numbers:
                self._numbers.add(number)
                again = True
        return again

    def faults(self, piece: str, text: str) -> int:
        """How many numbers and terms of ``piece`` are not in the restored ``text``."""
        terms = {written for _, _, written in self._found(piece) if written not in self._numbers}
        return len(missing_numbers(piece, text)) + sum(term not in text for term in terms)

    def _found(self, piece: str) -> Iterator[tuple[int, int, str]]:
        """What to protect: start, end and how it is written in the translation; in order, without overlap."""
        place = 0
        candidates = [(m.start(), -m.end(), self._terms.written.get(m[0].lower(), m[0])) for m in self._of_terms(piece)]
        candidates += [(m.start(), -m.end(), m[0]) for m in _NUMBER.finditer(piece) if m[0] in self._numbers]
        # What looks like a stand-in that is in use would be taken for it; in "7 112" the 7 is no number by itself.
        candidates += [
            (m.start(), -m.end(), m[0])
            for stand_in in self._stand_ins.values()
            for m in re.finditer(_pattern(stand_in), piece)
        ]
        for start, minus_end, written in sorted(candidates):
            if start >= place:
                yield start, -minus_end, written
                place = -minus_end

    def _of_terms(self, piece: str) -> Iterator[re.Match[str]]:
        return self._terms.pattern.finditer(piece) if self._terms.pattern is not None else iter(())

    def _stand_in(self, written: str, piece: str) -> str | None:
        if written in self._bare:
            return None
        if written not in self._stand_ins:
            taken = {*self._stand_ins.values(), *self._tried.get(written, ())}
            kind = _DIGITS if written.isdigit() or written in self._numbers else _NAMES
            free = (s for s in kind if s not in taken and not re.search(_pattern(s), piece))
            stand_in = next(free, None)
            if stand_in is None:
                return None
            self._stand_ins[written] = stand_in
        return self._stand_ins[written]


def _pattern(stand_in: str) -> str:
    if stand_in.isdigit():
        return rf"(?<![\d])(?<!\d[.,:/]){stand_in}(?![.,:/]?\d)"
    return rf"(?<![A-Za-z]){stand_in}(?![A-Za-z])"


def _count(stand_in: str, text: str) -> int:
    return len(re.findall(_pattern(stand_in), text))
