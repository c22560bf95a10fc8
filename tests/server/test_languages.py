"""Which languages a room is translated into, and what one who asks for another reads of what was said before."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.waiting import is_final
from translate.events import EndOfStream, Notice, Transcript, Translation
from translate.protocol import End, ServerHello, SetView, Snapshot
from translate.server.rooms.backfill import _continued

FIRST = "w1 w2 w3 w4"


def said(lang: str, *words: int) -> str:
    return " ".join(f"w{n}/{lang}" for n in words)


async def test_a_language_is_translated_once_and_only_while_somebody_reads_it(server, backend) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    (session,) = backend.opened
    assert session.targets == ()
    one, two = await server.client(), await server.client()
    await one.hello(targets=("de",))
    await two.hello(targets=("de", "es"))
    assert session.targets == ("de", "es")
    await one.socket.close()
    await server.until(lambda stats: stats["listeners"] == 1)
    assert session.targets == ("de", "es"), "somebody reads it still"
    await two.say(SetView(targets=("es",)))
    await speaker.speak(4)
    await two.until(is_final("es"))
    assert session.targets == ("es",)
    await two.socket.close()
    await server.until(lambda stats: stats["listeners"] == 0)
    assert session.targets == ()
    await speaker.speak(4)
    await speaker.until(is_final("en", 1))
    assert backend.translated_later == []
    log = [event for room in server.server._rooms for event in room.texts.log.latest()]
    assert {event.lang for event in log if event.segment == 1} == {"en"}, "nothing was translated for nobody"


async def test_language_of_a_reader_who_dropped_is_kept_for_its_return(start, backend) -> None:
    server = await start(resume_ms=5000)
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    hello = await reader.hello(targets=("de",))
    await speaker.speak(2)
    await reader.until(lambda m: getattr(m, "committed", "") == said("de", 1, 2))
    reader.socket.transport.abort()
    await server.until(lambda stats: stats["listeners"] == 0)
    await speaker.speak(4)
    await speaker.until(lambda m: getattr(m, "committed", "") == "w5 w6")
    assert backend.opened[0].targets == ("de",)
    back = await server.client()
    await back.hello(targets=("de",), resume=hello.resume, last_seq=reader.heard)
    await back.until(lambda m: getattr(m, "committed", "") == said("de", 5, 6))
    assert back.texts("de") == [said("de", 1, 2, 3, 4), said("de", 5, 6)]
    assert backend.translated_later == []


async def test_language_is_let_go_when_the_reader_does_not_return(start, backend) -> None:
    server = await start(resume_ms=50)
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await reader.hello(targets=("de",))
    reader.socket.transport.abort()
    async with asyncio.timeout(5):
        while backend.opened[0].targets:  # noqa: ASYNC110  # a fake session has nothing to wait for
            await asyncio.sleep(0.01)


async def test_who_asks_for_a_language_nobody_read_gets_what_was_said_in_it(server, backend) -> None:
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await reader.hello()
    await speaker.speak(14)
    await reader.until(lambda m: getattr(m, "committed", "") == "w13 w14")
    await reader.say(SetView(targets=("de",)))
    await reader.until(is_final("de", 0))
    assert backend.translated_later == [(2, "de"), (1, "de"), (0, "de")], "newest first; the open segment is not asked"
    await speaker.speak(2)
    await reader.until(is_final("de", 3))
    assert reader.texts("de") == [said("de", *range(n, n + 4)) for n in (1, 5, 9, 13)]
    late = await server.client()
    await late.hello(targets=("de",))
    await late.next()
    assert late.texts("de") == reader.texts("de"), "they are in the log now"
    assert len(backend.translated_later) == 3


async def test_what_was_said_can_be_asked_for_after_the_talk(server, backend) -> None:
    speaker, reader = await server.client(), await server.client()
    await reader.hello()
    await speaker.hello("speaker", source="en")
    await speaker.speak(4)
    await speaker.say(End())
    await reader.until(lambda m: isinstance(m, EndOfStream))
    await reader.say(SetView(targets=("es",)))
    await reader.until(is_final("es"))
    assert reader.texts("es") == [said("es", 1, 2, 3, 4)]


async def test_only_so_many_segments_are_translated_afterwards(start, backend) -> None:
    server = await start(backfill_segments=2)
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await speaker.speak(16)
    await speaker.until(is_final("en", 3))
    await reader.hello(targets=("de",))
    await reader.until(is_final("de", 2))
    assert backend.translated_later == [(3, "de"), (2, "de")]


async def test_a_language_left_and_taken_up_within_a_segment_keeps_its_promises(server, backend) -> None:
    speaker, one = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await one.hello(targets=("de",))
    await speaker.speak(2)
    await one.until(lambda m: getattr(m, "committed", "") == said("de", 1, 2))
    await one.socket.close()
    await server.until(lambda stats: stats["listeners"] == 0)
    await speaker.speak(1)
    await speaker.until(lambda m: getattr(m, "committed", "") == "w1 w2 w3")
    two = await server.client()
    await two.hello(targets=("de",))
    await speaker.speak(1)
    await two.until(is_final("de"))
    assert two.texts("de") == [said("de", 1, 2, 3, 4)]


async def test_a_translation_that_lost_its_readers_is_finished_for_the_next_one(server, backend) -> None:
    speaker, one = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await one.hello(targets=("de",))
    await speaker.speak(2)
    await one.until(lambda m: getattr(m, "committed", "") == said("de", 1, 2))
    await one.socket.close()
    await server.until(lambda stats: stats["listeners"] == 0)
    await speaker.speak(4)
    await speaker.until(lambda m: getattr(m, "committed", "") == "w5 w6")
    two = await server.client()
    await two.hello(targets=("de",))
    await two.until(is_final("de"))
    assert two.texts("de")[0] == said("de", 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("begun", "text", "whole"),
    [
        ("", "Good morning", "Good morning"),
        ("Good", "Good morning", "Good morning"),
        ("Good ", "Fine morning to you", "Good morning to you"),
        ("Good morning all", "Hello", "Good morning all"),
    ],
)
def test_what_stands_of_a_translation_is_gone_on_from(begun: str, text: str, whole: str) -> None:
    assert _continued(begun, text) == whole
    assert whole.startswith(begun.rstrip())


async def test_speaker_says_that_it_speaks_another_language_now(server, backend) -> None:
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en", targets=("de",))
    await reader.hello(targets=("en", "es"))
    await speaker.speak(4)
    await reader.until(is_final("es"))
    await speaker.say(SetView(source="es-MX"))
    hello = await reader.until(lambda m: isinstance(m, ServerHello))
    assert (hello.source, hello.available_targets) == ("es", ("de", "en"))
    assert set(backend.opened[0].targets) == {"de", "en", "es"}, "who reads Spanish finds it where it was before"
    await speaker.speak(4)
    await reader.until(is_final("en", 1))
    assert [(e.message.segment, e.message.lang) for e in reader.messages if isinstance(e.message, Transcript)][-1] == (
        (1, "es")
    )
    await speaker.say(SetView(source="tlh"))
    assert (await speaker.until(lambda m: isinstance(m, Notice))).code == "bad_language"


async def test_another_log_tells_that_numbers_begin_anew(start) -> None:
    server = await start()
    logs = []
    for _ in range(2):
        speaker = await server.client()
        hello = await speaker.hello("speaker", source="en", resume="of-another-life", last_seq=99)
        logs.append(hello.log)
        await speaker.speak(4)
        await speaker.until(is_final("en"))
        assert not any(isinstance(e.message, Snapshot) for e in speaker.messages)
        await speaker.say(End())
        assert await speaker.closed() == 1000
        await server.until(lambda stats: stats["rooms"] == 0)
    assert logs[0] != logs[1], "the room was forgotten in between"
    listener = await server.client()
    await listener.hello()
    same = []
    for _ in range(2):
        speaker = await server.client()
        same.append((await speaker.hello("speaker", source="en")).log)
        await speaker.speak(4)
        await speaker.say(End())
        assert await speaker.closed() == 1000
    assert same[0] == same[1], "the room goes on"
    await listener.until(is_final("en", 1))
    assert listener.texts("en") == [FIRST, FIRST]


async def test_translations_that_came_late_are_in_the_right_log_place(server) -> None:
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await speaker.speak(8)
    await speaker.until(is_final("en", 1))
    hello = await reader.hello(targets=("de",))
    await reader.until(is_final("de", 0))
    back = await server.client()
    await back.hello(targets=("de",), resume=hello.resume, last_seq=2)  # it had the snapshot, and no translation
    await back.until(is_final("de", 0))
    assert {e.message.segment for e in back.messages if isinstance(e.message, Translation)} == {0, 1}
