"""Event logs in the forms that others score: SimulEval/OmniSTEval (a line a recording), simulstream (a line an update).

Both hold what was said in clear; they are written only where a user asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translate.bench.record import Run
from translate.bench.screen import Revision, Screen, common_prefix, revisions, tokens, updates

__all__ = ["Emission", "emissions", "simuleval_line", "simulstream_lines", "write_logs"]


@dataclass(frozen=True, slots=True)
class Emission:
    """When one token of the final text was committed. Milliseconds from the recording's first sample."""

    token: str
    heard_ms: float
    """Audio that had been heard by then: the computation-unaware delay (CU)."""
    elapsed_ms: float
    """Time that had passed by then: the computation-aware delay (CA)."""


def emissions(run: Run, lang: str | None = None) -> list[Emission]:
    """The committed tokens of the run in order; of the translation into ``lang``, or of the transcript."""
    split = tokens(lang or run.recording.lang)
    segments: dict[int, list[tuple[float, Revision]]] = {}
    for at_ms, revision in revisions(run.entries, lang):
        segments.setdefault(revision.segment, []).append((at_ms, revision))
    found: list[Emission] = []
    for segment in sorted(segments):
        stream = [(at_ms, revision, split(revision.committed)) for at_ms, revision in segments[segment]]
        final = stream[-1][2]
        step = 0
        for place in range(len(final)):
            # A word may grow by a mark, or an ending, after its beginning was committed: its last form counts.
            while step < len(stream) - 1 and stream[step][2][: place + 1] != final[: place + 1]:
                step += 1
            at_ms, revision, _ = stream[step]
            found.append(Emission(final[place], _heard_ms(revision, at_ms) - run.start_ms, at_ms - run.start_ms))
    return found


def _heard_ms(revision: Revision, at_ms: float) -> float:
    return revision.marks.capture if revision.marks.capture is not None else at_ms


def simuleval_line(run: Run, lang: str | None = None) -> dict[str, Any]:
    """The run as SimulEval logs it; ``omnisteval longform --hypothesis_format jsonl`` reads it."""
    emitted = emissions(run, lang)
    joint = " " if tokens(lang or run.recording.lang) is str.split else ""
    line: dict[str, Any] = {
        "source": [f"{run.recording.id}.wav"],
        "prediction": joint.join(e.token for e in emitted),
        "delays": [round(e.heard_ms, 1) for e in emitted],
        "elapsed": [round(e.elapsed_ms, 1) for e in emitted],
        "source_length": round(run.recording.seconds * 1000, 1),
    }
    reference = run.recording.transcript if lang is None else run.recording.translation(lang)
    return line | ({"reference": reference} if reference is not None else {})


def simulstream_lines(run: Run, number: int, lang: str | None = None) -> list[dict[str, Any]]:
    """The run as simulstream's metrics log, with every change of the screen: tails and what was taken back too."""
    screen = Screen(tokens(lang or run.recording.lang))
    lines: list[dict[str, Any]] = [{"id": number, "metadata": {"wav_name": f"{run.recording.id}.wav"}}]
    for at_ms, update in updates(run.entries, lang):
        change = screen.show(update)
        kept = common_prefix(change.before, change.after)
        if change.before == change.after:
            continue
        heard_ms = _heard_ms(update[-1], at_ms)
        lines.append(
            {
                "id": number,
                "total_audio_processed": round((heard_ms - run.start_ms) / 1000, 4),
                "computation_time": round((at_ms - heard_ms) / 1000, 4),
                "generated_tokens": list(change.after[kept:]),
                "deleted_tokens": list(change.before[kept:]),
            }
        )
    return lines


def write_logs(folder: Path, name: str, runs: Sequence[Run], lang: str | None = None) -> list[Path]:
    """Write ``NAME.simuleval.jsonl``, ``NAME.simulstream.jsonl``, and what scores them in long form.

    ``NAME.segments.yaml`` (JSON, which YAML readers take) and ``NAME.references.txt`` name the parts of the recordings
    and what is said in each; only with references for all of them. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        f"{name}.simuleval.jsonl": _lines(simuleval_line(run, lang) for run in runs),
        f"{name}.simulstream.jsonl": _lines(
            line for number, run in enumerate(runs) for line in simulstream_lines(run, number, lang)
        ),
    }
    parts = [(run, part) for run in runs for part in run.recording.parts]
    references = [p.clip.transcript if lang is None else p.clip.translations.get(lang) for _, p in parts]
    if all(reference is not None for reference in references):
        files[f"{name}.segments.yaml"] = json.dumps(
            [
                {
                    "wav": f"{run.recording.id}.wav",
                    "offset": round(part.start_ms / 1000, 4),
                    "duration": round((part.end_ms - part.start_ms) / 1000, 4),
                }
                for run, part in parts
            ]
        )
        files[f"{name}.references.txt"] = "".join(" ".join((r or "").split()) + "\n" for r in references)
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    return [folder / file for file in files]


def _lines(values: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
