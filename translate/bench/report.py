"""A report as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table

from translate.bench.longyaal import LongYaal
from translate.bench.plot import Point, svg
from translate.bench.quality import Errors
from translate.bench.results import Report, Setting, System
from translate.bench.robust import LATER_MS, Outcome
from translate.bench.spread import Spread
from translate.bench.trouble import TROUBLES

__all__ = ["plot", "show"]

_WORST = 5
"""Recordings without speech that are named."""


def show(report: Report, console: Console) -> None:
    """Print the report; nothing is printed of what was not measured."""
    console.print(_heading(report.setting), highlight=False)
    for table in _tables(report):
        console.print(table)
    for note in report.notes:
        console.print(f"Note: {note}", highlight=False)


def plot(report: Report) -> str | None:
    """Latency against word errors as SVG; ``None`` without error rates."""
    points = [
        Point(system.name, system.latency.commit.median / 1000, 100 * system.words["all"].rate)
        for system in report.systems
        if system.latency.commit is not None and "all" in system.words
    ]
    if not points:
        return None
    setting = report.setting
    title = f"{setting.model}, {setting.compute_type}, {setting.cores} cores, {setting.seconds:.0f} s of speech"
    offline = report.offline.get("all")
    return svg(points, title, offline_percent=100 * offline.rate if offline is not None else None)


def _heading(setting: Setting) -> str:
    load = "unknown" if setting.load_average is None else f"{setting.load_average:.2f}"
    clock = {"virtual": "virtual: charges what was computed", "real": "real"}[setting.clock]
    return (
        f"sottovoce {setting.version}, {setting.date}\n"
        f"machine: {setting.processor}, {setting.cores} cores, load average before: {load}\n"
        f"model: {setting.model}, {setting.compute_type}, {setting.threads} threads; clock: {clock}\n"
        f"material: {setting.material}, {setting.recordings} recordings of speech, {setting.seconds:.0f} s"
    )


def _tables(report: Report) -> Iterator[RenderableType]:
    if report.systems:
        yield _latency(report)
        yield _stages(report.systems[0])
        yield _stability(report)
        if report.systems[0].words:
            yield _quality(report)
        if report.systems[0].translations:
            yield _translations(report.systems[0])
    if (silence := report.silence) is not None:
        table = _table(
            "Text where nobody speaks, and where most of it",
            "minutes",
            "words committed",
            "words shown",
            "words a minute",
        )
        table.add_row(
            f"{silence.minutes:.1f}", str(silence.committed), str(silence.shown), f"{silence.words_per_minute:.2f}"
        )
        worst = sorted(silence.noisy.items(), key=lambda item: -item[1])[:_WORST]
        for recording, words in worst:
            table.add_row(f"  {recording}", str(words), "", "")
        yield table
    if report.robust:
        yield from _robust(report.robust)
    if report.load:
        admitted = f"; let in: {report.admitted}" if report.admitted is not None else ""
        title = f"Speakers at once (held: {report.speakers}{admitted}); commit latency in s"
        table = _table(title, "speakers", "median", "p95", "worst")
        for step in report.load:
            table.add_row(str(step.speakers), *_seconds(step.commit))
        yield table
    if report.recognition is not None:
        yield _decode(report)


def _latency(report: Report) -> Table:
    """Delays of every system."""
    title = "Latency in s. Commit: word end in the audio to word committed; show: to word first shown"
    columns = ("system", "commit median", "p95", "worst", "show median", "p95", "worst", "words", "CPU s/s")
    table = _table(title, *columns)
    for system in report.systems:
        found = system.latency
        count = str(found.commit.count) if found.commit is not None else "0"
        table.add_row(system.name, *_seconds(found.commit), *_seconds(found.show), count, f"{found.cpu_share:.2f}")
        thirds = {"first third": found.first_third, "middle third": found.middle_third, "last third": found.last_third}
        for name, spread in {**found.langs, **thirds}.items():
            if spread is not None:
                table.add_row(f"  {name}", *_seconds(spread), "", "", "", str(spread.count), "")
    return table


def _stages(system: System) -> Table:
    title = f"Stages of {system.name} in ms. Capture: end of the newest audio that an event covers"
    table = _table(title, "stage", "median", "p95", "worst", "events")
    for name, spread in system.latency.stages.items():
        values = (f"{value:.0f}" for value in (spread.median, spread.p95, spread.worst))
        table.add_row(name, *values, str(spread.count))
    return table


def _stability(report: Report) -> Table:
    columns = ("system", "normalised erasure", "committed, taken back", "LongYAAL CU, s", "LongYAAL CA, s")
    table = _table("Stability of transcripts", *columns)
    for system in report.systems:
        found, yaal = system.stability, system.yaal
        table.add_row(system.name, f"{found.normalised_erasure:.3f}", str(found.taken_back), *_late(yaal))
    return table


def _quality(report: Report) -> Table:
    """Word error rates of every system by group, beside those of the model offline."""
    ours, *others = report.systems
    head = [system.name for system in report.systems]
    if report.offline:
        head += ["offline, beam 5", f"{ours.name} / offline"]
    table = _table("Word errors in %", "group", "words", *head)
    for group, errors in ours.words.items():
        cells = [f"{100 * errors.rate:.1f}"]
        cells += [f"{100 * system.words[group].rate:.1f}" for system in others]
        if report.offline:
            offline = report.offline.get(group)
            ratio = f"{errors.rate / offline.rate:.2f}" if offline is not None and offline.rate else "-"
            cells += [f"{100 * offline.rate:.1f}" if offline is not None else "-", ratio]
        table.add_row(group, str(errors.reference), *cells)
    if ours.characters is not None:
        characters = [f"{100 * s.characters.rate:.1f}" if s.characters is not None else "-" for s in report.systems]
        table.add_row(
            "all, characters", str(ours.characters.reference), *characters, *(["-"] * 2 * bool(report.offline))
        )
    return table


def _translations(system: System) -> Table:
    columns = ("into", "BLEU", "chrF", "recordings", "normalised erasure", "taken back", "LongYAAL CU, s", "CA, s")
    table = _table("Translations", *columns)
    for lang, found in system.translations.items():
        scores = found.scores
        rated = (f"{scores.bleu:.1f}", f"{scores.chrf:.1f}", str(scores.recordings)) if scores else ("-", "-", "0")
        stable = (f"{found.stability.normalised_erasure:.3f}", str(found.stability.taken_back))
        table.add_row(lang, *rated, *stable, *_late(found.yaal))
    return table


def _robust(outcomes: Sequence[Outcome]) -> Iterator[Table]:
    """A row for each trouble: what was written, and when."""
    title = (
        "Bad sound in the middle third of talks: word errors in %. Offline: the model on all of it, with a beam of 5;"
        " looped: words that only repeat the ones before"
    )
    columns = ("trouble", "clean", "with it", "offline", "after it: clean", "after it", "looped", "taken back")
    words = _table(title, *columns)
    title = (
        "The same, commit latency in s. Late: said so long after it, and still"
        f" {LATER_MS / 1000:.1f} s slower than any word of the clean talk"
    )
    times = _table(title, "trouble", "clean median", "with it", "p95", "after it", "late", "memory, MB")
    for one in outcomes:
        name = TROUBLES[one.trouble] + ("" if one.silent_words is None else f": {one.silent_words} words")
        rates = (_percent(errors) for errors in (one.clean, one.troubled, one.offline, one.clean_after, one.after))
        words.add_row(name, *rates, str(one.looped), str(one.taken_back))
        clean, troubled, later = (_seconds(spread) for spread in (one.commit_clean, one.commit, one.commit_after))
        late = "-" if one.recovered_s is None else f"{one.recovered_s:.1f}"
        grown = "-" if one.grown_mb is None else f"{one.grown_mb:+.0f}"
        times.add_row(name, clean[0], troubled[0], troubled[1], later[0], late, grown)
    yield words
    yield times


def _percent(errors: Errors | None) -> str:
    return "-" if errors is None else f"{100 * errors.rate:.1f}"


def _decode(report: Report) -> Table:
    table = _table("Models alone, in ms: one thread, greedy, batch of one", "what", "ms")
    if report.recognition is not None:
        for window, taken_ms in report.recognition.encoder_ms.items():
            table.add_row(f"{report.setting.model}: encoder, {window}", f"{taken_ms:.0f}")
        table.add_row(f"{report.setting.model}: decoder, a token", f"{report.recognition.token_ms:.2f}")
    for cost in report.translation:
        table.add_row(f"{cost.model} ({cost.pair}): a target token, all told", f"{cost.token_ms:.2f}")
        table.add_row(f"{cost.model} ({cost.pair}): a sentence", f"{cost.sentence_ms:.0f}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    return table


def _seconds(spread: Spread | None) -> tuple[str, str, str]:
    if spread is None:
        return "-", "-", "-"
    return f"{spread.median / 1000:.2f}", f"{spread.p95 / 1000:.2f}", f"{spread.worst / 1000:.2f}"


def _late(yaal: LongYaal | None) -> tuple[str, str]:
    """NaN where every word came after the end of the recording."""
    values = (yaal.cu_ms, yaal.ca_ms) if yaal is not None else (math.nan, math.nan)
    cells = ["-" if math.isnan(value) else f"{value / 1000:.2f}" for value in values]
    return cells[0], cells[1]
