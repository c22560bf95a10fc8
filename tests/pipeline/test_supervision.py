"""A session's tasks have one owner: whatever fails, nobody waits for ever, and everybody is told."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Sequence

import pytest

from tests.fake_engines import FakeEngines, said, silence, translated, words
from tests.virtual_time import settled, virtual_time
from translate.audio import PushSource
from translate.config import Config, Limits
from translate.errors import AudioError, SottovoceError
from translate.events import EndOfStream, Event, Notice, Transcript, Translation
from translate.inference import Turns, WorkerError
from translate.pipeline.session import Session


class Talk:
    """A session on fake engines, and what it has said so far."""

    def __init__(self, fakes: FakeEngines, targets: Sequence[str]) -> None:
        self.source = PushSource(limit_ms=600_000)
        self.session = Session(self.source, spoken="es", targets=targets, engines=fakes.engines)
        self.events: list[Event] = []

    async def read(self) -> list[Event]:
        async for event in self.session:
            self.events.append(event)
        return self.events

    async def say(self, pcm: bytes) -> None:
        await self.source.feed(self.source.end, pcm)

    def finals(self, lang: str | None = None) -> list[str]:
        kind = Transcript if lang is None else Translation
        found = [one for one in self.events if isinstance(one, kind) and one.final and lang in (None, one.lang)]
        return " ".join(one.committed for one in found).lower().replace(".", "").split()

    def notices(self) -> list[Notice]:
        return [one for one in self.events if isinstance(one, Notice)]


def spoken(count: int) -> list[str]:
    return said(range(1, count + 1))


def into(lang: str, count: int) -> list[str]:
    return [translated(one, lang) for one in spoken(count)]


def sentences(count: int) -> bytes:
    """``count`` segments of two sentences, ten words in all, with pauses."""
    return b"".join(words(1 + 10 * i, 10) + silence(1000) for i in range(count))


@virtual_time
async def test_a_fault_in_one_language_leaves_the_others_and_the_talk_alone() -> None:
    fakes = FakeEngines(Config(limits=Limits(events=16)))
    fakes.script.errors["en"] = [IndexError("list index out of range")]
    talk = Talk(fakes, ["en", "de"])
    await talk.say(sentences(40))
    talk.source.finish()
    await asyncio.wait_for(talk.read(), 60)
    assert talk.finals() == spoken(400)
    assert talk.finals("de") == into("de", 400)
    assert [(one.code, one.lang) for one in talk.notices()] == [("internal", "en")]
    assert "list index" not in talk.notices()[0].message, "the message of a fault may quote what was said"
    assert talk.session.translations == {"en": "failed", "de": "closed"}
    assert isinstance(talk.events[-1], EndOfStream)


@virtual_time
async def test_a_language_that_failed_is_tried_again_when_it_is_asked_for() -> None:
    fakes = FakeEngines()
    fakes.script.errors["en"] = [IndexError()]
    talk = Talk(fakes, ["en"])
    reading = asyncio.ensure_future(talk.read())
    await talk.say(sentences(1))
    await asyncio.sleep(1)
    assert talk.session.translations == {"en": "failed"}
    talk.session.set_targets(["en"])
    await talk.say(words(11, 5))
    talk.source.finish()
    await reading
    assert talk.finals("en") == into("en", 15)[10:]


@virtual_time
async def test_a_call_that_is_given_up_costs_its_revision_alone_and_keeps_what_is_shown() -> None:
    fakes = FakeEngines()
    talk = Talk(fakes, ["en"])
    reading = asyncio.ensure_future(talk.read())
    for number in range(1, 9):
        await talk.say(words(number, 1))
        await asyncio.sleep(0.5)
    before = [one for one in talk.events if isinstance(one, Translation)][-1]
    assert before.tail
    fakes.script.errors["en"] = [WorkerError("it was given up")]
    await talk.say(words(9, 2) + silence(1000))
    await asyncio.sleep(1)
    await talk.say(words(11, 5))
    talk.source.finish()
    await reading
    after = [one for one in talk.events if isinstance(one, Translation) and one.segment == before.segment]
    shown = (before.committed + before.tail).split()
    assert all((one.committed + one.tail).split()[: len(shown)] == shown for one in after[after.index(before) :])
    assert [one.code for one in talk.notices()] == ["worker"]
    assert talk.finals("en")[-5:] == into("en", 15)[-5:]


@virtual_time
async def test_targets_can_be_set_in_the_turn_after_the_start() -> None:
    fakes = FakeEngines()
    talk = Talk(fakes, ["en"])
    reading = asyncio.ensure_future(talk.read())
    await asyncio.sleep(0)
    talk.session.set_targets(["de"])
    await talk.say(words(1, 5))
    talk.source.finish()
    await reading
    assert talk.finals("de") == into("de", 5)
    assert not talk.finals("en")


@virtual_time
async def test_a_language_removed_while_its_last_words_are_translated_does_not_end_the_session() -> None:
    fakes = FakeEngines()
    fakes.script.delay_s["en"] = 5.0
    talk = Talk(fakes, ["en", "de"])
    reading = asyncio.ensure_future(talk.read())
    await talk.say(sentences(10))
    talk.source.finish()
    await asyncio.sleep(1)
    assert talk.finals() == spoken(100)
    talk.session.set_targets(["de"])
    await reading
    assert talk.finals("de") == into("de", 100)
    assert isinstance(talk.events[-1], EndOfStream)


@virtual_time
async def test_a_slow_language_never_holds_up_live_speech_or_another_language() -> None:
    fakes = FakeEngines(Config(limits=Limits(events=16)))
    fakes.script.delay_s["en"] = 1000.0
    talk = Talk(fakes, ["en", "de"])
    reading = asyncio.ensure_future(talk.read())
    for i in range(40):
        await talk.say(words(1 + 10 * i, 10) + silence(1000))
        await asyncio.sleep(3)
    assert talk.finals("de") == into("de", 400)
    fakes.script.delay_s["en"] = 0.0
    talk.source.finish()
    await reading
    assert talk.finals() == spoken(400)
    finals = [one.segment for one in talk.events if isinstance(one, Translation) and one.final and one.lang == "en"]
    assert finals == sorted(set(finals)), "one final for each segment, in order"
    assert len(finals) == len([one for one in talk.events if isinstance(one, Transcript) and one.final])
    assert "behind" in [one.code for one in talk.notices()]
    assert talk.finals("en")[-5:] == into("en", 400)[-5:], "and goes on with the newest"


@virtual_time
async def test_a_removed_language_whose_mailbox_is_full_frees_recognition() -> None:
    fakes = FakeEngines(Config(limits=Limits(events=16)))
    fakes.script.delay_s["en"] = 1e6
    talk = Talk(fakes, ["en", "de"])
    talk.source.live = False  # a file: recognition waits for the slow language
    talk.session = Session(talk.source, spoken="es", targets=["en", "de"], engines=fakes.engines)
    reading = asyncio.ensure_future(talk.read())
    await talk.say(sentences(40))
    talk.source.finish()
    await settled()
    assert len(talk.finals()) < 200
    talk.session.set_targets(["de"])
    await asyncio.wait_for(reading, 100)
    assert talk.finals() == spoken(400)
    assert talk.finals("de") == into("de", 400)


@virtual_time
async def test_a_language_that_comes_back_in_the_same_segment_takes_nothing_back() -> None:
    fakes = FakeEngines()
    talk = Talk(fakes, ["en"])
    reading = asyncio.ensure_future(talk.read())
    await talk.say(words(1, 4))
    await asyncio.sleep(1)
    talk.session.set_targets([])
    talk.session.set_targets(["en"])
    await talk.say(words(5, 1) + silence(1000))
    talk.source.finish()
    await reading
    english = [one for one in talk.events if isinstance(one, Translation)]
    assert [one.rev for one in english] == list(range(1, len(english) + 1))
    for one, next_one in itertools.pairwise(english):
        assert next_one.committed.startswith(one.committed)
    assert talk.finals("en") == into("en", 5)


@pytest.mark.parametrize("error", [RuntimeError("CUDA"), KeyError("w"), AudioError("gone")])
@virtual_time
async def test_what_ends_recognition_or_the_source_is_raised_once_after_what_was_said(error: Exception) -> None:
    fakes = FakeEngines()
    talk = Talk(fakes, ["en"])
    await talk.say(sentences(2))
    reading = asyncio.ensure_future(talk.read())
    if isinstance(error, AudioError):
        talk.source.fail(error)
    else:
        await asyncio.sleep(5)
        fakes.script.errors["recognition"] = [error]
        await talk.say(sentences(1))
    with pytest.raises(SottovoceError if isinstance(error, RuntimeError) else type(error)):
        await reading
    assert talk.finals()
    await talk.session.aclose()
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_a_session_closes_the_engines_that_it_made_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FakeEngines] = []

    def make(config: Config) -> FakeEngines:
        made.append(FakeEngines(config))
        return made[-1]

    monkeypatch.setattr("translate.pipeline.session.Engines", make)
    given = FakeEngines()
    for engines in (None, given.engines):
        source = PushSource(limit_ms=1000)
        source.finish()
        async with Session(source, spoken="es", engines=engines) as session:
            assert [type(event) async for event in session] == [EndOfStream]
    assert [one.closed for one in made] == [True]
    assert not given.closed
    async with Session(PushSource(limit_ms=1000), spoken="es"):
        pass  # left before it began
    assert [one.closed for one in made] == [True, True]


async def test_leaving_before_the_first_turn_ends_the_iteration() -> None:
    session = Session(PushSource(limit_ms=1000), spoken="es", engines=FakeEngines().engines)
    iterator = aiter(session)
    await session.aclose()
    assert [event async for event in _rest(iterator)] == []


async def _rest(session: Session):  # type: ignore[no-untyped-def]
    while True:
        try:
            yield await anext(session)
        except StopAsyncIteration:
            return


@pytest.mark.parametrize("engine", ["recognition", "voice-activity", "translation"])
async def test_engines_that_are_closed_while_a_turn_waits_end_the_session_with_a_reason(engine: str) -> None:
    fakes = FakeEngines()
    turns = Turns(engine)
    held = threading.Event()
    busy = asyncio.ensure_future(turns.run(lambda: held.wait(5)))
    await asyncio.sleep(0)
    if engine == "recognition":
        fakes.recognition_turns = turns  # type: ignore[assignment]
    elif engine == "translation":
        fakes._turns["en"] = turns  # type: ignore[assignment]
    else:
        fakes.detection_turns = turns  # type: ignore[assignment]
    talk = Talk(fakes, ["en"])
    reading = asyncio.ensure_future(talk.read())
    await talk.say(sentences(1))
    talk.source.finish()
    for _ in range(50):
        await asyncio.sleep(0)
    turns.close()
    held.set()
    await busy
    if engine == "translation":
        await reading
        assert talk.session.translations == {"en": "failed"}
        assert [one.code for one in talk.notices()] == ["stopping"]
    else:
        with pytest.raises(SottovoceError, match="closed"):
            await reading


async def test_a_source_that_cannot_be_closed_still_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = FakeEngines()
    monkeypatch.setattr("translate.pipeline.session.Engines", lambda config: fakes)
    source = PushSource(limit_ms=1000)
    session = Session(source, spoken="es")
    monkeypatch.setattr(source, "aclose", _busy)
    source.finish()
    with pytest.raises(AudioError, match="busy"):
        assert [type(event) async for event in session] == [EndOfStream]
    assert fakes.closed
    with pytest.raises(RuntimeError, match="once"):
        aiter(session)


async def _busy() -> None:
    raise AudioError("the device is busy")
