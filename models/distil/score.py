"""Scores of a converted student: BLEU, chrF2, speed on one thread, and normalised erasure on growing prefixes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sentencepiece

from translate.manifest import STUDENT_TOKENIZER

from .config import Recipe
from .devsets import bleu, chrf, read_dev
from .errors import DistilError
from .terms import read_terms

__all__ = ["Student", "normalised_erasure", "peers", "score_student", "summary", "word_prefixes"]


_LONGEST = 256
"""Source tokens that a student is asked to translate at once."""


class Student:
    """A converted student. ``prefix`` is its first source token; ``""``: none."""

    def __init__(self, folder: Path, prefix: str = "", *, threads: int = 1) -> None:
        try:
            import ctranslate2
        except ImportError:
            raise DistilError("this step needs ctranslate2") from None
        if not (folder / "model.bin").exists():
            raise DistilError(f"{folder}: no student there; run the step 'convert' first")
        self._translator = ctranslate2.Translator(str(folder), inter_threads=1, intra_threads=threads)
        self._tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / STUDENT_TOKENIZER))
        self._prefix = [prefix] if prefix else []

    def translate(self, lines: Sequence[str], *, beam: int = 1) -> list[str]:
        return [self._tokenizer.decode(pieces) for pieces in self._pieces(lines, beam=beam)]

    def _pieces(self, lines: Sequence[str], *, beam: int = 1) -> list[list[str]]:
        encoded = self._tokenizer.encode(list(lines), out_type=str)
        sources = [self._prefix + pieces[:_LONGEST] for pieces in encoded]  # the service cuts long text by itself
        longest = max(map(len, sources), default=0) * 3 // 2 + 10
        results = self._translator.translate_batch(
            sources, beam_size=beam, max_decoding_length=longest, max_batch_size=2048, batch_type="tokens"
        )
        return [result.hypotheses[0] for result in results]

    def ms_per_token(self, lines: Sequence[str]) -> float:
        """Milliseconds per target token, one line at a time, greedy; encoding and tokenising included."""
        self._pieces(lines[:3])
        began, tokens = time.perf_counter(), 0
        for line in lines:
            tokens += len(self._pieces([line])[0]) + 1
        return (time.perf_counter() - began) * 1000 / tokens


def word_prefixes(line: str) -> Iterator[str]:
    """The line as it grows, a word at a time."""
    words = line.split()
    return (" ".join(words[:count]) for count in range(1, len(words) + 1))


def normalised_erasure(outputs: Sequence[str]) -> float:
    """Words taken back while a translation grew, per word of the last one (Arivazhagan et al. 2020)."""
    erased = 0
    previous: list[str] = []
    for output in outputs:
        words = output.split()
        same = 0
        while same < min(len(words), len(previous)) and words[same] == previous[same]:
            same += 1
        erased += len(previous) - same
        previous = words
    return erased / max(len(previous), 1)


def _erasure(student: Student, lines: Sequence[str]) -> float:
    total = 0.0
    for line in lines:
        total += normalised_erasure(student.translate(list(word_prefixes(line))))
    return total / max(len(lines), 1)


def peers(path: Path, name: str, direction: str) -> dict[str, float]:
    """BLEU of other systems from a table ``set, direction, system, BLEU``; empty when there is no table."""
    if not path.is_file():
        return {}
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {row[2]: float(row[3]) for row in rows if row[0] == name and row[1] == direction}


def score_student(
    recipe: Recipe, folder: Path, direction: tuple[str, str], prefix: str, *, sample: int = 50
) -> dict[str, Any]:
    """The scores of a student on every development set, for its card."""
    student = Student(folder, prefix)
    source, target = direction
    result: dict[str, Any] = {}
    terms = read_terms(Path(recipe.path).parent / recipe.terms, recipe.languages) if recipe.terms else None
    for name in recipe.dev:
        lines, references = read_dev(recipe, name, source, target)
        entry: dict[str, Any] = {"sentences": len(lines)}
        outputs = {beam: student.translate(lines, beam=beam) for beam in (1, 4)}
        for beam, output in outputs.items():
            entry[f"bleu_beam{beam}"] = round(bleu(output, references), 2)
            entry[f"chrf2_beam{beam}"] = round(chrf(output, references), 2)
        entry["ms_per_token"] = round(student.ms_per_token(lines[:sample]), 3)
        entry["normalised_erasure"] = round(_erasure(student, lines[:sample]), 3)
        if terms:
            entry |= terms.score(lines, references, outputs[1], source, target)
        entry["peers"] = peers(Path(recipe.path).parent / recipe.peers, name, f"{source}-{target}")
        result[name] = entry
    return result


def summary(entry: Mapping[str, Any]) -> str:
    """One line for one development set, peers beside."""
    own = (
        f"BLEU {entry['bleu_beam1']} greedy, {entry['bleu_beam4']} beam 4; chrF2 {entry['chrf2_beam1']}, "
        f"{entry['chrf2_beam4']}; {entry['ms_per_token']} ms per token; erasure {entry['normalised_erasure']}"
    )
    if entry.get("terms"):
        own += f"; terms {entry['terms_right']} of {entry['terms']}"
    others = ", ".join(f"{system} {score}" for system, score in sorted(entry["peers"].items()))
    return f"{own}; BLEU of others: {others}" if others else own
