"""However a talk ends, everybody is told, the log has the cause, and the room is free."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.fake_rooms import House
from tests.virtual_time import virtual_time
from translate.errors import SottovoceError
from translate.events import EndOfStream, Notice
from translate.protocol import Failure, Parcel
from translate.server.rooms.backfill import Backfill
from translate.server.rooms.connection import Connection
from translate.server.rooms.delivery import Sender
from translate.server.rooms.room import Room


async def talk(house: House) -> tuple:
    """A speaker and a listener in mid-talk."""
    speaker, listener = house.speaker(), house.client(targets=("de",))
    listener.connect()
    speaker.connect()
    await house.settle()
    speaker.speak(4)
    await house.settle()
    return speaker, listener


async def told(house: House, speaker, listener, code: str) -> None:
    """Both are told of the end once, and the next speaker gets the room."""
    assert [message.code for message in speaker.messages if isinstance(message, Failure)] == [code]
    assert speaker.codes == [1011]
    notices = [message.code for message in listener.messages if isinstance(message, Notice)]
    assert notices == [code]
    assert sum(isinstance(message, EndOfStream) for message in listener.messages) == 1
    assert house.rooms.sessions == 0
    house.backend.failure, house.backend.ends_silently = None, False
    again = house.speaker()
    again.connect()
    await house.settle()
    assert again.session is not None


@pytest.mark.parametrize("failure", [SottovoceError("known"), RuntimeError("engine"), asyncio.CancelledError()])
@virtual_time
async def test_a_session_that_fails_frees_its_room(failure: BaseException) -> None:
    house = House(resume_ms=0)
    speaker, listener = await talk(house)
    house.backend.failure = failure
    speaker.speak(1)
    await house.settle()
    await told(house, speaker, listener, "internal")
    await house.close()


@virtual_time
async def test_a_session_that_ends_in_silence_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    house = House(resume_ms=0)
    speaker, listener = await talk(house)
    house.backend.ends_silently = True
    speaker.speak(1)
    await house.settle()
    await told(house, speaker, listener, "internal")
    assert "ended before its audio did" in caplog.text
    await house.close()


@pytest.mark.parametrize("fails", [False, True])
@virtual_time
async def test_a_session_that_does_not_close_keeps_its_room_for_seconds_only(fails: bool) -> None:
    house = House(resume_ms=0)
    speaker, listener = await talk(house)
    house.backend.hangs_at_close = True
    if fails:
        house.backend.failure = RuntimeError("engine")
        speaker.speak(1)
    else:
        speaker.end()
    await house.pass_time(6)
    if fails:
        await told(house, speaker, listener, "internal")
    assert house.rooms.sessions == fails  # the next one
    house.backend.hangs_at_close = False
    await house.close()


@virtual_time
async def test_a_mistake_in_a_task_or_timer_of_a_room_ends_its_talk_with_the_sessions_name_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*_: object) -> None:
        raise KeyError("a mistake")

    house = House(resume_ms=0)
    speaker, listener = await talk(house)
    session = house.rooms.find("main").live.id
    monkeypatch.setattr(Backfill, "_begun", wrong)
    late = house.client(targets=("es",))
    late.connect()
    await house.settle()
    monkeypatch.undo()
    assert f"room main, session {session}: backfill es failed" in caplog.text
    await told(house, speaker, listener, "internal")
    await house.close()


@virtual_time
async def test_a_mistake_in_a_timer_ends_the_talk(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*_: object) -> None:
        raise KeyError("a mistake")

    house = House(resume_ms=0)
    monkeypatch.setattr(Room, "_tell_audience", wrong)
    speaker, listener = await talk(house)
    await house.pass_time(1)
    assert "audience update failed" in caplog.text
    await told(house, speaker, listener, "internal")
    await house.close()


@virtual_time
async def test_a_connection_whose_writer_fails_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def wrong(*_: object) -> None:
        raise KeyError("a mistake")

    house = House(resume_ms=0)
    monkeypatch.setattr(Sender, "_write", wrong)
    listener = house.client()
    listener.connect()
    await house.settle()
    assert listener.codes == [1006]
    assert "a connection failed: sender" in caplog.text
    await house.close()


@virtual_time
async def test_a_speaker_that_leaves_frees_the_room_although_its_session_takes_no_targets(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*_: object) -> None:
        raise AttributeError("no stage yet")

    house = House(resume_ms=0)
    speaker = house.speaker(targets=("de",))
    speaker.connect()
    await house.settle()
    monkeypatch.setattr(house.backend.opened[0], "set_targets", wrong)
    speaker.leave()
    await house.settle()
    assert house.rooms.sessions == 0
    assert "no stage yet" in caplog.text
    await house.close()


@virtual_time
async def test_a_speaker_that_goes_while_it_waits_for_the_room_begins_no_talk() -> None:
    house = House(resume_ms=60_000)
    first, second = house.speaker(), house.speaker()
    first.connect()
    await house.settle()
    house.backend.going.clear()
    first.speak(1)
    await house.settle()
    first.drop()
    await house.settle()
    second.connect()
    await house.settle()
    second.drop()
    house.backend.going.set()
    await house.settle()
    assert len(house.backend.opened) == 1
    assert house.rooms.sessions == 0
    await house.close()


@virtual_time
async def test_a_talk_that_is_cut_off_at_the_stop_is_ended_for_everybody_once() -> None:
    house = House(resume_ms=0)
    speaker, listener = await talk(house)
    house.backend.going.clear()
    speaker.speak(1)
    await house.settle()
    await house.rooms.finish(2.0)
    await house.settle()
    for client in (speaker, listener):
        assert sum(isinstance(message, EndOfStream) for message in client.messages) == 1
    assert speaker.codes == [1001]
    assert house.backend.opened[0].closed
    await house.close()


@virtual_time
async def test_a_client_that_cannot_be_told_something_is_cut_off_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(resume_ms=0)
    speaker, listener = await talk(house)
    other = house.client(targets=("de",))
    other.connect()
    await house.settle()
    real, broken = Connection.deliver, next(one for room in house.rooms for one in room if one.role == "listener")

    def deliver(self: Connection, parcel: Parcel) -> None:
        if self is broken:
            raise RuntimeError("the transport is broken")
        real(self, parcel)

    monkeypatch.setattr(Connection, "deliver", deliver)
    speaker.speak(6)
    await house.settle()
    assert listener.codes, "is cut off"
    assert not speaker.codes
    assert not other.codes
    assert "could not be told something" in caplog.text
    await house.close()
