"""Rooms in which anything happens in any order: what is promised holds after every step, and everything ends.

Real connections, rooms and protocol, on virtual time; the engines are fakes that fail, hang, die and answer late. A few
examples in every run; ``-m long`` runs thousands of steps more (``SOTTOVOCE_ROOM_EXAMPLES``: how many examples).
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests import invariants
from tests.invariants import Key
from tests.server.fake_rooms import LANGUAGES, Client, House, lag
from tests.virtual_time import VirtualTimeLoop
from translate.errors import MissingModel, SottovoceError
from translate.events import EndOfStream, Transcript
from translate.protocol import Control, Device, SetView

ROOMS = ("a", "b")
LIMITS: dict[str, int] = {
    "sessions": 3, "resume_ms": 2000, "send_ms": 1000, "events": 24, "ahead_ms": 2000, "backfill_segments": 3,
}  # fmt: skip

some_client = st.integers(0, 30)
some_room = st.sampled_from(ROOMS)
some_targets = st.lists(st.sampled_from(LANGUAGES), max_size=2, unique=True).map(tuple)
some_mode = st.sampled_from(("fast", "calm"))


def in_loop(step: Callable[..., None]) -> Callable[..., None]:
    """A step, and all that follows from it before time passes."""

    @functools.wraps(step)
    def run(self: RoomMachine, **given: Any) -> None:
        async def taken() -> None:
            step(self, **given)
            await self.house.settle()

        self.run(taken())

    return run


class RoomMachine(RuleBasedStateMachine):
    """Steps that clients, the network, operators, engines and time can take."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.house: House
        self.operator: Client
        self.ever_muted = False

    def run(self, coroutine: Any) -> None:
        self.loop.run_until_complete(coroutine)

    def pick(self, number: int, *, role: str | None = None, is_open: bool = True) -> Client | None:
        found = [
            client
            for client in self.house.clients
            if client is not self.operator
            and client.is_open == is_open
            and (is_open or client.may_resume)
            and role in (None, client.hello_fields["role"])
        ]
        return found[number % len(found)] if found else None

    @initialize()
    def begin(self) -> None:
        async def made() -> None:
            self.house = House(**LIMITS)
            self.operator = self.house.client("operator", room="a")
            self.operator.connect()
            await self.house.settle()

        self.run(made())

    # --- clients ---

    @rule(room=some_room, langs=some_targets, mode=some_mode)
    @precondition(lambda self: len(self.house.clients) < 30)
    @in_loop
    def listener_comes(self, room: str, langs: tuple[str, ...], mode: str) -> None:
        self.house.client(room=room, targets=langs, mode=mode).connect()

    @rule(room=some_room, source=st.sampled_from(("en", "es", "auto")), langs=some_targets)
    @precondition(lambda self: len(self.house.clients) < 30)
    @in_loop
    def speaker_comes(self, room: str, source: str, langs: tuple[str, ...]) -> None:
        self.house.speaker(room=room, source=source, targets=langs).connect()

    @rule(number=some_client, words=st.sampled_from((0.5, 1, 2, 3, 7, 20)))
    @in_loop
    def speaks(self, number: int, words: float) -> None:
        client = self.pick(number, role="speaker")
        if client is not None and client.session is not None:
            client.speak(words)

    @rule(number=some_client)
    @in_loop
    def speaks_and_says_end(self, number: int) -> None:
        client = self.pick(number, role="speaker")
        if client is not None and client.session is not None and not client.has_ended:
            client.speak(1)
            client.end()

    @rule(number=some_client)
    @in_loop
    def goes(self, number: int) -> None:
        client = self.pick(number)
        if client is not None:
            client.leave()

    @rule(number=some_client, words=st.sampled_from((0, 2)), read=st.integers(0, 4))
    @in_loop
    def drops(self, number: int, words: int, read: int) -> None:
        client = self.pick(number)
        if client is not None:
            if words and client.hello_fields["role"] == "speaker" and not client.has_ended:
                client.speak(words)  # is lost on the way
            client.drop(read)

    @rule(number=some_client)
    @in_loop
    def vanishes(self, number: int) -> None:
        client = self.pick(number)
        if client is not None:
            client.vanish()

    @rule(number=some_client)
    @in_loop
    def comes_back(self, number: int) -> None:
        client = self.pick(number, is_open=False)
        if client is not None and client.socket is None:
            client.connect()

    @rule(number=some_client, langs=some_targets)
    @in_loop
    def comes_back_for_other_languages(self, number: int, langs: tuple[str, ...]) -> None:
        client = self.pick(number, role="listener", is_open=False)
        if client is not None and client.socket is None:
            client.connect(targets=langs)

    @rule(number=some_client, langs=some_targets, mode=some_mode)
    @in_loop
    def retargets(self, number: int, langs: tuple[str, ...], mode: str) -> None:
        client = self.pick(number)
        if client is not None:
            client.say(SetView(targets=langs, mode=mode))

    @rule(number=some_client, source=st.sampled_from(("en", "es", "auto")))
    @in_loop
    def speaks_another_language(self, number: int, source: str) -> None:
        client = self.pick(number, role="speaker")
        if client is not None:
            client.say(SetView(source=source))

    @rule(number=some_client, state=st.sampled_from(("lost", "back")))
    @in_loop
    def tells_of_its_microphone(self, number: int, state: Any) -> None:
        client = self.pick(number, role="speaker")
        if client is not None:
            client.say(Device(state=state))

    @rule(number=some_client)
    @in_loop
    def reads_nothing(self, number: int) -> None:
        client = self.pick(number)
        if client is not None and client.socket is not None:
            client.socket.stalled.clear()

    @rule(number=some_client)
    @in_loop
    def reads_again(self, number: int) -> None:
        client = self.pick(number)
        if client is not None and client.socket is not None:
            client.socket.stalled.set()

    # --- operators, engines, time ---

    @rule(action=st.sampled_from(("mute", "unmute", "stop")), room=some_room)
    @in_loop
    def operator_orders(self, action: Any, room: str) -> None:
        self.ever_muted = self.ever_muted or action == "mute"
        self.operator.say(Control(action=action, room=room))

    @rule(failure=st.sampled_from((SottovoceError("known"), RuntimeError("engine"), asyncio.CancelledError())))
    @in_loop
    def engines_fail(self, failure: BaseException) -> None:
        self.house.backend.failure = failure

    @rule()
    @in_loop
    def sessions_end_in_silence(self) -> None:
        self.house.backend.ends_silently = True

    @rule()
    @in_loop
    def engines_hang(self) -> None:
        self.house.backend.going.clear()

    @rule()
    @in_loop
    def sessions_hang_when_closed(self) -> None:
        self.house.backend.hangs_at_close = True

    @rule(delay_s=st.sampled_from((0.3, 3.0)))
    @in_loop
    def engines_are_late(self, delay_s: float) -> None:
        self.house.backend.delay_s = delay_s

    @rule(failure=st.sampled_from((MissingModel("no model"), RuntimeError("engine"))))
    @in_loop
    def translation_afterwards_fails(self, failure: Exception) -> None:
        self.house.backend.broken_translation = failure

    @rule(refusal=st.sampled_from((MissingModel("no model"), RuntimeError("engine"))))
    @in_loop
    def sessions_are_refused(self, refusal: Exception) -> None:
        self.house.backend.refusal = refusal

    @rule(behind_ms=st.sampled_from((0, 5000)))
    @in_loop
    def recognition_tells_its_lag(self, behind_ms: int) -> None:
        for session in self.house.backend.opened[-2:]:
            session.told.append(lag(behind_ms))

    @rule()
    @in_loop
    def counting_fails(self) -> None:
        def fails(*_: object) -> None:
            raise OSError("/proc is gone")

        totals: Any = self.house.rooms._cost_totals
        totals.began = totals.ended = totals.as_dict = fails

    @rule()
    @in_loop
    def engines_recover(self) -> None:
        self.recover()

    @rule(seconds=st.sampled_from((0.01, 0.4, 1.5, 2.5, 12.0, 70.0)))
    def time_passes(self, seconds: float) -> None:
        self.run(self.house.pass_time(seconds))

    def recover(self) -> None:
        backend = self.house.backend
        backend.failure = backend.refusal = backend.broken_translation = None
        backend.ends_silently = backend.hangs_at_close = False
        backend.delay_s = 0.0
        backend.going.set()

    # --- what holds after every step ---

    @invariant()
    def promises_to_readers_hold(self) -> None:
        for client in self.house.clients:
            messages = client.messages
            invariants.committed_only_grows(messages)
            invariants.one_final_per_text(messages)
            speakers = [
                str(other.number)
                for other in self.house.clients
                if other.hello_fields["room"] == client.hello_fields["room"]
            ]
            invariants.no_text_of_another(messages, [*speakers, "0"] if self.ever_muted else speakers)
            for connection in client.connections:
                invariants.one_end_per_session(connection)

    @invariant()
    def every_session_hears_its_own_speaker(self) -> None:
        for session in self.house.backend.opened:
            speakers = {word.partition(".")[0] for word in session.heard} - {"0"}
            assert len(speakers) <= 1, session.heard
            numbers = [int(word.partition(".")[2]) for word in session.heard if not word.startswith("0.")]
            if not self.ever_muted:
                assert numbers == [n % 100 for n in range(len(numbers))], "words are lost or doubled"

    @invariant()
    def readers_show_what_the_room_has(self) -> None:
        for client in self.house.clients:
            room = self.house.rooms.find(client.hello_fields["room"])
            connection = self.house.connections.get(client.socket) if client.socket is not None else None
            if room is None or connection is None or connection not in set(room):
                continue
            if connection.is_closing or not client.socket.stalled.is_set() or len(connection._sender._outbox):
                continue
            shown = invariants.shown(client.messages)
            for text in room.texts.log.latest():
                if isinstance(text, Transcript):
                    key = Key(room.texts.log_id, "transcript", text.segment, "")
                elif text.lang in connection.targets:
                    key = Key(room.texts.log_id, "translation", text.segment, text.lang)
                else:
                    continue
                # A calm reader is not sent a text before something of it is committed.
                assert key in shown or not text.committed, f"never sent: {text}"
                assert key not in shown or shown[key].committed == text.committed

    @invariant()
    def queues_are_bounded(self) -> None:
        for connection in self.house.connections.values():
            invariants.queue_is_bounded(len(connection._sender._outbox), LIMITS["events"])
        for room in self.house.rooms:
            if room.live is not None:
                waiting_ms = room.live._source._waiting_samples / 16
                invariants.queue_is_bounded(round(waiting_ms), LIMITS["ahead_ms"] + 256)

    @invariant()
    def a_room_is_taken_by_a_running_talk_and_one_speaker_only(self) -> None:
        for room in self.house.rooms:
            if room.live is not None:
                assert not room.live._runner.done(), "the talk is over and the room is taken"
            handles = [
                connection
                for connection in self.house.connections.values()
                if connection._room is room and connection._handle is not None and connection._handle.is_valid
            ]
            assert handles == ([room.speaker] if room.speaker is not None else [])
            sessions = [name for name in room.tasks.running if name.startswith("session")]
            assert len(sessions) <= 2, "that of the talk, and one that is just closing"

    def teardown(self) -> None:
        try:
            if hasattr(self, "house"):
                self.run(self.ending())
        finally:
            for task in asyncio.all_tasks(self.loop):  # only after a failure
                task.cancel()
            self.run(asyncio.sleep(0))
            self.loop.close()

    async def ending(self) -> None:
        """Whatever has happened: engines that work again and some time make every room free and good for a talk."""
        house = self.house
        self.recover()
        house.metrics.guard._is_logged = True
        for client in house.clients:
            if client.is_open and client.socket is not None:
                client.socket.stalled.set()
        await house.settle()
        for client in house.clients:
            if client.is_open:
                client.leave()
        await house.pass_time(70)
        assert house.rooms.sessions == 0
        assert [room.name for room in house.rooms if not room.is_idle] == []
        assert list(house.rooms) == [], "empty rooms are forgotten"
        for room in ROOMS:
            listener, speaker = house.client(room=room, targets=("de",)), house.speaker(room=room)
            listener.connect()
            speaker.connect()
            await house.settle()
            speaker.speak(7)
            speaker.end()
            await house.settle()
            assert listener.texts("en") == [
                " ".join(f"{speaker.number}.{n}" for n in segment) for segment in (range(3), range(3, 6), [6])
            ]
            invariants.every_segment_is_final(listener.messages, ["de"])
            assert isinstance(listener.messages[-1], EndOfStream)
            assert speaker.codes == [1000]
        await house.close()


class TestRoom(RoomMachine.TestCase):
    settings = settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.long
class TestRoomLong(RoomMachine.TestCase):
    settings = settings(
        max_examples=int(os.environ.get("SOTTOVOCE_ROOM_EXAMPLES", "1000")),
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
