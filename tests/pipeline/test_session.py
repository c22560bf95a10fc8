"""Whole sessions: real speech through the real models, with the promises that every listener relies on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import jiwer
import numpy as np
import pytest
from whisper_normalizer.basic import BasicTextNormalizer

from translate import FileSource, PushSource, Session
from translate.config import Config, Limits
from translate.errors import AudioError, LanguageError
from translate.events import (
    RATE_HZ,
    AudioChunk,
    EndOfStream,
    Event,
    Notice,
    SpeechSpan,
    Transcript,
    Translation,
)
from translate.inference import Engines
from translate.latency import SessionClock

pytestmark = [pytest.mark.models]
normalize = BasicTextNormalizer()


async def collect(session: Session) -> list[Event]:
    return [event async for event in session]


def check_promises(events: list[Event]) -> None:
    """What no sequence of events may break, in any language."""
    seen: dict[tuple[str, str, int], Transcript | Translation] = {}
    for event in events:
        if not isinstance(event, (Transcript, Translation)):
            continue
        key = (type(event).__name__, event.lang, event.segment)
        last = seen.get(key)
        if last is not None:
            assert not last.final, "nothing follows a final"
            assert event.rev == last.rev + 1
            assert event.committed.startswith(last.committed), "committed text was taken back"
        else:
            assert event.rev == 1
        assert not (event.final and event.tail)
        order = [
            getattr(event.marks, name) for name in ("received", "vad", "asr_start", "asr_end", "mt_start", "mt_end")
        ]
        passed = [mark for mark in order if mark is not None]
        assert passed == sorted(passed)
        seen[key] = event
    assert all(event.final for event in seen.values()), "every segment is closed"


def text(events: list[Event], kind: type, lang: str | None = None) -> str:
    finals = [e for e in events if isinstance(e, kind) and e.final and lang in (None, e.lang)]
    return " ".join(event.committed for event in finals)


@pytest.mark.slow
async def test_spanish_to_english_and_back_to_itself(engines: Engines, clips: dict[str, Any]) -> None:
    clip = clips["fleurs_es_003"]
    events = await collect(Session(FileSource(clip.path), spoken="es", targets=["en", "es"], engines=engines))
    check_promises(events)
    assert isinstance(events[-1], EndOfStream)
    assert abs(events[-1].position - clip.seconds * RATE_HZ) < RATE_HZ
    assert jiwer.wer(normalize(clip.transcript), normalize(text(events, Transcript))) < 0.35
    assert text(events, Translation, "es") == text(events, Transcript)
    english = set(normalize(text(events, Translation, "en")).split())
    assert english & {"earth", "movement", "moving", "sense", "seems"}, english
    spans = [event.state for event in events if isinstance(event, SpeechSpan)]
    assert spans == ["started", "stopped"] * (len(spans) // 2) or spans[-1] == "started"


@pytest.mark.slow
async def test_two_sessions_at_once_keep_apart(engines: Engines, clips: dict[str, Any]) -> None:
    german, french = clips["fleurs_de_004"], clips["fleurs_fr_005"]
    one, other = await asyncio.gather(
        collect(Session(FileSource(german.path, pace=1), spoken="de", engines=engines)),
        collect(Session(FileSource(french.path, pace=1), spoken="auto", allowed=["fr", "de"], engines=engines)),
    )
    for events, clip in ((one, german), (other, french)):
        check_promises(events)
        assert {e.lang for e in events if isinstance(e, Transcript)} == {clip.lang}
        assert jiwer.wer(normalize(clip.transcript), normalize(text(events, Transcript))) < 0.5


async def test_noise_and_silence_say_nothing(engines: Engines, clips: dict[str, Any]) -> None:
    for name in ("pv_empty", "sb_noise5"):
        events = await collect(Session(FileSource(clips[name].path), spoken="en", engines=engines))
        assert text(events, Transcript) == ""


async def test_a_speaker_who_vanishes_in_mid_word_loses_nothing_committed(
    engines: Engines, clips: dict[str, Any]
) -> None:
    clip = clips["thorsten_gt_01"]
    whole = await FilePcm.read(clip.path)
    source = PushSource(limit_ms=10_000)
    session = Session(source, spoken="de", engines=engines)
    reading = asyncio.create_task(collect(session))
    await source.feed(0, whole[: len(whole) * 2 // 3 & ~1])
    source.finish()
    events = await reading
    check_promises(events)
    assert isinstance(events[-1], EndOfStream)
    assert "Schoko" in text(events, Transcript) or "schoko" in text(events, Transcript)


async def test_a_source_that_fails_gets_its_error_after_what_was_said(engines: Engines, clips: dict[str, Any]) -> None:
    source = PushSource(limit_ms=10_000)
    session = Session(source, spoken="de", engines=engines)
    await source.feed(0, await FilePcm.read(clips["thorsten_gt_01"].path))
    source.fail(AudioError("the cable is out"))
    events: list[Event] = []

    async def read() -> None:
        async for event in session:
            events.append(event)

    with pytest.raises(AudioError, match="cable"):
        await read()
    check_promises(events)
    assert text(events, Transcript)


async def test_targets_change_during_a_session(engines: Engines, clips: dict[str, Any]) -> None:
    session = Session(FileSource(clips["fleurs_de_005"].path), spoken="de", engines=engines)
    events = []
    async for event in session:
        events.append(event)
        if isinstance(event, Transcript) and session.targets == ():
            session.set_targets(["de"])
    check_promises(events)
    assert text(events, Translation, "de")
    with pytest.raises(LanguageError):
        session.set_targets(["xx"])


async def test_what_the_models_cannot_do_is_refused_before_it_starts(engines: Engines, clips: dict[str, Any]) -> None:
    source = FileSource(clips["fleurs_de_005"].path)
    with pytest.raises(LanguageError, match="zulu"):
        Session(source, spoken="zulu", engines=engines)
    with pytest.raises(LanguageError, match="models pull"):
        Session(source, spoken="de", targets=["sw"], engines=engines)
    with pytest.raises(LanguageError):
        Session(source, spoken="auto", targets=["sw"], allowed=["de", "es"], engines=engines)


async def test_leaving_early_ends_everything(engines: Engines, clips: dict[str, Any]) -> None:
    session = Session(FileSource(clips["fleurs_es_003"].path, pace=1), spoken="es", targets=["en"], engines=engines)
    before = asyncio.all_tasks()
    async for event in session:
        if isinstance(event, SpeechSpan):
            break
    await session.aclose()
    assert asyncio.all_tasks() == before
    with pytest.raises(RuntimeError, match="once"):
        await collect(session)


async def test_a_reader_who_is_slow_holds_the_source_back(engines: Engines) -> None:
    """Nothing grows: with nobody reading, a source is asked for a bounded amount of audio."""

    class Endless:
        live = False
        given = 0

        async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
            while True:
                yield AudioChunk(np.zeros(512, np.float32), self.given, clock.now_ms(), clock.now_ms())
                self.given += 512
                yield Notice("test", "one more")

        async def aclose(self) -> None: ...

    source = Endless()
    config = Config(limits=Limits(events=16))
    session = Session(source, spoken="en", engines=engines, config=config)
    await anext(aiter(session))
    for _ in range(50):
        await asyncio.sleep(0)
    assert source.given <= 20 * 512
    await session.aclose()


class FilePcm:
    """A clip as the bytes that a browser sends."""

    @staticmethod
    async def read(path: Any) -> bytes:
        parts = [item async for item in FileSource(path).stream(SessionClock()) if isinstance(item, AudioChunk)]
        samples = np.concatenate([part.samples for part in parts])
        return (samples * 32767).astype("<i2").tobytes()
