"""A speaker that asks for it is told who reads; an operator sees how long texts take to the readers' screens."""

from __future__ import annotations

import asyncio

from translate.protocol import Audience, Painted, Ping, Pong, SetView, Status
from translate.server.rooms import audience


def counts(wanted: dict[str, int]):
    return lambda message: isinstance(message, Audience) and message.listeners == wanted


async def test_a_speaker_is_told_who_reads_as_they_come_change_and_go(server) -> None:
    speaker, german, spanish, original = [await server.client() for _ in range(4)]
    await german.hello(targets=("de",))
    await speaker.hello("speaker", source="en", targets=("de",), capabilities=("audience",))
    await speaker.until(counts({"de": 1}))
    await spanish.hello(targets=("es", "de"))
    await original.hello()
    await speaker.until(counts({"de": 2, "es": 1, "": 1}))
    await german.say(SetView(targets=("es",)))
    await speaker.until(counts({"de": 1, "es": 2, "": 1}))
    await spanish.socket.close()
    await original.socket.close()
    await speaker.until(counts({"es": 1}))
    german.socket.transport.abort()
    await speaker.until(counts({}))


async def test_nobody_else_is_told(server) -> None:
    speaker, listener, operator = [await server.client() for _ in range(3)]
    await speaker.hello("speaker", source="en")  # without the capability
    await listener.hello(targets=("de",), capabilities=("audience",))
    await operator.hello("operator", targets=("de",), capabilities=("audience",))
    await operator.until(lambda m: isinstance(m, Status) and m.rooms and m.rooms[0].listeners == {"de": 1})
    await asyncio.sleep(2 * audience.PAUSE_S)
    for client in (speaker, listener, operator):
        await client.say(Ping(client_ms=1))
        await client.until(lambda m: isinstance(m, Pong))
        assert not any(isinstance(e.message, Audience) for e in client.messages)


async def test_a_crowd_that_comes_at_once_is_told_once(server) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en", capabilities=("audience",))
    await speaker.until(counts({}))
    crowd = [await server.client() for _ in range(30)]
    await asyncio.gather(*(one.hello(targets=("de",)) for one in crowd))
    await speaker.until(counts({"de": 30}))
    told = [e for e in speaker.messages if isinstance(e.message, Audience)]
    assert len(told) < 10


async def test_an_operator_sees_how_long_texts_take_to_the_screens_of_each_room(server) -> None:
    operator, speaker, reader, other = [await server.client() for _ in range(4)]
    await operator.hello("operator")
    await speaker.hello("speaker", source="en", room="hall")
    await reader.hello(targets=("de",), room="hall", capabilities=("painted",))
    await other.hello("speaker", source="en", room="nave")
    await other.speak(1)
    await speaker.speak(1)
    await reader.until(lambda m: getattr(m, "lang", "") == "de")
    text = reader.messages[-1]
    await reader.say(Painted(event_seq=text.seq, painted_ms=text.t_ms + 40))
    status = await operator.until(
        lambda m: isinstance(m, Status) and len(m.rooms) == 2 and m.rooms[0].latency.capture_painted_ms is not None
    )
    hall, nave = (room.latency for room in status.rooms)
    assert 36 <= hall.stages["paint"].p50 <= 44, "a histogram's bucket is a tenth wide"
    whole_ms = text.t_ms + 40 - text.message.marks.capture
    assert 0.9 * whole_ms <= hall.capture_painted_ms.p50 <= 1.1 * whole_ms
    assert nave.capture_painted_ms is None
    assert "paint" not in nave.stages
