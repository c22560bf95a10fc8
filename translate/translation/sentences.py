"""Where a growing text may be cut, so that a model gets sentences, as it was trained on, and never too much at once.

Pure functions of the text. A cut may rest on evidence that follows it (a capital after "Dr." does not end a sentence,
one after "so." does), and never on anything else, so that it stays where it is while the text grows.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from translate.languages import is_spaced

__all__ = ["SPACED", "UNSPACED", "Lengths", "clean", "is_finished", "lengths_of", "piece_end", "pieces"]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long an open sentence may grow, in characters."""

    soft: int
    """From here on it is cut at a clause mark."""
    hard: int
    """From here on it is cut at any word."""


_EVIDENCE = 400
"""So many characters after a cut are looked at, at most."""

SPACED = Lengths(soft=240, hard=400)
UNSPACED = Lengths(soft=80, hard=130)


def lengths_of(language: str) -> Lengths:
    """The lengths for a language; scripts without spaces say about three times as much in a character."""
    return SPACED if is_spaced(language) else UNSPACED


_CLOSERS = "\"'”’»›)\\]}」』】）"
_MARK = re.compile(rf"(?:[.．!?…]+|[。！？｡؟।॥])[{_CLOSERS}。！？｡]*")
_CLAUSE = re.compile(rf"[,;:،؛—–][{_CLOSERS}]*(?=\s)|[，、；：]")
_LAST_WORD = re.compile(r"[^\s(\[{\"'“‘«„¿¡]*$")
# Those that a name, a number or more of the sentence follows; not those that often end a sentence ("etc.", "no.").
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof st sr sra srta vs fig nr núm num vol pp ca approx dept gen col sgt lt capt rev hon gov hr fr
    bzw ggf vgl evtl inkl lic dra mme mlle mgr ud uds vd ej pág dott sig""".split()  # noqa: SIM905
)


def clean(text: str) -> str:
    """``text`` in NFKC without control characters and lone surrogates, with single spaces and none at its ends."""
    kept = (
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFKC", text)
        # Zero-width (non-)joiners are format characters too, but Persian and Indic spelling needs them.
        if character.isspace() or character in "\u200c\u200d" or not unicodedata.category(character).startswith("C")
    )
    return " ".join("".join(kept).split())


def _is_unsure(before: str, mark: str) -> bool:
    """Whether a full stop after ``before`` may belong to the word: "Dr.", "J.", "z.B.", "3.", "wait..."."""
    if mark[0] not in ".．…":
        return False
    if mark[0] == "…" or mark.startswith(".."):
        return True
    found = _LAST_WORD.search(before)
    word = found[0].casefold() if found else ""
    ordinal = word.isdigit() and len(word) < 3
    return ordinal or "." in word or len(word) == 1 or word in _ABBREVIATIONS


def _ends_sentence(text: str, mark: re.Match[str], *, at_end: bool) -> bool:
    after = text[mark.end() :]
    following = after.lstrip()
    if mark[0][0] in "。！？｡؟।॥":
        return bool(after) or at_end
    unsure = _is_unsure(text[: mark.start()], mark[0])
    if not following:
        return not unsure and at_end
    if not after[0].isspace() or following[0].islower():
        return False
    trails_off = mark[0].startswith(("…", ".."))
    return (trails_off and following[0].isupper()) or not unsure


def _sentence_end(text: str, *, at_end: bool, minimum: int) -> int | None:
    for mark in _MARK.finditer(text):
        if mark.end() >= minimum and text[: mark.end()].strip() and _ends_sentence(text, mark, at_end=at_end):
            return mark.end()
    return None


def piece_end(text: str, *, at_end: bool, lengths: Lengths = SPACED, minimum: int = 0) -> int | None:
    """Where the first piece of ``text`` ends that may be translated for good, ``None`` if it is still open.

    Args:
        text: what follows the piece before.
        at_end: whether a sentence may end where the text does; not so if more follows without a space.
        lengths: from when on an open sentence is cut before its end.
        minimum: no cut before this offset.
    """
    # A cut further on than an open sentence may be long is of no use, and to look for it in all of a long text takes
    # minutes.
    window = max(lengths.hard, minimum) + _EVIDENCE
    at_end = at_end and len(text) <= window
    text = text[:window]
    end = _sentence_end(text, at_end=at_end, minimum=minimum)
    if end is not None and end <= max(lengths.hard, minimum):
        return end
    if len(text) <= max(lengths.soft, minimum):
        return None
    least = max(minimum, lengths.soft // 3, 1)
    clauses = [mark.end() for mark in _CLAUSE.finditer(text[: lengths.hard]) if mark.end() >= least]
    if clauses:
        return clauses[-1]
    if len(text) <= max(lengths.hard, minimum):
        return None
    if minimum < lengths.hard:
        space = text.rfind(" ", least, lengths.hard)
        return space if space > 0 else max(lengths.hard, least)
    return minimum


def is_finished(text: str) -> bool:
    """Whether ``text`` ends as a sentence does; dots of omission tell that it goes on."""
    marks = list(_MARK.finditer(text.rstrip()))
    return bool(marks) and marks[-1].end() == len(text.rstrip()) and not marks[-1][0].startswith(("…", ".."))


def pieces(text: str, *, lengths: Lengths = SPACED) -> list[str]:
    """A finished text as sentences, long ones cut, without the space between them."""
    found = []
    while text := text.strip():
        end = piece_end(text, at_end=True, lengths=lengths) or len(text)
        found.append(text[:end].rstrip())
        text = text[end:]
    return found
