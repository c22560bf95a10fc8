"""What speakers and listeners get from a server on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging

import pytest
from websockets.asyncio.client import connect

from tests.server.waiting import is_a, is_final
from translate.errors import Busy, MissingModel
from translate.events import EndOfStream, Notice, SpeechSpan, Transcript, Translation
from translate.protocol import End, Failure, Painted, Ping, Pong, ServerHello, SetView, Snapshot

FIRST = "w1 w2 w3 w4"


async def test_speaker_gets_captions_translations_and_a_clean_end(server) -> None:
    speaker = await server.client()
    hello = await speaker.hello("speaker", source="en", targets=("de", "es"))
    assert (hello.role, hello.room, hello.source, hello.targets) == ("speaker", "main", "en", ("de", "es"))
    assert hello.available_targets == ("de", "es")
    assert hello.position == 0
    await speaker.speak(6)
    await speaker.say(End())
    assert await speaker.closed() == 1000
    assert speaker.texts("en") == [FIRST, "w5 w6"]
    assert speaker.texts("de") == ["w1/de w2/de w3/de w4/de", "w5/de w6/de"]
    assert speaker.texts("es") == ["w1/es w2/es w3/es w4/es", "w5/es w6/es"]
    kinds = [type(envelope.message) for envelope in speaker.messages]
    assert kinds.count(SpeechSpan) == 1
    assert isinstance(speaker.messages[-1].message, EndOfStream)
    assert speaker.messages[-1].message.position == speaker.position


async def test_marks_are_in_order_and_sent_is_stamped(server) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en", targets=("de",))
    await speaker.speak(4)
    await speaker.until(is_final("de"))
    for envelope in speaker.messages:
        if isinstance(envelope.message, (Transcript, Translation)):
            marks = envelope.message.marks.as_dict()
            made = marks.get("mt_end", marks["asr_end"])
            assert marks["capture"] <= marks["asr_end"] <= made <= marks["sent"] <= envelope.t_ms


async def test_words_come_with_the_final_only(server) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    await speaker.speak(4)
    await speaker.until(is_final("en"))
    texts = [e.message for e in speaker.messages if isinstance(e.message, Transcript)]
    assert len(texts) > 1
    assert [len(text.words) for text in texts] == [0] * (len(texts) - 1) + [4]


async def test_each_listener_reads_its_own_language(server, backend) -> None:
    speaker, german, spanish = [await server.client() for _ in range(3)]
    await speaker.hello("speaker", source="en")
    await german.hello(targets=("de",))
    await spanish.hello(targets=("es-MX",))
    assert backend.opened[0].targets == ("de", "es")
    await speaker.speak(4)
    await asyncio.gather(german.until(is_final("de")), spanish.until(is_final("es")), speaker.until(is_final("en")))
    assert german.texts("de") == ["w1/de w2/de w3/de w4/de"]
    assert german.texts("en") == [FIRST]
    assert german.texts("es") == []
    assert spanish.texts("de") == []
    assert speaker.texts("de") == []
    await german.socket.close()
    await speaker.speak(4)
    await spanish.until(is_final("es", 1))
    assert backend.opened[0].targets == ("es",), "nobody reads German any more"


async def test_two_sessions_at_once_stay_apart(server) -> None:
    one, two, reader = [await server.client() for _ in range(3)]
    first = await one.hello("speaker", source="en", targets=("de",), room="one")
    second = await two.hello("speaker", source="es", targets=("en",), room="two")
    assert first.session != second.session
    await reader.hello(room="two")
    await asyncio.gather(one.speak(4), two.speak(4))
    await asyncio.gather(one.until(is_final("de")), two.until(is_final("en")), reader.until(is_final("es")))
    assert one.texts("en") == [FIRST]
    assert one.texts("es") == []
    assert two.texts("es") == [FIRST]
    assert reader.texts("en") == []


async def test_set_changes_languages_and_brings_what_was_said_in_them(server, backend) -> None:
    speaker, german, reader = [await server.client() for _ in range(3)]
    await speaker.hello("speaker", source="en")
    await german.hello(targets=("de",))
    await reader.hello()
    await speaker.speak(4)
    await reader.until(is_final("en"))
    await german.until(is_final("de"))
    await reader.say(SetView(targets=("de",)))
    snapshot = await reader.until(is_a(Snapshot))
    assert [(s.lang, s.committed, s.final) for s in snapshot.segments] == [("de", "w1/de w2/de w3/de w4/de", True)]
    await speaker.speak(4)
    await reader.until(is_final("de", 1))
    await reader.say(SetView(targets=("xx",)))
    notice = await reader.until(is_a(Notice))
    assert notice.code == "bad_language"
    assert backend.opened[0].targets == ("de",)


async def test_calm_listener_sees_no_tails(server) -> None:
    speaker, calm = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await calm.hello(mode="calm")
    await speaker.speak(8)
    await calm.until(is_final("en", 1))
    assert calm.texts("en") == [FIRST, "w5 w6 w7 w8"]
    assert {e.message.tail for e in calm.messages if isinstance(e.message, Transcript)} == {""}
    await speaker.until(is_final("en", 1))
    assert any(e.message.tail for e in speaker.messages if isinstance(e.message, Transcript))


async def test_listener_that_comes_late_gets_a_snapshot(server) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en", targets=("de",))
    await speaker.speak(5)
    await speaker.until(lambda m: getattr(m, "committed", "") == "w5/de")
    late = await server.client()
    await late.hello(targets=("de",))
    snapshot = await late.next()
    assert isinstance(snapshot, Snapshot)
    assert snapshot.last_seq == 2
    assert late.texts("en") == [FIRST, "w5"]
    assert late.texts("de") == ["w1/de w2/de w3/de w4/de", "w5/de"]


async def test_listener_may_come_first_and_stays_for_the_next_speaker(server) -> None:
    listener = await server.client()
    hello = await listener.hello(targets=("de",))
    assert hello.session is None
    ids = []
    for segment in range(2):
        speaker = await server.client()
        await speaker.hello("speaker", source="en")
        ids.append((await listener.until(is_a(ServerHello))).session)
        await speaker.speak(4)
        await speaker.say(End())
        assert await speaker.closed() == 1000
        await listener.until(is_final("de", segment))
        await listener.until(is_a(EndOfStream))
    assert len(set(ids)) == 2
    assert listener.texts("en") == [FIRST, FIRST], "segments of the second session are numbered on"


async def test_second_speaker_of_a_room_is_refused(server) -> None:
    speaker, second = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await second.say_hello("speaker", source="en")
    failure = await second.next()
    assert (failure.code, failure.retryable) == ("room_taken", True)
    assert await second.closed() == 4409
    await speaker.speak(4)
    await speaker.until(is_final("en"))


async def test_too_many_speakers_are_refused_and_told_so(start) -> None:
    server = await start(sessions=1)
    speaker, second = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await second.say_hello("speaker", source="en", room="other")
    assert await second.next() == Failure(
        code="busy",
        message="all places for speakers (1) are taken; try again in 30 s",
        retryable=True,
        retry_after_s=30,
    )
    assert await second.closed() == 1013
    await speaker.say(End())
    assert await speaker.closed() == 1000
    third = await server.client()
    await third.hello("speaker", source="en", room="other")


async def test_too_many_connections_are_refused(start) -> None:
    server = await start(connections=1)
    listener, second = await server.client(), await server.client()
    await listener.hello()
    assert (await second.next()).code == "busy"
    assert await second.closed() == 1013


@pytest.mark.parametrize(("error", "code"), [(MissingModel("no model; get one"), 4404), (Busy("full"), 1013)])
async def test_backend_that_refuses_is_reported(server, backend, error, code) -> None:
    backend.refusal = error
    speaker = await server.client()
    await speaker.say_hello("speaker", source="en")
    failure = await speaker.next()
    assert (failure.code, failure.message) == (error.code, str(error))
    assert await speaker.closed() == code
    await server.until(lambda stats: stats["rooms"] == 0)


async def test_session_that_fails_tells_everybody(server, backend, caplog) -> None:
    speaker, listener = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await listener.hello()
    await speaker.speak(1)
    await listener.until(is_a(Transcript))
    backend.failure = RuntimeError("engine broke")
    await speaker.speak(1)
    failure = await speaker.until(is_a(Failure))
    assert failure.code == "internal"
    assert await speaker.closed() == 1011
    assert (await listener.until(is_a(Notice))).code == "internal"
    await listener.until(is_a(EndOfStream))
    assert "engine broke" in caplog.text, "the log has the cause"
    backend.failure = None
    again = await server.client()
    await again.hello("speaker", source="en")


async def test_ping_and_painted(server) -> None:
    speaker = await server.client()
    hello = await speaker.hello("speaker", source="en", capabilities=("painted",))
    assert "painted" in hello.capabilities
    await speaker.say(Ping(client_ms=12.5))
    pong = await speaker.next()
    assert isinstance(pong, Pong)
    assert pong.client_ms == 12.5
    await speaker.speak(1)
    await speaker.until(is_a(Transcript))
    text = speaker.messages[-1]
    painted_ms = text.message.marks.sent + 5
    await speaker.say(Painted(event_seq=text.seq, painted_ms=painted_ms))
    await speaker.say(Painted(event_seq=text.seq, painted_ms=painted_ms))  # a second report does not count
    await speaker.say(Painted(event_seq=1, painted_ms=painted_ms))  # no text
    await speaker.say(Painted(event_seq=text.seq, painted_ms=1e9))
    await speaker.say(Ping(client_ms=1))
    await speaker.until(is_a(Pong))
    measured = server.server.stats()["latency_ms"]["glass_to_glass"]
    assert measured["count"] == 1
    assert measured["max"] == pytest.approx(painted_ms - text.message.marks.capture, abs=0.2)


async def test_audio_faster_than_recognition_is_held_back(start, backend) -> None:
    server = await start(ahead_ms=500)
    speaker, other = await server.client(write_limit=1), await server.client()
    await speaker.hello("speaker", source="en")
    await other.hello("speaker", source="es", room="other")
    backend.going.clear()
    flood = asyncio.create_task(speaker.speak(600))
    done, _ = await asyncio.wait({flood}, timeout=1.0)
    assert not done, "five minutes of audio were taken without anybody reading"
    backend.going.set()
    await other.speak(4)
    await other.until(is_final("es"))
    reading = asyncio.create_task(speaker.until(is_final("en", 149)))
    await asyncio.gather(flood, reading)
    assert speaker.texts("en")[-1] == "w597 w598 w599 w600"


async def test_a_speaker_is_not_dropped_for_answers_that_wait_behind_its_own_sound(start, backend) -> None:
    server = await start(ahead_ms=500, send_ms=150)
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    backend.going.clear()  # the engines give no answer for a while
    flood = asyncio.create_task(speaker.speak(40))
    await asyncio.sleep(1.5)
    backend.going.set()
    await asyncio.gather(flood, speaker.until(is_final("en", 9)))
    assert server.server.stats()["errors"] == {}


async def test_stop_sends_the_last_words_and_1001(server) -> None:
    speaker, listener = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await listener.hello()
    await speaker.speak(2)
    await listener.until(lambda m: getattr(m, "committed", "") == "w1 w2")
    started_s = asyncio.get_running_loop().time()
    _, code, _ = await asyncio.gather(server.server.stop(), listener.closed(), speaker.closed())
    assert asyncio.get_running_loop().time() - started_s < 3
    assert code == 1001
    assert any(isinstance(e.message, Transcript) and e.message.final for e in listener.messages)
    with pytest.raises(OSError):  # noqa: PT011
        await connect(f"ws://127.0.0.1:{server.port}/ws", proxy=None)


async def test_stop_does_not_wait_for_hung_sessions_or_silent_sockets(server, backend) -> None:
    silent = await asyncio.open_connection("127.0.0.1", server.port)
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    await speaker.speak(1)
    await speaker.until(is_a(Transcript))
    backend.going.clear()
    await speaker.speak(1)
    await asyncio.sleep(0.1)  # so that recognition has the audio, and hangs
    async with asyncio.timeout(5):
        await server.server.stop()
    assert backend.opened[0].closed
    silent[1].close()
    with contextlib.suppress(ConnectionError):
        await silent[1].wait_closed()


async def test_nothing_that_was_said_is_logged(server, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    speaker = await server.client()
    await speaker.hello("speaker", source="en", targets=("de",))
    await speaker.speak(4)
    await speaker.until(is_final("de"))
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("websockets.client")]
    assert not any("w1 w2" in line or "w2/de" in line for line in ours)
    assert "w1" not in json.dumps(server.server.stats())
