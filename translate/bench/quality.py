"""Error rates of transcripts and scores of translations. Pure.

Texts are normalised as OpenAI did for Whisper (Radford et al. 2022, appendix C): English by its own rules (spelling,
numbers, contractions), other languages by case and punctuation only. Rates are of all words of a group together, so
that long recordings weigh more than short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from translate.bench.extras import required
from translate.bench.material import Stretch
from translate.bench.record import Run
from translate.bench.screen import revisions
from translate.events import Transcript

__all__ = [
    "Errors",
    "Pair",
    "Scores",
    "character_errors",
    "excerpt",
    "final_text",
    "pairs",
    "scores",
    "thirds",
    "word_errors",
]

_BLEU_TOKENIZERS = {"zh": "zh", "ja": "char", "ko": "char", "th": "char"}


@dataclass(frozen=True, slots=True)
class Pair:
    """What was said, and what was written."""

    lang: str
    kind: str
    reference: str
    hypothesis: str


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits that turn the references into the hypotheses, in words or characters."""

    substitutions: int
    deletions: int
    insertions: int
    reference: int
    """Length of the references."""

    @property
    def rate(self) -> float:
        """Edits for a word (or character) of the reference; above 1 where more was invented than was said."""
        edits = self.substitutions + self.deletions + self.insertions
        return edits / self.reference if self.reference else float(edits > 0)


@dataclass(frozen=True, slots=True)
class Scores:
    """Corpus scores of translations, from 0 to 100 (chrF also for a few sentences; BLEU needs dozens)."""

    bleu: float
    chrf: float
    recordings: int
    signature: str
    """What sacrebleu says a score has to be quoted with."""


def final_text(run: Run, lang: str | None = None) -> str:
    """What the run committed in the end: the transcript, or the translation into ``lang``."""
    last = {revision.segment: revision.committed for _, revision in revisions(run.entries, lang)}
    return " ".join(text for _, text in sorted(last.items()) if text)


def pairs(runs: Iterable[Run], lang: str | None = None) -> list[Pair]:
    """References and final texts of the runs that have a reference."""
    found = []
    for run in runs:
        reference = run.recording.transcript if lang is None else run.recording.translation(lang)
        if reference is not None:
            found.append(Pair(lang or run.recording.lang, run.recording.kind, reference, final_text(run, lang)))
    return found


def word_errors(pairs: Sequence[Pair]) -> Errors:
    """Word errors after normalisation. Raises ConfigError without the extra ``bench``."""
    return _errors(pairs, "process_words")


def character_errors(pairs: Sequence[Pair]) -> Errors:
    """Character errors after normalisation. Raises ConfigError without the extra ``bench``."""
    return _errors(pairs, "process_characters")


def _errors(pairs: Sequence[Pair], method: str) -> Errors:
    process = getattr(required("jiwer"), method)
    total = [0, 0, 0, 0]
    for pair in pairs:
        reference, hypothesis = (_normalizer(pair.lang)(text).strip() for text in (pair.reference, pair.hypothesis))
        if not reference:
            continue
        out = process(reference, hypothesis)
        counts = (out.substitutions, out.deletions, out.insertions, out.hits + out.substitutions + out.deletions)
        total = [a + b for a, b in zip(total, counts, strict=True)]
    return Errors(*total)


def scores(pairs: Sequence[Pair]) -> Scores | None:
    """BLEU and chrF of translations into one language; ``None`` of none. Raises ConfigError without the extra."""
    if not pairs:
        return None
    sacrebleu = required("sacrebleu")
    bleu = sacrebleu.BLEU(tokenize=_BLEU_TOKENIZERS.get(pairs[0].lang, "13a"))
    hypotheses = [pair.hypothesis for pair in pairs]
    references = [[pair.reference for pair in pairs]]
    return Scores(
        bleu=bleu.corpus_score(hypotheses, references).score,
        chrf=sacrebleu.CHRF().corpus_score(hypotheses, references).score,
        recordings=len(pairs),
        signature=str(bleu.get_signature()),
    )


@lru_cache
def _normalizer(lang: str) -> Callable[[str], str]:
    name, kind = ("english", "EnglishTextNormalizer") if lang == "en" else ("basic", "BasicTextNormalizer")
    return cast(Callable[[str], str], getattr(required(f"whisper_normalizer.{name}"), kind)())


def thirds(runs: Iterable[Run]) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """The first, the middle and the last third of joined recordings, cut in pauses.

    Words belong to the third in which they were heard, so that a fault that grows with time shows.
    """
    found: tuple[list[Pair], list[Pair], list[Pair]] = ([], [], [])
    for run in runs:
        if run.recording.transcript is not None:
            for pairs, third in zip(found, run.recording.thirds, strict=False):
                pairs.append(excerpt(run, third))
    return found


def excerpt(run: Run, stretch: Stretch) -> Pair:
    """What was said in a stretch of the recording, and what was written of it."""
    last = {r.segment: r for _, r in revisions(run.entries, None) if isinstance(r, Transcript)}
    written = (
        "".join(word.text for word in words)
        for segment in sorted(last)
        if (words := [word for word in last[segment].words if stretch.from_ms < word.end_ms <= stretch.to_ms])
    )
    return Pair(run.recording.lang, run.recording.kind, stretch.transcript or "", " ".join(written))
