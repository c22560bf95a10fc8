"""Transcripts of sessions that last for months: a folder a day, each deleted as it ages, also while nobody speaks."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate import logs
from translate.config import TranscriptsConfig
from translate.events import Transcript, Translation, Word
from translate.output.transcripts import Archive
from translate.output.volume import DAY_MS

MINUTE_MS = 60_000


def said(segment: int, start_ms: int) -> Transcript:
    words = (Word(f"Frase {segment}.", start_ms, start_ms + 900, 0.9),)
    return Transcript(segment, 1, "es", f"Frase {segment}.", "", True, start_ms, start_ms + 1000, words)


def put(segment: int) -> Translation:
    return Translation(segment, 1, "en", f"Sentence {segment}.", "", True, 1)


def write(root: Path, events: list[Transcript | Translation], **options: object) -> list[Path]:
    """The folders of one session with ``events``, oldest first."""
    archive = Archive(TranscriptsConfig(folder=str(root), formats=("jsonl", "srt"), **options))  # type: ignore[arg-type]
    with logs.bound(room="hall", session="feed5eed"):
        files = archive.session()
    assert files is not None
    for event in events:
        files.add(event)
    files.close()
    archive.close()
    assert files.news() == []
    return sorted(root.iterdir())


def lines(folder: Path, lang: str) -> list[tuple[int, int]]:
    """Segment and start in milliseconds of each caption."""
    path = folder / f"{lang}.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [(one["segment"], one["start_ms"]) for one in found]


def test_each_day_has_a_folder_whose_times_begin_with_it(tmp_path: Path) -> None:
    midnight = DAY_MS - 2000
    events = [said(0, 0), said(1, midnight), said(2, DAY_MS + 5000), put(1), said(3, 3 * DAY_MS + MINUTE_MS)]
    first, second, fourth = write(tmp_path, events)
    assert lines(first, "es") == [(0, 0), (1, midnight)]
    assert lines(first, "en") == [(1, midnight)], "a translation belongs to the day of its sentence"
    assert lines(second, "es") == [(2, 5000)]
    assert lines(fourth, "es") == [(3, MINUTE_MS)]
    assert (second / "es.srt").read_text().startswith("1\n00:00:05,000 --> ")
    at = [json.loads((folder / "es.jsonl").read_text().splitlines()[0])["at"] for folder in (first, second, fourth)]
    days = [folder.name[:8] for folder in (first, second, fourth)]
    assert [one[:10].replace("-", "") for one in at] == days
    assert len(set(days)) == 3


def test_what_comes_after_its_day_was_closed_is_kept_with_the_next(tmp_path: Path) -> None:
    first, second = write(tmp_path, [said(0, 1000), said(1, DAY_MS + 11 * MINUTE_MS), put(0)])
    assert lines(first, "en") == []
    assert lines(second, "en") == [(0, 0)]


@given(
    gaps_ms=st.lists(st.integers(0, 2 * DAY_MS), min_size=1, max_size=12),
    lateness=st.lists(st.integers(0, 4), min_size=12, max_size=12),
)
def test_every_caption_is_written_once_however_long_it_takes(
    tmp_path_factory: pytest.TempPathFactory, gaps_ms: list[int], lateness: list[int]
) -> None:
    events: list[tuple[int, int, Transcript | Translation]] = []
    at_ms = 0
    for segment, gap_ms in enumerate(gaps_ms):
        at_ms += gap_ms
        events.append((segment, 0, said(segment, at_ms)))
        events.append((segment + lateness[segment], 1, put(segment)))
    events.sort(key=lambda one: one[:2])
    folders = write(tmp_path_factory.mktemp("days"), [event for *_, event in events], retention_days=0)
    for lang in ("es", "en"):
        found = [caption for folder in folders for caption in lines(folder, lang)]
        assert sorted(segment for segment, _ in found) == list(range(len(gaps_ms)))
        assert all(0 <= start_ms < DAY_MS for _, start_ms in found)


def test_the_first_days_of_a_talk_that_goes_on_are_deleted_for_room(tmp_path: Path) -> None:
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",), max_mb=1))
    files = archive.session()
    assert files is not None
    for day in range(3):
        text = "x" * 600_000
        files.add(
            Transcript(day, 1, "es", text, "", True, day * DAY_MS + 20 * MINUTE_MS, day * DAY_MS + 21 * MINUTE_MS)
        )
    files.add(said(3, 3 * DAY_MS + 20 * MINUTE_MS))
    files.close()
    archive.close()
    assert files.news() == []
    kept = sorted(path.stat().st_size > 500_000 for path in tmp_path.rglob("*.txt"))
    assert kept == [False, True], "the newest, and the day before as it fits"


async def test_old_transcripts_are_deleted_while_nobody_speaks(tmp_path: Path) -> None:
    old, new = tmp_path / "20200101T000000Z-main-feed5eed", tmp_path / "20261122T000000Z-main-feed5eed"
    for folder, age_days in ((old, 40), (new, 20)):
        folder.mkdir()
        (folder / "es.txt").write_text("Hola.\n")
        os.utime(folder / "es.txt", (time.time() - age_days * 86_400,) * 2)
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), retention_days=30))
    tending = asyncio.create_task(archive.tend())
    await asyncio.sleep(0)  # it begins
    await asyncio.to_thread(archive.close)  # what it has asked for is done
    tending.cancel()
    await asyncio.wait({tending})
    assert not old.exists()
    assert new.exists()
