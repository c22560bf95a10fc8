"""What a speaker says reaches its own talk alone: not the one that begins after it in the same room."""

from __future__ import annotations

from tests.server.fake_rooms import House
from tests.virtual_time import virtual_time
from translate.events import Notice
from translate.protocol import Device, SetView


@virtual_time
async def test_late_audio_of_the_speaker_before_is_not_heard_in_the_next_talk() -> None:
    house = House(resume_ms=0)
    first, second, listener = house.speaker(), house.speaker(), house.client()
    listener.connect()
    first.connect()
    await house.settle()
    first.speak(2)
    await house.settle()
    operator = house.rooms.find("main")
    operator.stop(1000, "stopped by the operator")
    first.socket.stalled.clear()  # it does not read: its connection is still open, and it goes on speaking
    await house.settle()
    second.connect()
    await house.settle()
    assert second.session is not None
    first.position = 90 * 4096
    first.speak(3)
    await house.settle()
    assert house.rooms.find("main").live.position == 0, "not a sample of the first speaker"
    first.end()
    second.speak(3)
    await house.settle()
    assert listener.texts("en") == ["1.0 1.1", "2.0 2.1 2.2"]
    assert not house.rooms.find("main").live.is_finishing, "the end was said by the speaker before"
    await house.close()


@virtual_time
async def test_audio_that_waits_when_the_speaker_comes_back_is_heard_once() -> None:
    house = House(resume_ms=5000, ahead_ms=500)
    speaker = house.speaker()
    speaker.connect()
    await house.settle()
    house.backend.going.clear()
    speaker.speak(9)
    await house.settle()
    before = house.backend.opened[0]
    speaker.vanish()
    speaker.connect()
    await house.settle()
    assert speaker.position < 9 * 4096, "what it had sent and the server had not taken"
    house.backend.going.set()
    speaker.speak(9 - speaker.position / 4096)
    speaker.end()
    await house.settle()
    assert before.heard == [f"1.{n}" for n in range(9)]
    await house.close()


@virtual_time
async def test_the_speaker_before_changes_nothing_else_in_the_next_talk_either() -> None:
    house = House(resume_ms=0)
    first, second = house.speaker(), house.speaker()
    first.connect()
    await house.settle()
    house.rooms.find("main").stop(1000, "stopped by the operator")
    first.socket.stalled.clear()
    await house.settle()
    second.connect()
    await house.settle()
    first.say(SetView(source="es"))
    first.say(Device(state="lost"))
    await house.settle()
    assert house.rooms.find("main").live.spoken == "en"
    assert house.rooms.find("main").conditions == ()
    assert not any(isinstance(message, Notice) for message in second.messages)
    await house.close()
