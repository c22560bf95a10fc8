"""A session on engines without models says what was said, and meets what a test plans for it."""

from __future__ import annotations

import asyncio

import pytest

from tests.fake_engines import FakeEngines, numbers_in, silence, speech, word
from translate.audio import PushSource
from translate.events import EndOfStream, Event, Notice, Transcript, Translation
from translate.inference.errors import WorkerError
from translate.pipeline.session import Session


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


async def said(
    engines: FakeEngines, *, words: int = 40, sentence: int = 8, targets: tuple[str, ...] = ("es",)
) -> list[Event]:
    source = PushSource(limit_ms=60_000)
    session = Session(source, spoken="en", targets=targets, engines=engines)
    await source.feed(0, speech(range(words), sentence=sentence) + silence(800))
    source.finish()
    return [event async for event in session]


def finals(events: list[Event], kind: type, lang: str) -> list[int]:
    texts = (e.committed for e in events if isinstance(e, kind) and e.final and e.lang == lang)  # type: ignore[attr-defined]
    return [number for text in texts for number in numbers_in(text, lang if kind is Translation else "")]


def test_words_are_told_apart() -> None:
    assert len({word(number) for number in range(15_000)}) == 15_000
    assert numbers_in(" ".join(word(number).capitalize() for number in range(0, 15_000, 7))) == [*range(0, 15_000, 7)]
    assert numbers_in(f"es{word(3)} es{word(77)}.", "es") == [3, 77]
    with pytest.raises(ValueError, match="no word"):
        numbers_in(word(3), "es")


@pytest.mark.parametrize("sentence", [0, 3, 8])
async def test_every_word_is_heard_and_translated_once(engines: FakeEngines, sentence: int) -> None:
    events = await said(engines, words=90, sentence=sentence, targets=("es", "de"))
    assert finals(events, Transcript, "en") == [*range(90)]
    for lang in ("es", "de"):
        assert finals(events, Translation, lang) == [*range(90)]
    assert isinstance(events[-1], EndOfStream)


async def test_a_call_that_was_planned_to_fail_fails(engines: FakeEngines) -> None:
    engines.faults.plan("encode", None, WorkerError("died"))
    engines.faults.plan("translate es", None, None, WorkerError("died"))
    events = await said(engines)
    assert [event.code for event in events if isinstance(event, Notice)] == ["worker"] * 2
    assert set(finals(events, Transcript, "en")) < set(range(40))


async def test_a_turn_that_is_held_gives_no_answer_before_it_is_released(engines: FakeEngines) -> None:
    hold = engines.faults.hold("recognition")
    reading = asyncio.create_task(said(engines))
    await hold.reached.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    assert engines.faults.calls["decode"] == 0
    hold.release()
    assert finals(await reading, Transcript, "en") == [*range(40)]


async def test_engines_that_are_dead_fail_every_call_until_they_live_again(engines: FakeEngines) -> None:
    engines.faults.die()
    assert finals(await said(engines), Transcript, "en") == []
    engines.faults.revive()
    assert finals(await said(engines), Transcript, "en") == [*range(40)]
