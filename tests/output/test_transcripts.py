"""Transcripts on disk: whole at every moment, in every language, and never in the way of captions."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import translate
from translate import logs
from translate.config import TranscriptsConfig
from translate.events import EndOfStream, Event, Notice, Transcript, Translation, Word
from translate.output.collect import Caption
from translate.output.lasting import make_form
from translate.output.per_language import PerLanguage
from translate.output.retention import folder_name, prune
from translate.output.safefile import SafeFile
from translate.output.transcripts import Archive, Recorded

ALL = ("srt", "vtt", "txt", "jsonl")
ROOT = Path(translate.__file__).parent.parent


def said(segment: int, text: str, lang: str = "es", *, final: bool = True, rev: int = 1) -> Transcript:
    start_ms = 3000 * segment
    words = (Word(text, start_ms, start_ms + 1500, 0.9),) if final else ()
    return Transcript(segment, rev, lang, text, "", final, start_ms, start_ms + 1500, words)


def put(segment: int, lang: str, text: str, *, final: bool = True) -> Translation:
    return Translation(segment, 1, lang, text, "", final, 1)


def record(folder: Path | None, events: Sequence[Event], *, formats: tuple[str, ...] = ALL) -> list[Event]:
    """What a reader of the recorded session sees."""
    archive = Archive(TranscriptsConfig(folder=str(folder) if folder else None, formats=formats))

    async def session() -> AsyncIterator[Event]:
        for event in events:
            yield event

    async def read() -> list[Event]:
        return [event async for event in Recorded(session(), archive)]

    with logs.bound(room="große Halle/1", session="0123456789abcdef"):
        seen = asyncio.run(read())
    archive.close()
    return seen


def only_folder(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


TALK: list[Event] = [
    said(0, "Buenos días.", final=False),
    said(0, "Buenos días."),
    put(0, "en", "Good morning."),
    said(1, "¿Qué tal? <b>", rev=2),
    put(0, "de", "Guten Morgen."),
    put(1, "en", "How are you?", final=False),
    put(1, "en", "How are you?"),
    said(2, "And now in English.", "en"),
    put(2, "en", "And now in English."),
    said(3, "Hasta luego", final=False),
    put(3, "en", "See you", final=False),
    EndOfStream(200_000),
]


def test_each_language_has_all_that_was_said_in_it_or_put_into_it(tmp_path: Path) -> None:
    assert record(tmp_path / "new" / "folder", TALK) == TALK
    folder = only_folder(tmp_path / "new" / "folder")
    assert re.fullmatch(r"\d{8}T\d{6}Z-gro_e_Halle_1-01234567", folder.name)
    assert {path.name for path in folder.iterdir()} == {f"{lang}.{form}" for lang in ("de", "en", "es") for form in ALL}
    assert (folder / "es.txt").read_text() == (
        "[00:00:00] Buenos días.\n[00:00:03] ¿Qué tal? <b>\n[00:00:09] Hasta luego\n"
    )
    assert [line[11:] for line in (folder / "en.txt").read_text().splitlines()] == [
        "Good morning.", "How are you?", "And now in English.", "See you",
    ]  # fmt: skip
    lines = [json.loads(line) for line in (folder / "en.jsonl").read_text().splitlines()]
    assert [(line["segment"], line["spoken"], line["lang"]) for line in lines] == [
        (0, "es", "en"), (1, "es", "en"), (2, "en", "en"), (3, "es", "en"),
    ]  # fmt: skip
    assert "&lt;b&gt;" in (folder / "es.vtt").read_text()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert record(None, TALK) == TALK
    assert list(tmp_path.iterdir()) == []


CUE = re.compile(r"(\d\d):(\d\d):(\d\d)[,.](\d{3}) --> (\d\d):(\d\d):(\d\d)[,.](\d{3})")


def cues(text: str) -> list[tuple[int, int, str]]:
    """Start, end and text of each cue of valid SubRip or WebVTT."""
    blocks = text.removeprefix("WEBVTT\n\n").split("\n\n")
    assert blocks.pop() == "", "a cue ends with a blank line"
    found = []
    for number, block in enumerate(blocks, start=1):
        lines = block.splitlines()
        if not text.startswith("WEBVTT"):
            assert lines.pop(0) == str(number)
        times = CUE.fullmatch(lines[0])
        assert times, block
        h1, m1, s1, f1, h2, m2, s2, f2 = map(int, times.groups())
        start, end = ((h1 * 60 + m1) * 60 + s1) * 1000 + f1, ((h2 * 60 + m2) * 60 + s2) * 1000 + f2
        found.append((start, end, "\n".join(lines[1:])))
    return found


SPANS = st.lists(
    st.tuples(st.integers(0, 60_000), st.integers(1, 9000), st.text("ab <-&>\n", min_size=1, max_size=120))
)


@given(SPANS, st.sampled_from(["srt", "vtt"]), st.booleans())
def test_subtitles_are_valid_after_every_caption(
    spans: list[tuple[int, int, str]], name: str, translated: bool
) -> None:
    form = make_form(name, datetime.now(UTC))
    text = form.head()
    words: list[str] = []
    for segment, (start_ms, length_ms, spoken) in enumerate(spans):
        if not spoken.strip():
            continue
        transcript = Transcript(segment, 1, "es", spoken, "", True, start_ms, start_ms + length_ms)
        caption = Caption(transcript, {"en": put(segment, "en", spoken)} if translated else {})
        target = "en" if translated else None
        piece = form.piece(caption, target)
        assert form.piece(caption, target) == piece, "asked again, the same"
        form.written()
        kept = text[: len(text) - piece.replacing]
        # What is replaced keeps its length and its words: a crash between old and new bytes leaves a valid file.
        again = piece.text[: piece.replacing]
        assert re.sub(rb"[0-9]", b"0", again) == re.sub(rb"[0-9]", b"0", text[len(kept) :])
        text = kept + piece.text
        words += spoken.replace("<", "").replace(">", "").replace("-", "").replace("&", "").split()
        found = cues(text.decode())
        assert all(start < end for start, end, _ in found)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))
        shown = " ".join(cue[2] for cue in found)
        for markup in ("&lt;", "&gt;", "&amp;", "→", "<", ">", "-", "&"):
            shown = shown.replace(markup, "")
        assert "".join(shown.split()) == "".join(words)


@given(st.lists(st.tuples(st.binary(max_size=20), st.integers(0, 3), st.sampled_from(["", "nothing", "half", "sync"]))))
def test_a_file_holds_what_was_appended_whatever_fails(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[bytes, int, str]]
) -> None:
    path = tmp_path_factory.mktemp("safe") / "file"
    file = SafeFile(path)
    good = b""
    pwrite, fsync = os.pwrite, os.fsync
    for piece, back, failure in pieces:
        replacing = min(back, len(good), len(piece))
        piece = good[len(good) - replacing :] + piece[replacing:]  # as long as before, or longer
        with pytest.MonkeyPatch.context() as patch:
            if failure == "sync":
                patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "sync")))
            elif failure:
                written = []

                def failing(handle: int, data: bytes, offset: int, failure=failure, written=written) -> int:
                    if failure == "half" and not written and len(data) > 1:
                        written.append(True)
                        return pwrite(handle, data[: len(data) // 2], offset)
                    raise OSError(errno.ENOSPC, "full")

                patch.setattr(os, "pwrite", failing)
            try:
                file.append(piece, replacing=replacing)
            except OSError:
                assert failure
            else:
                good = good[: len(good) - replacing] + piece
        assert path.read_bytes().startswith(good)
        assert file.size == len(good)
    file.close()
    assert (os.pwrite, os.fsync) == (pwrite, fsync)
    assert path.read_bytes() == good


def test_a_disk_that_cannot_be_written_holds_up_nothing_and_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    seen = record(tmp_path / "file" / "below", [said(n, f"Frase {n}.") for n in range(50)])
    assert [event for event in seen if not isinstance(event, Notice)] == [said(n, f"Frase {n}.") for n in range(50)]
    notices = [event for event in seen if isinstance(event, Notice)]
    assert [notice.code for notice in notices] in ([], ["transcripts_failed"])  # the thread may be slower than we


async def test_what_waited_for_a_disk_is_written_when_it_is_back(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.touch()  # not a folder: as good as a disk that is away
    archive = Archive(TranscriptsConfig(folder=str(root), formats=("txt", "srt")))
    files = archive.session()
    assert files is not None
    told: list[Notice] = []

    async def until(code: str, segments: Iterator[int]) -> None:
        async with asyncio.timeout(20):
            while code not in [notice.code for notice in told]:
                files.add(said(next(segments), "Frase."))
                await asyncio.sleep(0.005)
                told.extend(files.news())

    segments = iter(range(100_000))
    await until("transcripts_failed", segments)
    root.unlink()
    await until("transcripts_back", segments)
    files.close()
    await asyncio.to_thread(archive.close)
    assert [notice.code for notice in told] == ["transcripts_failed", "transcripts_back"]
    count = next(segments)
    lines = (only_folder(root) / "es.txt").read_text().splitlines()
    assert len(lines) == count
    assert len(cues((only_folder(root) / "es.srt").read_text())) == count


WRITER = """
import itertools, sys
from translate.config import TranscriptsConfig
from translate.events import Transcript, Word
from translate.output.transcripts import Archive
archive = Archive(TranscriptsConfig(folder=sys.argv[1], formats=("srt", "vtt", "txt", "jsonl")))
files = archive.session()
for n in itertools.count():
    files.add(Transcript(n, 1, "es", f"Frase {n}.", "", True, 3000 * n, 3000 * n + 1500,
                         (Word(f"Frase {n}.", 3000 * n, 3000 * n + 1500, 0.9),)))
    archive._thread.submit(lambda n=n: print(n, flush=True)).result()
    for notice in files.news():
        print(notice.code, flush=True)
"""


def writer(folder: Path, limit_bytes: int | None = None) -> subprocess.Popen[str]:
    prefix = ["prlimit", f"--fsize={limit_bytes}"] if limit_bytes else []
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_process_that_is_killed_leaves_whole_files_with_all_that_was_written(tmp_path: Path) -> None:
    with writer(tmp_path) as process:
        for line in process.stdout:
            if int(line) >= 40:
                break
        process.send_signal(signal.SIGKILL)
    folder = only_folder(tmp_path)
    lines = [json.loads(line) for line in (folder / "es.jsonl").read_text().splitlines()]
    assert len(lines) >= 41
    for name in ("es.srt", "es.vtt"):
        texts = [text for _, _, text in cues((folder / name).read_text())]
        assert texts[:41] == [f"Frase {n}." for n in range(41)]
    assert (folder / "es.txt").read_text().count("\n") >= 41


def test_a_full_disk_is_told_and_what_was_written_stays_whole(tmp_path: Path) -> None:
    with writer(tmp_path, limit_bytes=2000) as process:
        for line in process.stdout:
            if "failed" in line:
                break
        process.kill()
    folder = only_folder(tmp_path)
    text = (folder / "es.jsonl").read_text()
    whole = text[: text.rindex("\n") + 1]
    assert [json.loads(line)["segment"] for line in whole.splitlines()] == list(range(whole.count("\n")))
    assert whole.count("\n") > 5


def test_old_and_too_many_transcripts_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    now_s = time.time()
    names = {}
    for days in (1, 5, 20, 40):
        began = datetime.fromtimestamp(now_s - days * 86_400, UTC)
        names[days] = tmp_path / folder_name(began, "main", "feed5eed")
        names[days].mkdir()
        (names[days] / "es.txt").write_bytes(bytes(1000))
        os.utime(names[days] / "es.txt", (now_s - days * 86_400,) * 2)
    other = tmp_path / "holiday-pictures"
    other.mkdir()
    os.utime(other, (0, 0))
    assert prune(tmp_path, days=30, most_bytes=10**6, now_s=now_s) == 3000
    assert {days for days, path in names.items() if path.exists()} == {1, 5, 20}
    assert prune(tmp_path, days=0, most_bytes=1500, now_s=now_s, keep={names[20]}) == 1000
    assert names[20].exists()
    assert not names[5].exists()
    assert other.exists()


def test_running_sessions_over_the_bound_stop_being_written(tmp_path: Path) -> None:
    archive = Archive(TranscriptsConfig(folder=str(tmp_path), formats=("txt",), max_mb=1))
    running = tmp_path / folder_name(datetime.now(UTC), "main", "0")
    running.mkdir()
    (running / "es.txt").write_bytes(bytes(1_000_001))
    archive.opened(running)
    files = archive.session()
    assert files is not None
    files.add(said(0, "Hola."))
    files.close()
    archive.close()
    assert [notice.code for notice in files.news()] == ["transcripts_failed"]
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.txt")) == 1_000_001


@given(st.permutations([said(0, "uno"), put(0, "en", "one"), said(1, "dos"), put(1, "en", "two")]))
def test_a_translation_may_come_before_its_transcript(events: list[Event]) -> None:
    sorter = PerLanguage()
    entries = [entry for event in events for entry in sorter.add(event)] + list(sorter.rest())
    found = sorted((lang, caption.text(lang if lang == "en" else None)) for lang, caption in entries)
    assert found == [("en", "one"), ("en", "two"), ("es", "dos"), ("es", "uno")]


def test_only_one_thread_is_used_however_many_sessions(tmp_path: Path) -> None:
    before = threading.active_count()
    archive = Archive(TranscriptsConfig(folder=str(tmp_path)))
    several = [archive.session() for _ in range(8)]
    for number, files in enumerate(several):
        assert files is not None
        files.add(said(number, "Hola."))
    assert threading.active_count() <= before + 1
    for files in several:
        assert files is not None
        files.close()
    archive.close()
    assert len(list(tmp_path.iterdir())) == 8
