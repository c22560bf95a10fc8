"""What bad sound does to captions: while it lasts, and when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from translate.bench import quality, stability
from translate.bench.clock import Clock, run
from translate.bench.latency import Timing, timings
from translate.bench.material import Recording, Stretch
from translate.bench.quality import Errors, Pair
from translate.bench.record import Open, Run, record
from translate.bench.screen import compared
from translate.bench.spread import Spread
from translate.bench.trouble import Case, case, company
from translate.bench.watched import told, watched
from translate.events import Samples
from translate.speech.loops import LONGEST_LOOP, is_loop
from translate.usage import family_rss_bytes

__all__ = ["LATER_MS", "Outcome", "looped", "measure", "recovery_s"]

Offline = Callable[[Samples, str], str]
LATER_MS: Final = 400.0
"""A word that comes later than the slowest one of the same talk undisturbed, by more than one update, is late."""
_WEIGHINGS = 12
"""Readings of the memory over a recording; those after the first third are held against those before."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One trouble over some talks."""

    trouble: str
    clean: Errors | None
    """Of the troubled stretch, undisturbed; ``None`` without transcripts."""
    troubled: Errors | None
    offline: Errors | None
    """Of the same model on that stretch as a whole, with a beam of 5: what the sound allows."""
    clean_after: Errors | None
    """Of what comes after, had nothing happened; ``None`` too where the trouble lasts to the end."""
    after: Errors | None
    looped: int
    """Committed words that repeat what came right before them, more often than the speaker did."""
    taken_back: int
    silent_words: int | None
    """Words committed where there was only silence; ``None``: there was none."""
    commit_clean: Spread | None
    """Commit latency of the talks undisturbed, in milliseconds."""
    commit: Spread | None
    """While the trouble lasted."""
    commit_after: Spread | None
    recovered_s: float | None
    """How long after its end the last late word was spoken, at worst; ``None``: it lasts, or no word came after it."""
    grown_mb: float | None
    """Most memory of the process after the first third of a recording, less the most before; ``None``: unknown."""


@dataclass(slots=True)
class _Tally:
    """What the talks of one trouble add up to."""

    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    delays: dict[str, list[float]] = field(default_factory=dict)
    looped: int = 0
    taken_back: int = 0
    silent_words: int = 0
    recovered_s: list[float] = field(default_factory=list)
    grown_mb: list[float] = field(default_factory=list)

    def add(self, spoilt: Case, played: Run, clean: Run, offline: Offline | None) -> None:
        """One more talk, with the trouble and without."""
        for name, of, stretch in (
            ("clean", clean, spoilt.clean_during),
            ("clean after", clean, spoilt.clean_after),
            ("troubled", played, spoilt.during),
            ("after", played, spoilt.after),
        ):
            if stretch.transcript is not None:
                self.pairs.setdefault(name, []).append(quality.excerpt(of, stretch))
            self.delays.setdefault(name, []).extend(t.commit_ms for t in _within(of, stretch))
        self.delays.setdefault("all clean", []).extend(timing.commit_ms for timing in timings(clean))
        split = compared(played.recording.lang)
        said = looped(split(played.recording.transcript or ""))
        self.looped += max(0, looped(split(quality.final_text(played))) - said)
        self.taken_back += stability.measure([played]).taken_back
        if not spoilt.during.parts:
            self.silent_words += len(_within(played, spoilt.during))
        if offline is not None and spoilt.during.transcript is not None:
            audio = spoilt.recording.between(spoilt.during.from_ms, spoilt.during.to_ms)
            text = offline(audio, spoilt.recording.lang)
            pair = Pair(spoilt.recording.lang, spoilt.recording.kind, spoilt.during.transcript, text)
            self.pairs.setdefault("offline", []).append(pair)
        if (took_s := recovery_s(spoilt.after, played, clean)) is not None:
            self.recovered_s.append(took_s)


def measure(
    open_captions: Open,
    talks: Sequence[Recording],
    music: Samples | None,
    troubles: Sequence[str],
    clock: Clock,
    done: Callable[[str, float], None],
    seed: int = 0,
    offline: Offline | None = None,
) -> list[Outcome]:
    """Every trouble on every talk; ``done`` hears what has been played, and how many seconds of it.

    Args:
        talks: recordings of six parts or more.
        music: what plays under the speech; ``None``: plain chords.
        offline: what the model makes of samples in a language when it has all of them.
        troubles: some of :data:`translate.bench.trouble.TROUBLES`.
    """
    tallies = {trouble: _Tally() for trouble in troubles}
    for talk, beside in zip(talks, company(talks, music), strict=True):
        clean = run(record(told(open_captions, f"{talk.id}: undisturbed", done), talk), clock)
        for trouble, tally in tallies.items():
            spoilt = case(trouble, talk, beside, seed)
            loads: list[int] = []
            opened = _weighed(_wrapped(open_captions, spoilt), spoilt, loads)
            played = run(record(told(opened, f"{talk.id}: {trouble}", done), spoilt.recording), clock)
            tally.add(spoilt, played, clean, offline)
            tally.grown_mb.append(_grown_mb(loads))
    return [_outcome(trouble, tally) for trouble, tally in tallies.items()]


def _wrapped(open_captions: Open, spoilt: Case) -> Open:
    return lambda source, recording: open_captions(spoilt.wrap(source), recording)


def _weighed(open_captions: Open, spoilt: Case, loads: list[int]) -> Open:
    """Captions; the memory of the process now and then is added to ``loads``."""
    step = len(spoilt.recording.samples) // _WEIGHINGS
    return watched(open_captions, max(1, step), lambda _: loads.append(family_rss_bytes() or 0))


def _grown_mb(loads: Sequence[int]) -> float:
    """Most memory after the first third, less the most in it."""
    early = max(1, len(loads) // 3)
    return (max(loads[early:], default=0) - max(loads[:early], default=0)) / 1e6


def _within(of: Run, stretch: Stretch) -> list[Timing]:
    """The words that were said in the stretch."""
    return [t for t in timings(of) if stretch.from_ms < t.end_ms - of.start_ms <= stretch.to_ms]


def recovery_s(after: Stretch, played: Run, clean: Run) -> float | None:
    """How long after the trouble's end a late word was still spoken, in seconds; 0: no word after it was late.

    Args:
        after: what comes after the trouble.
        clean: the same talk undisturbed.

    Returns:
        ``None`` where no word came after the trouble.
    """
    words, usual = _within(played, after), timings(clean)
    if not words or not usual:
        return None
    limit_ms = max(timing.commit_ms for timing in usual) + LATER_MS
    late = (t.end_ms - played.start_ms - after.from_ms for t in words if t.commit_ms > limit_ms)
    return max(late, default=0.0) / 1000


def looped(words: Sequence[str]) -> int:
    """How many of ``words`` only say again what came right before them.

    All but the first round of a loop count (:func:`translate.speech.loops.is_loop`).
    """
    count = at = 0
    while at < len(words):
        rounds, size = max(
            ((_rounds(words, at, size), size) for size in range(1, LONGEST_LOOP + 1)),
            key=lambda found: (found[0] - 1) * found[1] if is_loop(found[1], found[0]) else 0,
        )
        if is_loop(size, rounds):
            count += (rounds - 1) * size
            at += rounds * size
        else:
            at += 1
    return count


def _rounds(words: Sequence[str], at: int, size: int) -> int:
    unit = words[at : at + size]
    rounds = 1
    while len(unit) == size and words[at + rounds * size : at + (rounds + 1) * size] == unit:
        rounds += 1
    return rounds


def _outcome(trouble: str, tally: _Tally) -> Outcome:
    def errors(name: str) -> Errors | None:
        return quality.word_errors(tally.pairs[name]) if name in tally.pairs else None

    return Outcome(
        trouble=trouble,
        clean=errors("clean"),
        troubled=errors("troubled"),
        offline=errors("offline"),
        clean_after=errors("clean after"),
        after=errors("after"),
        looped=tally.looped,
        taken_back=tally.taken_back,
        silent_words=tally.silent_words if trouble == "silence" else None,
        commit_clean=Spread.of(tally.delays["all clean"]),
        commit=Spread.of(tally.delays["troubled"]),
        commit_after=Spread.of(tally.delays["after"]),
        recovered_s=max(tally.recovered_s, default=None),
        grown_mb=max(tally.grown_mb, default=None),
    )
