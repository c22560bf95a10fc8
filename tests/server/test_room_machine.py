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
some_languages = st.lists(st.sampled_from(LANGUAGES), max_size=2, unique=True).map(tuple)
some_mode = st.sampled_from(("fast", "calm"))
TROUBLES: list[tuple[str, Any]] = [
    ("failure", SottovoceError("known")),
    ("failure", RuntimeError("engine")),
    ("failure", asyncio.CancelledError()),
    ("ends_silently", True),
    ("hangs_at_close", True),
    ("hang", None),
    ("delay_s", 0.3),
    ("delay_s", 3.0),
    ("refusal", MissingModel("no model")),
    ("refusal", RuntimeError("engine")),
    ("broken_translation", MissingModel("no model")),
    ("broken_translation", RuntimeError("engine")),
    ("count", None),
]
"""What engines and counters do: an attribute of the backend and its value, or a name."""


def _fails(*_: object) -> None:
    raise OSError("/proc is gone")


def in_loop(step: Callable[..., None]) -> Callable[..., None]:
    """A step, and all that follows from it before time passes."""

    @functools.wraps(step)
    def run(self: RoomMachine, **given: Any) -> None:
        async def taken() -> None:
            step(self, **given)
            await self.house.settle()
            self.trouble_left -= 1
            if self.trouble_left == 0:
                self.recover()
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
        self.trouble_left = 0

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

    @initialize(source=st.sampled_from(("en", "auto")))
    def begin(self, source: str) -> None:
        async def made() -> None:
            self.house = House(**LIMITS)
            self.operator = self.house.client("operator", room="a")
            self.operator.connect()
            for room in ROOMS:
                self.house.client(room=room, targets=("de",)).connect()
            self.house.speaker(room="a", source=source, targets=("es",)).connect()
            await self.house.settle()

        self.run(made())

    # --- clients ---

    @rule(room=some_room, langs=some_languages, mode=some_mode)
    @precondition(lambda self: len(self.house.clients) < 30)
    @in_loop
    def listener_comes(self, room: str, langs: tuple[str, ...], mode: str) -> None:
        self.house.client(room=room, targets=langs, mode=mode).connect()

    @rule(room=some_room, source=st.sampled_from(("en", "es", "auto")), langs=some_languages)
    @precondition(lambda self: len(self.house.clients) < 30)
    @in_loop
    def speaker_comes(self, room: str, source: str, langs: tuple[str, ...]) -> None:
        self.house.speaker(room=room, source=source, targets=langs).connect()

    @rule(number=some_client, words=st.sampled_from((0.5, 1, 2, 3, 7, 20)))
    @in_loop
    def speaks(self, number: int, words: float) -> None:
        client = self.pick(number, role="speaker")
        if client is not None and client.session is not None and not client.has_ended:
            client.speak(words)

    @rule(numbers=st.lists(some_client, min_size=2, max_size=3))
    @in_loop
    def some_speak_at_once(self, numbers: list[int]) -> None:
        for number in numbers:
            client = self.pick(number, role="speaker")
            if client is not None and client.session is not None and not client.has_ended:
                client.speak(4)

    @rule(number=some_client, words=st.sampled_from((0, 1, 5)))
    @in_loop
    def says_end(self, number: int, words: float) -> None:
        client = self.pick(number, role="speaker")
        if client is not None and client.session is not None and not client.has_ended:
            client.speak(words)
            client.end()

    @rule(number=some_client, how=st.sampled_from(("leaves", "drops", "drops", "vanishes")), read=st.integers(0, 4))
    @in_loop
    def goes(self, number: int, how: str, read: int) -> None:
        client = self.pick(number)
        if client is None:
            return
        if how == "drops":
            if client.hello_fields["role"] == "speaker" and not client.has_ended:
                client.speak(2)  # is lost on the way
            client.drop(read)
        elif how == "leaves":
            client.leave()
        else:
            client.vanish()

    @rule(number=some_client, role=st.sampled_from(("speaker", "listener")), langs=st.none() | some_languages)
    @in_loop
    def comes_back(self, number: int, role: str, langs: tuple[str, ...] | None) -> None:
        client = self.pick(number, role=role, is_open=False)
        if client is not None and client.socket is None:
            client.connect(**({} if langs is None or role == "speaker" else {"targets": langs}))

    @rule(number=some_client, langs=some_languages, mode=some_mode)
    @in_loop
    def retargets(self, number: int, langs: tuple[str, ...], mode: str) -> None:
        client = self.pick(number)
        if client is not None:
            client.say(SetView(targets=langs, mode=mode))

    @rule(
        number=some_client,
        said=st.sampled_from(
            [*(SetView(source=code) for code in ("en", "es", "auto")), Device(state="lost"), Device(state="back")]
        ),
    )
    @in_loop
    def speaker_tells(self, number: int, said: Any) -> None:
        client = self.pick(number, role="speaker")
        if client is not None:
            client.say(said)

    @rule(number=some_client, reads=st.booleans())
    @in_loop
    def reads(self, number: int, reads: bool) -> None:
        client = self.pick(number)
        if client is not None and client.socket is not None:
            client.socket.stalled.set() if reads else client.socket.stalled.clear()

    # --- operators, engines, time ---

    @rule(action=st.sampled_from(("mute", "unmute", "stop")), room=some_room)
    @in_loop
    def operator_orders(self, action: Any, room: str) -> None:
        self.ever_muted = self.ever_muted or action == "mute"
        self.operator.say(Control(action=action, room=room))

    @rule(trouble=st.sampled_from(TROUBLES), steps=st.integers(1, 4))
    @in_loop
    def engines_make_trouble(self, trouble: tuple[str, Any], steps: int) -> None:
        """Until :meth:`recover`: for so many steps, or until other trouble begins."""
        self.recover()
        kind, value = trouble
        self.trouble_left = steps
        if kind == "hang":
            self.house.backend.going.clear()
        elif kind == "count":
            totals: Any = self.house.rooms._cost_totals
            totals.began = totals.ended = totals.as_dict = _fails
        else:
            setattr(self.house.backend, kind, value)

    @rule(behind_ms=st.sampled_from((0, 5000)))
    @in_loop
    def recognition_tells_its_lag(self, behind_ms: int) -> None:
        for session in self.house.backend.opened[-2:]:
            session.told.append(lag(behind_ms))

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
            invariants.no_text_of_another(messages, speakers)
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
                stands = shown[key].committed if key in shown else ""
                assert stands == text.committed, f"client {client.number} shows {stands!r} of {text}"

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
    settings = settings(max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.long
class TestRoomLong(RoomMachine.TestCase):
    settings = settings(
        max_examples=int(os.environ.get("SOTTOVOCE_ROOM_EXAMPLES", "300")),
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
