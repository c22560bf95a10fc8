"""Admission measures how late the machine is, not what a sender has sent ahead."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.fake_rooms import WORD, Client, House, lag
from tests.virtual_time import virtual_time
from translate.protocol import Control, Failure, Ping, Pong
from translate.server.access.gate import OpenGate
from translate.server.rooms.admission import SenderBacklog

WORD_MS = WORD / 16


async def told_late(house: House, speaker: Client, behind_ms: int) -> None:
    """Recognition tells with the next word that so much audio waits for it."""
    await house.settle()
    house.backend.opened[0].told.append(lag(behind_ms))
    speaker.speak(1)
    await house.settle()


async def refused(house: House) -> list[str]:
    other = house.speaker(room="other")
    other.connect()
    await house.settle()
    codes = [message.code for message in other.messages if isinstance(message, Failure)]
    if not codes:
        other.end()
        await house.settle()
    return codes


@virtual_time
async def test_a_sender_faster_than_speech_keeps_nobody_out() -> None:
    house = House()
    speaker = house.speaker()
    speaker.connect()
    await house.settle()
    speaker.speak(40)  # ten seconds at once
    await told_late(house, speaker, 8000)
    assert await refused(house) == []
    await house.pass_time(9)  # by now a machine that keeps up has two seconds of it left
    await told_late(house, speaker, 8000)
    assert await refused(house) == ["busy"]
    await house.close()


@virtual_time
async def test_a_speaker_who_catches_up_after_a_drop_keeps_nobody_out() -> None:
    house = House(resume_ms=60_000)
    speaker = house.speaker()
    speaker.connect()
    await house.settle()
    for _ in range(8):
        speaker.speak(1)
        await house.pass_time(WORD_MS / 1000)
    speaker.drop()
    await house.pass_time(20)
    speaker.connect()
    await house.settle()
    speaker.speak(int(20_000 / WORD_MS))
    await told_late(house, speaker, 15_000)
    assert await refused(house) == []
    await house.close()


@virtual_time
async def test_a_machine_that_is_late_with_live_speech_admits_nobody() -> None:
    house = House()
    speaker = house.speaker()
    speaker.connect()
    await house.settle()
    for _ in range(40):
        speaker.speak(1)
        await house.pass_time(WORD_MS / 1000)
    await told_late(house, speaker, 4200)
    assert await refused(house) == ["busy"]
    await told_late(house, speaker, 0)
    assert await refused(house) == []
    await house.close()


@given(st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 5000)), max_size=30))
def test_a_machine_that_keeps_real_time_is_never_late(steps: list[tuple[float, float]]) -> None:
    """Whatever a sender does, a recogniser that takes a second for a second of audio is not late."""
    backlog, waiting_ms, now_ms = SenderBacklog(), 0.0, 0.0
    for audio_ms, pause_ms in steps:
        backlog.add(audio_ms, now_ms)
        waiting_ms += audio_ms
        assert backlog.late_ms(waiting_ms, now_ms) == 0
        now_ms += pause_ms
        waiting_ms = max(0.0, waiting_ms - pause_ms)
        assert backlog.late_ms(waiting_ms, now_ms) == 0
        assert backlog.late_ms(waiting_ms + 3000, now_ms) == 3000


class WritingGate(OpenGate):
    """Notes in which thread it is asked for what may wait for a file lock and the disk."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def invite(self, role: Any, room: str, *, valid_s: float | None = None) -> Any:
        self.threads.append(threading.get_ident())
        return SimpleNamespace(
            role=role, room=room, url="https://there/", qr="data:,", token_id="k3v9abcd", expires_s=None
        )

    def revoke(self, token_id: str, *, room: str | None = None) -> bool:
        self.threads.append(threading.get_ident())
        return True


@pytest.mark.parametrize(("role", "calls"), [("speaker", 1), ("operator", 3), ("listener", 0)])
async def test_a_locked_token_file_does_not_hold_up_the_event_loop(start: Any, role: str, calls: int) -> None:
    gate = WritingGate()
    server = await start(gate=gate)
    client = await server.client()
    hello = await client.hello(role, source="en")
    assert (hello.invite is not None) == (role != "listener")
    if role == "operator":
        await client.say(Control(action="invite", room="main", role="listener"))
        await client.say(Control(action="revoke", token_id="k3v9abcd"))
        await client.say(Ping(client_ms=1))
        await client.until(lambda message: isinstance(message, Pong))
    assert len(gate.threads) == calls
    assert threading.get_ident() not in gate.threads


@virtual_time
async def test_merged_messages_count_while_their_reader_is_still_connected() -> None:
    house = House()
    speaker, slow = house.speaker(), house.client()
    slow.connect()
    speaker.connect()
    await house.settle()
    slow.socket.stalled.clear()
    for _ in range(6):
        speaker.speak(1)
        await house.settle()
    assert house.metrics.counts["merged_total"] > 0
    slow.socket.stalled.set()
    await house.settle()
    assert slow.texts("en") == ["1.0 1.1 1.2", "1.3 1.4 1.5"]
    await house.close()
