"""Times that a room waits count from the last thing that happened, not from the first."""

from __future__ import annotations

import asyncio

from tests.server.fake_rooms import House
from tests.virtual_time import virtual_time
from translate.protocol import End
from translate.server.rooms.subscriptions import Subscriptions
from translate.tasks import Supervisor


@virtual_time
async def test_an_empty_room_is_kept_from_when_its_last_client_left() -> None:
    house = House(resume_ms=2000)
    speaker, listener = house.speaker(), house.client()
    speaker.connect()
    await house.settle()
    speaker.speak(3)
    speaker.say(End())
    await house.pass_time(0.1)
    await house.pass_time(1.5)  # nobody is here: the room will be closed at 2 s
    listener.connect()
    await house.pass_time(0.1)
    listener.leave()
    await house.pass_time(1.9)
    assert house.rooms.find("main") is not None, "forgotten 0.4 s after its last listener left"
    await house.pass_time(0.2)
    assert house.rooms.find("main") is None
    await house.close()


@virtual_time
async def test_the_language_of_a_reader_who_drops_twice_is_kept_from_the_second_drop() -> None:
    owner = Supervisor("test")
    languages = Subscriptions(lambda: None, owner)
    languages.add(["de"])
    languages.remove(["de"], keep_ms=2000)
    await asyncio.sleep(0.5)
    languages.add(["de"])
    await asyncio.sleep(1.1)
    languages.remove(["de"], keep_ms=2000)
    await asyncio.sleep(1.9)
    assert languages.languages == ("de",)
    await asyncio.sleep(0.2)
    assert languages.languages == ()
    owner.close()


@virtual_time
async def test_a_language_is_kept_for_a_dropped_reader_although_another_one_has_left_since() -> None:
    owner = Supervisor("test")
    languages = Subscriptions(lambda: None, owner)
    languages.add(["de"])
    languages.add(["de"])
    languages.remove(["de"], keep_ms=2000)
    await asyncio.sleep(1)
    languages.remove(["de"])
    assert languages.languages == ("de",)
    await asyncio.sleep(1.1)
    assert languages.languages == ()
    owner.close()


@virtual_time
async def test_no_timer_outlives_a_server() -> None:
    house = House(resume_ms=600_000)
    speaker, listener = house.speaker(), house.client(targets=("de",))
    listener.connect()
    speaker.connect()
    await house.settle()
    speaker.speak(1)
    await house.settle()
    speaker.drop()
    listener.drop()
    await house.close()
    due_s = [handle.when() for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()]
    assert len(due_s) == 1, "only that of the test itself"
