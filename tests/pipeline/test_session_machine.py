"""Sessions on shared engines, driven in any order: whatever happens, what a reader relies on holds.

Two sessions share fake engines that fail, hang, die and answer late. Time is virtual. ``SESSION_EXAMPLES`` in the
environment sets how many examples the long test tries.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.fake_engines import SEGMENT, FakeEngines, said, silence, translated, words
from tests.invariants import (
    committed_only_grows,
    every_segment_is_final,
    one_end,
    one_final_per_text,
    queue_is_bounded,
    revisions_count_up,
)
from tests.virtual_time import VirtualTimeLoop
from translate.audio import PushSource
from translate.config import Config, Limits
from translate.errors import AudioError
from translate.events import EndOfStream, Event, Notice, Transcript, Translation
from translate.inference import WorkerError
from translate.pipeline.session import Session

T = TypeVar("T")

TARGETS = ("en", "de", "es")
LIMIT = 16
ENGINES = ("recognition", "en", "de")
LIVE = st.sampled_from([True, True, False])
WHICH = st.sampled_from([0, 0, 0, 1])
LANGUAGES = st.lists(st.sampled_from(TARGETS), unique=True, min_size=1)
DISTURBANCES = ["fast", "calm", "read", "stop", 0.05, 2, 500]
FAULTS = st.sampled_from([WorkerError, WorkerError, WorkerError, RuntimeError, IndexError, ValueError])


class Talk:
    """One session, its speaker and its reader."""

    def __init__(self, fakes: FakeEngines, first_word: int, targets: list[str], live: bool) -> None:
        self.source = PushSource(limit_ms=600_000)
        self.source.live = live
        self.session = Session(self.source, spoken="es", targets=targets, engines=fakes.engines)
        self.events: list[Event] = []
        self.first_word = self.next_word = first_word
        self.reads = asyncio.Event()
        self.reads.set()
        self.reading = asyncio.get_running_loop().create_task(self._read(), name="reader")
        self.left: set[str] = set()
        """Languages that were ever taken away: they did not stay."""
        self.over = False
        """Its speaker has ended it, or it was closed."""
        self.closed = False
        self.error: Exception | None = None

    async def _read(self) -> None:
        try:
            async for event in self.session:
                self.events.append(event)
                await self.reads.wait()
        except Exception as error:
            self.error = error

    async def say(self, pcm: bytes) -> None:
        await self.source.feed(self.source.end, pcm)


class SessionMachine(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.fakes = self.run(self._make())
        self.talks: list[Talk] = []
        self.faults = 0
        self.fatal = False
        """Whether a fault was among them that may end a language or a session: not one of the engines' process."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(1e9):
                return await work

        return self.loop.run_until_complete(bounded())

    async def _make(self) -> FakeEngines:
        return FakeEngines(Config(limits=Limits(events=LIMIT)))

    @initialize(
        languages=st.tuples(LANGUAGES, LANGUAGES),
        live=st.tuples(LIVE, LIVE),
    )
    def start(self, languages: tuple[list[str], list[str]], live: tuple[bool, bool]) -> None:
        """Two sessions begin."""

        async def begin() -> None:
            for which in (0, 1):
                talk = Talk(self.fakes, 1 + 2000 * which, languages[which], live[which])
                talk.left = set(TARGETS) - set(languages[which])
                self.talks.append(talk)

        self.run(begin())

    @rule(which=WHICH, segments=st.integers(1, 20), pause_ms=st.sampled_from([0, 1000]))
    def speak_at_once(self, which: int, segments: int, pause_ms: int) -> None:
        """Whole segments, all their sound at once."""
        for _ in range(segments):
            self._say(which, SEGMENT, pause_ms)

    @rule(which=WHICH, count=st.integers(1, 12), pause_ms=st.sampled_from([0, 1000]))
    def speak(self, which: int, count: int, pause_ms: int) -> None:
        """Words and perhaps a pause, in the time that they take."""
        for i in range(count):
            self._say(which, 1, pause_ms if i == count - 1 else 0)
            self.wait(0.4)

    def _say(self, which: int, count: int, pause_ms: int) -> None:
        talk = self.talks[which]
        if not talk.over and talk.next_word - talk.first_word < 1900:
            self.run(talk.say(words(talk.next_word, count) + silence(pause_ms)))
            talk.next_word += count

    @rule(which=WHICH, language=st.sampled_from(["en", "de"]), count=st.integers(0, 5))
    def take_away_and_back(self, which: int, language: str, count: int) -> None:
        """The only reader of a language turns to another in mid-sentence, and back."""
        targets = self.talks[which].session.targets
        self.speak(which, count, 0)
        if language in targets:
            self.retarget(which, [one for one in targets if one != language])
            self.retarget(which, list(targets))
        self.speak(which, count, 0)

    @rule(which=WHICH, language=st.sampled_from(["en", "de"]), delay_s=st.sampled_from([5.0, 1e5]), stays=st.booleans())
    def fall_behind(self, which: int, language: str, delay_s: float, stays: bool) -> None:
        """A language falls behind as far as it can, and is perhaps given up."""
        targets = self.talks[which].session.targets
        self.fakes.script.delay_s[language] = delay_s
        self.speak_at_once(which, LIMIT + 8, 1000)
        self.wait(60)
        if not stays:
            self.retarget(which, [one for one in targets if one != language])
            self.wait(1)
        self.fakes.script.delay_s[language] = 0.0

    @rule(which=WHICH, engine=st.sampled_from(ENGINES), calls=st.integers(0, 8))
    def lose_a_call(self, which: int, engine: str, calls: int) -> None:
        """The engines' process dies at a call somewhere in a sentence, and the next calls go well."""
        self.faults += 1
        self.fakes.script.errors[engine] = [None] * calls + [WorkerError("lost")]
        self.speak(which, 8, 1000)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.5, 3.0, 60.0]))
    def wait(self, seconds: float) -> None:
        """Time passes; with 0 s it is one turn of the loop."""
        self.run(asyncio.sleep(seconds))

    @rule(which=WHICH, languages=LANGUAGES)
    def retarget(self, which: int, languages: list[str]) -> None:
        """Other languages are read from now on."""

        async def change(talk: Talk) -> None:
            talk.session.set_targets(languages)

        self.talks[which].left |= set(TARGETS) - set(languages)
        self.run(change(self.talks[which]))

    @rule(which=WHICH, engine=st.sampled_from(ENGINES), what=st.sampled_from(DISTURBANCES))
    def disturb(self, which: int, engine: str, what: Any) -> None:
        """Tails are wanted or not, the reader stops or goes on, or an engine takes ``what`` seconds for each call."""
        talk = self.talks[which]
        if what in ("fast", "calm"):
            talk.session.mode = what
        elif what in ("read", "stop"):
            (talk.reads.set if what == "read" else talk.reads.clear)()
        else:
            self.fakes.script.delay_s[engine] = what

    @rule(engine=st.sampled_from(ENGINES), error=FAULTS, count=st.integers(1, 3))
    def fail(self, engine: str, error: type[Exception], count: int) -> None:
        """The next calls of an engine fail."""
        self.faults += count
        self.fatal = self.fatal or error is not WorkerError
        self.fakes.script.errors[engine] += [error("fault") for _ in range(count)]

    @rule(which=WHICH, how=st.sampled_from(["not yet"] * 8 + ["finish", "fail", "close"]))
    def end(self, which: int, how: str) -> None:
        """The speaker is done, or its microphone goes, or the session is left before its end."""
        talk = self.talks[which]
        if how == "close":
            talk.over = talk.closed = True
            talk.reads.set()
            self.run(talk.session.aclose())
        elif how != "not yet" and not talk.over:
            talk.over = True
            if how == "fail":
                talk.source.fail(AudioError("the microphone is gone"))
            else:
                talk.source.finish()

    @invariant()
    def what_holds_at_every_moment(self) -> None:
        for talk in self.talks:
            committed_only_grows(talk.events)
            revisions_count_up(talk.events)
            one_final_per_text(talk.events)
            own = set(said(range(talk.first_word, talk.next_word)))
            for event in talk.events:
                if isinstance(event, Transcript):
                    heard = (event.committed + event.tail).lower().replace(".", "").split()
                    assert set(heard) <= own, "text of another session"
            own |= {translated(one, lang) for one in own for lang in TARGETS}
            for event in talk.events:
                if isinstance(event, Translation):
                    shown = (event.committed + event.tail).lower().replace(".", "").split()
                    assert set(shown) <= own, "text of another session"
            queue_is_bounded(len(talk.session._outlet), LIMIT)
            for worker in talk.session._translation._workers.values():
                queue_is_bounded(len(worker.mailbox), LIMIT)

    def teardown(self) -> None:
        """Everything works again and every speaker ends: every session has to come to its end."""
        try:
            self.fakes.script.delay_s.clear()
            self.fakes.script.errors.clear()
            for talk in self.talks:
                talk.reads.set()
                talk.source.finish()
            self.run(self._ended())
            for talk in self.talks:
                self._check_end(talk)
        finally:
            self.loop.close()

    async def _ended(self) -> None:
        async with asyncio.timeout(100_000):
            for talk in self.talks:
                await talk.reading
        left_over = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.sleep(0)
        assert not [task for task in left_over if not task.done()], "something was left running"

    def _check_end(self, talk: Talk) -> None:
        self.what_holds_at_every_moment()
        if not self.fatal:
            assert "failed" not in talk.session.translations.values()
            assert talk.error is None or isinstance(talk.error, AudioError)
        if talk.error is None and not talk.closed:
            one_end(talk.events)
            stayed = set(TARGETS) - talk.left
            failed = {one.lang for one in talk.events if isinstance(one, Notice) and one.lang and not one.retryable}
            every_segment_is_final(talk.events, stayed - failed)
            if not self.faults:
                heard = [one.committed for one in talk.events if isinstance(one, Transcript) and one.final]
                all_of_it = said(range(talk.first_word, talk.next_word))
                assert " ".join(heard).lower().replace(".", "").split() == all_of_it, "every word, once, in order"
        else:
            assert not [one for one in talk.events if isinstance(one, EndOfStream)] or talk.closed
        assert "running" not in talk.session.translations.values()


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        SessionMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_sessions_in_any_order() -> None:
    run(6, 15)


@pytest.mark.long
def test_sessions_in_any_order_for_long() -> None:
    run(int(os.environ.get("SESSION_EXAMPLES", "100")), 40)
