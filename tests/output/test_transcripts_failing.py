"""Whatever fails about transcripts is logged and told once; captions go on, and what comes later is written again."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from translate.config import TranscriptsConfig
from translate.events import Event, Notice, Transcript
from translate.output.collect import Caption
from translate.output.retention import folder_name, prune
from translate.output.transcripts import Archive, Recorded
from translate.output.volume import Volume


def said(segment: int) -> Transcript:
    return Transcript(segment, 1, "es", f"Frase {segment}.", "", True, 3000 * segment, 3000 * segment + 1500, ())


def recorded(archive: Archive, count: int, between: Callable[[int], None] = lambda _: None) -> list[Event]:
    """What a reader sees of ``count`` captions, each of which has been written, or not, before the next one comes."""

    async def session() -> AsyncIterator[Event]:
        for segment in range(count):
            between(segment)
            yield said(segment)
            await settled()
        yield Notice("last", "")

    async def settled() -> None:
        await asyncio.sleep(0)
        try:
            await asyncio.wrap_future(archive._thread.submit(int))
        except RuntimeError:
            return

    async def read() -> list[Event]:
        return [event async for event in Recorded(session(), archive)][:-1]

    seen = asyncio.run(read())
    assert [event for event in seen if isinstance(event, Transcript)] == [said(n) for n in range(count)]
    return seen


def codes(seen: list[Event]) -> list[str]:
    return [event.code for event in seen if isinstance(event, Notice)]


def old(root: Path, days: int, size: int = 1000) -> Path:
    folder = root / folder_name(datetime.fromtimestamp(time.time() - days * 86_400, UTC), "main", f"{days:08}")
    folder.mkdir(parents=True)
    (folder / "es.txt").write_bytes(bytes(size))
    os.utime(folder / "es.txt", (time.time() - days * 86_400,) * 2)
    return folder


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that cannot be deleted, as one with the attribute "immutable", or of another user."""
    folder = old(tmp_path, 90)
    rmtree = shutil.rmtree

    def refuse(path: Path) -> None:
        if path == folder:
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        rmtree(path)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    return folder


def lines(root: Path) -> list[str]:
    return [line.split("] ")[1] for path in root.glob("*Z-session-*/es.txt") for line in path.read_text().splitlines()]


def test_one_old_folder_that_cannot_be_deleted_stops_nothing(
    tmp_path: Path, stuck: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = old(tmp_path, 60)
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",)))
    assert codes(recorded(archive, 3)) == ["transcripts_kept"]
    assert codes(recorded(archive, 1)) == [], "once"
    archive.close()
    assert lines(tmp_path) != []
    assert len(lines(tmp_path)) == 4
    assert stuck.exists()
    assert not other.exists()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [
        f"old transcripts cannot be deleted: {stuck}: operation not permitted"
    ]


def test_what_cannot_be_deleted_or_read_counts_and_the_next_goes(
    tmp_path: Path, stuck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [old(tmp_path, days) for days in (3, 2, 1)]
    seen: list[Path] = []
    assert prune(tmp_path, days=0, most_bytes=2500, now_s=time.time(), report=lambda path, _: seen.append(path)) == 2000
    assert seen == [stuck]
    assert [path.exists() for path in others] == [False, False, True]
    listed = Path.iterdir
    monkeypatch.setattr(
        Path, "iterdir", lambda path: listed(path) if path != stuck else (_ for _ in ()).throw(PermissionError(13, "x"))
    )
    assert prune(tmp_path, days=0, most_bytes=0, now_s=time.time(), report=lambda path, _: seen.append(path)) == 0
    assert seen == [stuck, stuck]
    monkeypatch.setattr(Path, "iterdir", lambda _path: (_ for _ in ()).throw(PermissionError(13, "x")))
    assert prune(tmp_path, days=0, most_bytes=0, now_s=time.time(), report=lambda path, _: seen.append(path)) == 0
    assert seen[2:] == [tmp_path]


def test_an_error_that_nobody_foresaw_costs_its_caption_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write = Volume.write

    def poisoned(volume: Volume, lang: str, caption: object) -> None:
        if caption.transcript.segment in (1, 3):
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        write(volume, lang, caption)

    monkeypatch.setattr(Volume, "write", poisoned)
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",)))
    seen = recorded(archive, 6)
    archive.close()
    assert lines(tmp_path) == ["Frase 0.", "Frase 2.", "Frase 4.", "Frase 5."]
    assert codes(seen) == ["transcripts_failed", "transcripts_back"], "each once"
    (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "UnicodeEncodeError" in error.message
    assert error.exc_info is not None


def test_an_error_in_sorting_captions_does_not_end_the_talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",)))
    files = archive.session()
    assert files is not None
    monkeypatch.setattr(files._sorter, "add", lambda _event: 1 / 0)
    files.add(said(0))
    monkeypatch.undo()
    files.add(said(1))
    files.close()
    archive.close()
    assert [notice.code for notice in files.news()] == ["transcripts_failed", "transcripts_back"]
    assert lines(tmp_path) == ["Frase 1."]


def test_a_folder_in_a_home_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    archive = Archive(TranscriptsConfig(folder="~nobody-of-this-name/talks", formats=("txt",)))

    assert codes(recorded(archive, 2)) == ["transcripts_failed"]
    archive.close()
    assert len([record for record in caplog.records if "cannot be written" in record.message]) == 1


def test_captions_go_on_when_the_archive_is_closed_before_them(tmp_path: Path) -> None:
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",)))
    seen = recorded(archive, 4, lambda segment: archive.close() if segment == 2 else None)
    assert codes(seen) == ["transcripts_failed"]
    assert lines(tmp_path) == ["Frase 0.", "Frase 1."]


async def test_tending_goes_on_after_any_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translate.output.transcripts._PRUNE_EVERY_S", 0.0)
    looks = 0
    second = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fail(*_: object, **__: object) -> int:
        nonlocal looks
        looks += 1
        if looks == 2:
            loop.call_soon_threadsafe(second.set)
        raise ValueError("a name that nobody foresaw")

    monkeypatch.setattr("translate.output.transcripts.prune", fail)
    archive = Archive(TranscriptsConfig(folder=str(tmp_path)))
    tending = asyncio.ensure_future(archive.tend())
    async with asyncio.timeout(5):
        await second.wait()
    assert not tending.done()
    tending.cancel()
    await asyncio.wait({tending})
    archive.close()


def test_a_fault_in_deleting_old_ones_keeps_no_caption_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*_: object, **__: object) -> int:
        raise ValueError("a mistake")

    monkeypatch.setattr("translate.output.transcripts.prune", wrong)
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",)))
    assert codes(recorded(archive, 3)) == []
    archive.close()
    (written,) = tmp_path.rglob("es.txt")
    assert [f"Frase {n}." in written.read_text() for n in range(3)] == [True] * 3
    assert "old transcripts cannot be deleted" in caplog.text


def test_an_unforeseen_failure_is_told_once_logged_each_time_and_quotes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, at = Volume.write, {1, 3}

    def write(self: Volume, lang: str, caption: Caption) -> None:
        if caption.transcript.segment in at:
            raise ValueError(f"what was said: {caption.transcript.committed}")
        real(self, lang, caption)

    monkeypatch.setattr(Volume, "write", write)
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",)))
    seen = recorded(archive, 5)
    archive.close()
    assert codes(seen) == ["transcripts_failed", "transcripts_back"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "WARNING"]
    assert not [event for event in seen if isinstance(event, Notice) and "Frase" in event.message]
