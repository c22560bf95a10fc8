"""Delays of a recorded run. Pure.

Where each begins and ends:

- *commit*: a word's end in the audio -> the event that commits it is out of the session;
- *show*: a word's end in the audio -> the event that first shows it, in the tail or committed, at its place;
- *stages*: from ``capture`` (the end of the newest audio that an event covers) through the marks to the event.

Word ends are those of :attr:`Transcript.words`, so of the recognizer itself; sending to a browser is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from translate.bench.record import Run
from translate.bench.screen import Screen, compared, revisions, updates
from translate.bench.spread import Spread
from translate.events import Transcript, Word
from translate.languages import is_spaced
from translate.speech.hypothesis import normalized

__all__ = ["Latency", "Timing", "measure", "stages", "timings"]

_STAGES = (
    ("arrives", "capture", "received"),
    ("voice activity", "received", "vad"),
    ("waits for recognition", "vad", "asr_start"),
    ("recognition", "asr_start", "asr_end"),
    ("waits for translation", "asr_end", "mt_start"),
    ("translation", "mt_start", "mt_end"),
)
_LONG_FORM_MS = 120_000


@dataclass(frozen=True, slots=True)
class Timing:
    """When one word was spoken, committed and first shown; milliseconds on the session clock."""

    text: str
    """Without case and punctuation."""
    end_ms: float
    committed_ms: float
    shown_ms: float | None
    """``None``: it was never seen before at its place in the text (a word before it was missing or doubled)."""

    @property
    def commit_ms(self) -> float:
        """Commit latency."""
        return self.committed_ms - self.end_ms

    @property
    def show_ms(self) -> float | None:
        """Show latency."""
        return None if self.shown_ms is None else self.shown_ms - self.end_ms


@dataclass(frozen=True, slots=True)
class Latency:
    """Delays over some runs, in milliseconds."""

    commit: Spread | None
    show: Spread | None
    first_third: Spread | None
    """Commit latency of words in the first third of recordings of two minutes and more."""
    middle_third: Spread | None
    last_third: Spread | None
    langs: Mapping[str, Spread]
    """Commit latency by language, where there are several."""
    stages: dict[str, Spread]
    """Of transcripts; those of translations where there are any."""
    cpu_share: float
    """CPU seconds for a second of audio, recognition and translation together."""


def measure(runs: Sequence[Run]) -> Latency:
    """Delays over ``runs``."""
    timed = [(run, timing) for run in runs for timing in timings(run)]
    long = [(run, t) for run, t in timed if run.recording.seconds * 1000 >= _LONG_FORM_MS]

    def third(run: Run, timing: Timing) -> int:
        return int((timing.end_ms - run.start_ms) * 3 / (run.recording.seconds * 1000))

    delays: dict[str, list[float]] = {}
    for run in runs:
        for name, values in stages(run).items():
            delays.setdefault(name, []).extend(values)
    seconds = sum(run.recording.seconds for run in runs)
    return Latency(
        commit=Spread.of([t.commit_ms for _, t in timed]),
        show=Spread.of([t.show_ms for _, t in timed if t.show_ms is not None]),
        first_third=Spread.of([t.commit_ms for run, t in long if third(run, t) <= 0]),
        middle_third=Spread.of([t.commit_ms for run, t in long if third(run, t) == 1]),
        last_third=Spread.of([t.commit_ms for run, t in long if third(run, t) >= 2]),
        langs=_by_lang(timed),
        stages={name: spread for name, values in delays.items() if (spread := Spread.of(values))},
        cpu_share=sum(run.cpu_s for run in runs) / seconds if seconds else 0.0,
    )


def _by_lang(timed: Iterable[tuple[Run, Timing]]) -> dict[str, Spread]:
    delays: dict[str, list[float]] = {}
    for run, timing in timed:
        delays.setdefault(run.recording.lang, []).append(timing.commit_ms)
    found = {lang: spread for lang, values in delays.items() if (spread := Spread.of(values))}
    return found if len(found) > 1 else {}


def timings(run: Run) -> list[Timing]:
    """Every committed word of the run, in order; in a language without spaces every character."""
    spaced = is_spaced(run.recording.lang)
    committed = _committed(run, spaced)
    shown = _shown(run, [text for text, _, _ in committed])
    return [
        Timing(text, run.start_ms + end_ms, at_ms, shown_ms)
        for (text, end_ms, at_ms), shown_ms in zip(committed, shown, strict=True)
    ]


def _committed(run: Run, spaced: bool) -> list[tuple[str, float, float]]:
    """Text, end in the audio and time of commitment of each word, in the order of the text."""
    segments: dict[int, Transcript] = {}
    times: dict[int, list[float]] = {}
    for at_ms, revision in revisions(run.entries, None):
        assert isinstance(revision, Transcript)
        known = times.setdefault(revision.segment, [])
        known += [at_ms] * (len(revision.words) - len(known))
        segments[revision.segment] = revision
    return [unit for segment in sorted(segments) for unit in _units(segments[segment].words, times[segment], spaced)]


def _units(words: Sequence[Word], times: Sequence[float], spaced: bool) -> Iterable[tuple[str, float, float]]:
    """Words as they stand between spaces: a decoder gives ``don``, ``'t`` and ``.`` one by one."""
    groups: list[list[tuple[Word, float]]] = []
    for word, at_ms in zip(words, times, strict=False):
        if not groups or not spaced or word.text[:1].isspace():
            groups.append([])
        groups[-1].append((word, at_ms))
    for group in groups:
        spoken = [(normalized(word.text), word, at_ms) for word, at_ms in group if normalized(word.text)]
        if spoken:
            text = "".join(plain for plain, _, _ in spoken)
            _, last, at_ms = spoken[-1]
            yield from ((part, float(last.end_ms), at_ms) for part in ([text] if spaced else text))


def _shown(run: Run, final: Sequence[str]) -> list[float | None]:
    """When each token of the final text was first seen within one place of where it stands in the end."""
    found: list[float | None] = [None] * len(final)
    screen = Screen(compared(run.recording.lang))
    for at_ms, update in updates(run.entries, None):
        change = screen.show(update)
        seen = change.after
        for place in range(max(0, change.offset - 1), min(len(final), change.offset + len(seen) + 1)):
            here = place - change.offset
            if found[place] is None and final[place] in seen[max(0, here - 1) : here + 2]:
                found[place] = at_ms
    return found


def stages(run: Run) -> dict[str, list[float]]:
    """Milliseconds that each stage took, for every transcript and every translation, by the stage's name."""
    delays: dict[str, list[float]] = {}
    for entry in run.entries:
        marks = getattr(entry.event, "marks", None)
        if marks is None:
            continue
        for name, begin, end in _STAGES:
            begin_ms, end_ms = getattr(marks, begin), getattr(marks, end)
            if begin_ms is not None and end_ms is not None and not _repeated(entry.event, end):
                delays.setdefault(name, []).append(end_ms - begin_ms)
        if marks.capture is not None:
            kind = "transcript" if isinstance(entry.event, Transcript) else "translation"
            delays.setdefault(f"capture to {kind}", []).append(entry.at_ms - marks.capture)
    return delays


def _repeated(event: object, mark: str) -> bool:
    """A translation carries the marks of its transcript along; they count once."""
    return not isinstance(event, Transcript) and not mark.startswith("mt_")
