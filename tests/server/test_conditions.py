"""What is so in a room beside what is said: everybody is told, and who comes later while it is so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.waiting import is_a
from translate.events import AudioChunk, EndOfStream, Notice
from translate.latency import SessionClock
from translate.protocol import Control, Device, End, Status
from translate.remote.address import parse_room
from translate.remote.device import DeviceReport
from translate.remote.speaker import RemoteSpeaker, Talk


def codes(client: Any) -> list[str]:
    return [e.message.code for e in client.messages if isinstance(e.message, Notice)]


async def test_a_lost_microphone_is_told_to_everybody_while_it_is_lost(server) -> None:
    speaker, reader = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await reader.hello()
    await speaker.say(Device(state="lost"))
    assert "waited for" in (await reader.until(is_a(Notice))).message
    late = await server.client()
    await late.hello()
    assert (await late.until(is_a(Notice))).code == "device_lost"
    await speaker.say(Device(state="back"))
    assert (await reader.until(is_a(Notice))).code == "device_back"
    later = await server.client()
    await later.hello()
    await speaker.say(Device(state="muted"))
    assert (await later.until(is_a(Notice))).code == "device_muted"
    await speaker.say(End())
    await reader.until(is_a(EndOfStream))
    assert codes(reader) == ["device_lost", "device_back", "device_muted"]
    second = await server.client()
    await second.hello("speaker", source="en")
    await second.speak(4)
    await second.until(lambda m: getattr(m, "final", False))
    assert codes(second) == [], "another talk has another microphone"


async def test_operators_see_what_is_so(server) -> None:
    speaker, operator = await server.client(), await server.client()
    await operator.hello("operator")
    await speaker.hello("speaker", source="en")
    await speaker.say(Device(state="lost"))
    await operator.say(Control(action="mute", room="main"))

    def both(message: Any) -> bool:
        return isinstance(message, Status) and any(
            set(room.conditions) == {"device_lost", "muted"} for room in message.rooms
        )

    await operator.until(both)


@pytest.mark.parametrize("role", ["listener", "operator"])
async def test_nobody_else_says_how_the_microphone_is(server, role: str) -> None:
    speaker, other = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await other.hello(role)
    await other.say(Device(state="lost"))
    assert await other.closed() == 4401
    await speaker.speak(4)
    await speaker.until(lambda m: getattr(m, "final", False))
    assert codes(speaker) == []


STEPS = ["device_lost", "device_back", "device_muted", "device_heard", "overflow", "connected"]


class Unplugged:
    """A microphone that is gone from the beginning until it is told to be there."""

    live = True

    def __init__(self) -> None:
        self.plugged = asyncio.Event()
        self.done = asyncio.Event()

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        yield Notice("device_lost", "the microphone 'Jabra in room 3' is gone")
        await self.plugged.wait()
        yield Notice("device_back", "the microphone 'Jabra in room 3' is back")
        yield AudioChunk(np.zeros(1600, np.float32), 0, 0.0, 0.0)
        await self.done.wait()

    async def aclose(self) -> None: ...


async def test_a_box_without_a_screen_tells_the_room_that_its_microphone_is_gone(server) -> None:
    reader = await server.client()
    await reader.hello()
    source = Unplugged()
    address = parse_room(f"http://127.0.0.1:{server.port}/?room=main")
    speaker = RemoteSpeaker(source, address, Talk(source="en"), tls=None)

    async def spoken() -> None:
        async for _ in speaker:
            pass

    talking = asyncio.create_task(spoken())
    notice = await reader.until(is_a(Notice))
    assert (notice.code, "Jabra" in notice.message) == ("device_lost", False)
    source.plugged.set()
    assert (await reader.until(is_a(Notice))).code == "device_back"
    source.done.set()
    await talking


@given(st.lists(st.sampled_from(STEPS)))
def test_the_service_knows_in_the_end_how_the_microphone_is(steps: list[str]) -> None:
    report, known, real = DeviceReport(), "well", "well"
    report.connected(("device",))
    for step in steps:
        if step == "connected":
            report.connected(("device",))
            known = "well"
        else:
            report.take(Notice(step, ""))
            real = {"device_back": "well", "device_heard": "well"}.get(step, step if step[:6] == "device" else real)
        while (news := report.news()) is not None:
            known = "well" if news.state in ("back", "heard") else f"device_{news.state}"
        assert known == real


def test_an_older_service_is_told_nothing() -> None:
    report = DeviceReport()
    report.connected(("resume", "snapshot"))
    report.take(Notice("device_lost", ""))
    assert report.news() is None
