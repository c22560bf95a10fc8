"""LongYAAL, the latency measure of IWSLT 2026, by OmniSTEval.

(Polák et al. 2025, "Better Late Than Never: Evaluation of Latency Metrics for Simultaneous Speech-to-Text Translation",
arXiv 2509.17349.) SoftSegmenter gives each committed word to a sentence of the reference; YAAL is how far, on average,
the words of a sentence lag behind a speaker whose words are spread evenly over it. Words committed after the end of the
recording do not count, so recordings should be long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from translate.bench.extras import optional
from translate.bench.logs import emissions
from translate.bench.record import Run
from translate.languages import is_spaced

__all__ = ["LongYaal", "measure"]

_MOST_PAIRS = 20_000_000


@dataclass(frozen=True, slots=True)
class LongYaal:
    """Milliseconds over some runs."""

    cu_ms: float
    """Computation-unaware: by the audio that had been heard."""
    ca_ms: float
    """Computation-aware: by the time that had passed."""
    version: str
    """Of OmniSTEval."""


def measure(runs: Sequence[Run], lang: str | None = None) -> LongYaal | None:
    """LongYAAL of the translations into ``lang`` (or of transcripts) of the runs that have references for all parts.

    Recordings of more than half an hour or so are left out: the alignment takes memory with the square of the words.

    Returns:
        ``None`` without any, and where OmniSTEval is not installed.
    """
    package = optional("omnisteval")
    if package is None:
        return None
    instances = [one for run in runs for one in _instances(package, run, lang)]
    if not instances:
        return None
    cu_ms, ca_ms = (package.YAALScorer(computation_aware=aware, is_longform=True)(instances) for aware in (False, True))
    return LongYaal(cu_ms, ca_ms, package.__version__)


def _instances(package: Any, run: Run, lang: str | None) -> list[Any]:
    """One instance for each part of the recording."""
    parts = run.recording.parts
    references = [part.clip.transcript if lang is None else part.clip.translations.get(lang) for part in parts]
    if any(reference is None for reference in references):
        return []
    characters = not is_spaced(lang or run.recording.lang)
    expected = [
        package.Word(unit, emission_cu=part.start_ms, seq_id=number)
        for number, (part, reference) in enumerate(zip(parts, references, strict=True))
        for unit in _units((reference or "").lower(), characters)
    ]
    written = [
        package.Word(e.token.lower(), emission_cu=e.heard_ms, emission_ca=e.elapsed_ms, original=e.token)
        for e in emissions(run, lang)
    ]
    if len(expected) * len(written) > _MOST_PAIRS:
        return []
    # Not align_words(), which starts a pool of processes: forking is no good idea beside the threads of the engines.
    align = package.alignment
    aligned = align.process_alignment(*align.align_sequences(expected, written, characters), characters)
    found = []
    for number, (part, reference) in enumerate(zip(parts, references, strict=True)):
        mine = [word for word in aligned if word.seq_id == number]
        found.append(
            package.Instance(
                prediction=("" if characters else " ").join(word.original for word in mine),
                reference=" ".join((reference or "").split()),
                latency_unit="char" if characters else "word",
                source_length=part.end_ms - part.start_ms,
                emission_cu=[word.emission_cu - part.start_ms for word in mine],
                emission_ca=[word.emission_ca - part.start_ms for word in mine],
                time_to_recording_end=parts[-1].end_ms - part.start_ms,
            )
        )
    return found


def _units(text: str, characters: bool) -> list[str]:
    return list("".join(text.split())) if characters else text.split()
