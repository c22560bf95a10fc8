"""What happens when a connection breaks: who comes back misses nothing and sees nothing twice."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.waiting import is_a, is_final
from translate.events import EndOfStream
from translate.protocol import End, Snapshot

FIRST = "w1 w2 w3 w4"


async def test_a_speaker_that_missed_the_end_of_its_talk_is_told_and_not_heard_twice(start, backend) -> None:
    server = await start(resume_ms=5000)
    speaker, listener = await server.client(), await server.client()
    hello = await speaker.hello("speaker", source="en")
    await listener.hello()
    await speaker.speak(3)
    await speaker.until(lambda m: getattr(m, "committed", "") == "w1 w2")
    await speaker.say(End())
    speaker.socket.transport.abort()
    await listener.until(is_a(EndOfStream))
    back = await server.client()
    await back.hello("speaker", source="en", resume=hello.resume, last_seq=speaker.heard)
    end = await back.until(is_a(EndOfStream))
    assert end.position == 3 * 8192
    assert await back.closed() == 1000
    assert back.texts("en") == listener.texts("en")
    assert len(backend.opened) == 1
    fresh = await server.client()
    assert (await fresh.hello("speaker", source="en")).session is not None


async def test_vanished_speaker_loses_no_word_and_frees_the_room(server) -> None:
    speaker, listener = await server.client(), await server.client()
    await speaker.hello("speaker", source="en", targets=("de",))
    await listener.hello(targets=("de",))
    await speaker.speak(2)
    await listener.until(lambda m: getattr(m, "committed", "") == "w1 w2")
    await speaker.speak(0.5)
    speaker.socket.transport.abort()
    await listener.until(is_final("de"))
    await listener.until(is_a(EndOfStream))
    assert listener.texts("en") == ["w1 w2"]
    again = await server.client()
    await again.hello("speaker", source="en")


@pytest.mark.parametrize("cut", [1, 2, 6, 100])
async def test_tcp_abort_within_a_frame_ends_only_that_session(server, cut) -> None:
    steady, listener = await server.client(), await server.client()
    await steady.hello("speaker", source="es", room="steady")
    dying = await server.client()
    await dying.hello("speaker", source="en", room="dying")
    await listener.hello(room="dying")
    await dying.speak(2)
    await listener.until(lambda m: getattr(m, "committed", "") == "w1 w2")
    dying.socket.transport.write((b"\x82\xfe\x10\x00" + bytes(96))[:cut])  # a masked frame of 4096 bytes begins
    await asyncio.sleep(0)
    dying.socket.transport.abort()
    await listener.until(is_final("en"))
    await steady.speak(4)
    await steady.until(is_final("es"))


async def test_speaker_resumes_its_session_after_a_drop(start, backend) -> None:
    server = await start(resume_ms=5000)
    speaker, listener = await server.client(), await server.client()
    hello = await speaker.hello("speaker", source="en")
    await listener.hello()
    await speaker.speak(2)
    await speaker.until(lambda m: getattr(m, "committed", "") == "w1 w2")
    speaker.socket.transport.abort()
    await asyncio.sleep(0.05)
    back = await server.client()
    again = await back.hello("speaker", source="en", resume=hello.resume, last_seq=speaker.heard)
    assert again.session == hello.session
    assert again.position == 2 * 8192
    back.position = 8192  # what was sent before is ignored
    await back.speak(3)
    await back.until(is_final("en"))
    await listener.until(is_final("en"))
    assert listener.texts("en") == [FIRST]
    assert back.texts("en") == [FIRST]
    assert len(backend.opened) == 1


async def test_new_speaker_takes_over_from_one_who_dropped(start, backend) -> None:
    server = await start(resume_ms=60_000)
    first, listener = await server.client(), await server.client()
    await first.hello("speaker", source="en")
    await listener.hello()
    await first.speak(2)
    await listener.until(lambda m: getattr(m, "committed", "") == "w1 w2")
    first.socket.transport.abort()
    await asyncio.sleep(0.05)
    second = await server.client()
    hello = await second.hello("speaker", source="en")
    assert len(backend.opened) == 2
    assert hello.position == 0
    await second.speak(4)
    await listener.until(is_final("en", 1))
    assert listener.texts("en") == ["w1 w2", FIRST]


async def test_listener_resumes_with_nothing_lost_or_doubled(server) -> None:
    speaker, listener = await server.client(), await server.client()
    await speaker.hello("speaker", source="en", targets=("de",))
    hello = await listener.hello(targets=("de",))
    await speaker.speak(6)
    await listener.until(lambda m: getattr(m, "committed", "") == "w5/de w6/de")
    listener.socket.transport.abort()
    await speaker.speak(6)
    await speaker.until(is_final("de", 2))
    back = await server.client()
    await back.hello(targets=("de",), resume=hello.resume, last_seq=listener.heard)
    await back.until(is_final("de", 2))
    assert not any(isinstance(e.message, Snapshot) for e in back.messages)
    assert back.texts("en") == ["w5 w6 w7 w8", "w9 w10 w11 w12"], "only what came after last_seq"
    listener.messages += back.messages
    assert listener.texts("de")[1:] == ["w5/de w6/de w7/de w8/de", "w9/de w10/de w11/de w12/de"]
    earlier = await server.client()
    await earlier.hello(targets=("de",), resume=hello.resume, last_seq=1)
    await earlier.until(is_final("de", 2))
    assert earlier.texts("en") == [FIRST, "w5 w6 w7 w8", "w9 w10 w11 w12"]


async def test_resume_with_another_language_or_a_strange_token_gets_a_snapshot(server) -> None:
    speaker, listener = await server.client(), await server.client()
    await speaker.hello("speaker", source="en", targets=("de", "es"))
    hello = await listener.hello(targets=("de",))
    await speaker.speak(4)
    await listener.until(is_final("de"))
    for resume, targets in ((hello.resume, ("es",)), ("never-given", ("de",))):
        back = await server.client()
        await back.hello(targets=targets, resume=resume, last_seq=listener.heard)
        assert isinstance(await back.next(), Snapshot)
        assert back.texts("en") == [FIRST]
