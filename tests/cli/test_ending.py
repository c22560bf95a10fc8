"""However a talk is ended, its last words come out and its files are whole: a signal, a closed pipe, a terminal that is
gone, a full disk."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from translate.cli import file, live
from translate.cli.interrupt import ends
from translate.cli.options import Wanted
from translate.config import AudioConfig, Config, TranscriptsConfig
from translate.events import EndOfStream, Event, Notice, Transcript
from translate.latency import SessionClock

WANTED = Wanted("en", (), (), "fast")


def said(text: str, rev: int, *, final: bool, segment: int = 1) -> Transcript:
    return Transcript(segment, rev, "en", text, "", final, 1000 * segment, 1000 * segment + 900, ())


class Source:
    """Is closed, and nothing else."""

    live = True

    def __init__(self, *_: object, **__: object) -> None:
        self.closed = asyncio.Event()

    async def aclose(self) -> None:
        self.closed.set()


class Talk:
    """A sentence that is finished, and one that is finished by the end of the source."""

    def __init__(self, source: Source, **_: object) -> None:
        self.source = source
        self.clock = SessionClock()
        self.open = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[Event]:
        yield said("First.", 1, final=True, segment=0)
        yield said("The last", 1, final=False)
        yield Notice("odd", "something to say on standard error")
        ready(self)
        await self.source.closed.wait()
        await asyncio.sleep(0)
        yield said("The last words.", 2, final=True)
        yield EndOfStream(32_000)

    async def aclose(self) -> None:
        await self.source.aclose()


ready = lambda _talk: None  # noqa: E731


@pytest.fixture
def when(monkeypatch: pytest.MonkeyPatch):
    """What is to happen in the middle of the talk."""
    monkeypatch.setattr("translate.pipeline.session.Session", Talk)
    monkeypatch.setattr("translate.audio.MicrophoneSource", Source)
    return lambda act: monkeypatch.setitem(globals(), "ready", act)


class Gone(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, text: str) -> int:
        raise OSError(self._number, os.strerror(self._number))

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY)


def engines(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(config=Config(transcripts=TranscriptsConfig(folder=str(folder), formats=("txt", "srt"))))


async def run_live(folder: Path, *, events: bool = False) -> None:
    await live._caption(WANTED, AudioConfig(), events, engines(folder))


async def run_file(folder: Path, form: str) -> int:
    return await file._caption(Source(), None, WANTED, form, engines(folder))


def kept(folder: Path) -> str:
    (talk,) = folder.iterdir()
    assert "The last words." in (talk / "en.srt").read_text()
    return (talk / "en.txt").read_text()


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
async def test_live_says_the_last_words(number: signal.Signals, when, tmp_path: Path, capsys) -> None:
    when(lambda _: os.kill(os.getpid(), number))
    async with asyncio.timeout(5):
        await run_live(tmp_path)
    assert "The last words." in capsys.readouterr().out
    assert "The last words." in kept(tmp_path)


@pytest.mark.parametrize("form", ["text", "srt", "vtt", "json", "events"])
@pytest.mark.parametrize("number", SIGNALS)
async def test_a_file_is_written_to_where_it_was_ended(
    form: str, number: signal.Signals, when, tmp_path: Path, capsys
) -> None:
    when(lambda _: os.kill(os.getpid(), number))
    async with asyncio.timeout(5):
        assert await run_file(tmp_path, form) == 128 + number
    out = capsys.readouterr().out
    assert "The last words." in out
    if form == "json":
        assert [segment["text"] for segment in json.loads(out)["segments"]] == ["First.", "The last words."]
    assert "The last words." in kept(tmp_path)


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("command", ["live", "live --events", "file text", "file events"])
async def test_an_output_that_is_gone_ends_the_talk_which_is_kept(
    command: str, number: int, when, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(number))
    word, _, form = command.partition(" ")
    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        async with asyncio.timeout(5):
            await (run_file(tmp_path, form) if word == "file" else run_live(tmp_path, events=bool(form)))
    assert "The last words." in kept(tmp_path)


async def test_a_terminal_that_is_gone_is_nobody_to_complain_to(
    when, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(errno.EIO))
    monkeypatch.setattr(sys, "stderr", Gone(errno.EIO))
    when(lambda _: os.kill(os.getpid(), signal.SIGHUP))
    async with asyncio.timeout(5):
        assert await run_file(tmp_path, "events") == 129
    assert "The last words." in kept(tmp_path)


async def test_a_second_hangup_changes_nothing_and_one_that_is_ignored_stays_so() -> None:
    source = Source()
    async with ends(source) as interrupt:
        for _ in range(2):  # of the terminal, and of the shell that passes it on
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
        assert source.closed.is_set()
        assert interrupt.is_hangup
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        async with ends(Source()) as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
            assert interrupt.number is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
