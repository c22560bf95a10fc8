"""The virtual clock: waits cost nothing, computing costs what it took, and everything comes out the same again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from translate.bench.baseline_session import BaselineSession
from translate.bench.baselines import Update
from translate.bench.clock import Clock, run
from translate.bench.latency import measure
from translate.bench.material import Clip as MaterialClip
from translate.bench.material import Recording, read
from translate.bench.record import Run, record
from translate.bench.stopwatch import Stopwatch
from translate.config import VadConfig
from translate.events import RATE_HZ, Samples, Transcript, Word
from translate.inference import Turns


class Scripted(Stopwatch):
    """Only what a test says passes."""

    now_s = 0.0

    def loop_s(self) -> float:
        return self.now_s

    def start(self) -> Callable[[], float]:
        began_s = self.now_s
        return lambda: self.now_s - began_s


class FakePolicy:
    """Hears a word every 200 ms, commits all but the last, and takes ``cost_s`` for it."""

    cadence_ms = 400

    def __init__(self, stopwatch: Scripted, cost_s: float) -> None:
        self._stopwatch, self._cost_s = stopwatch, cost_s

    def begin(self, position: int) -> None:
        self._start = self._end = position

    def feed(self, samples: Samples) -> None:
        self._end += len(samples)

    def update(self) -> Update:
        words = self.finish().words
        return Update(words[:-1], "".join(word.text for word in words[-1:]))

    def finish(self) -> Update:
        self._stopwatch.now_s += self._cost_s
        step = RATE_HZ // 5
        places = range(self._start + step, self._end + 1, step)
        ends_ms = [place * 1000 // RATE_HZ for place in places]
        return Update(tuple(Word(f" w{i}", end - 150, end, 1.0) for i, end in enumerate(ends_ms)), "")


@pytest.fixture(scope="module")
def recording(clips: dict[str, Any]) -> Recording:
    clip = clips["thorsten_gt_01"]
    return read(MaterialClip("thorsten", "de", clip.path, transcript=clip.transcript))


def caption(recording: Recording, cost_s: float, clock: Clock = "virtual") -> Run:
    stopwatch, turns = Scripted(), Turns("fake")
    policy = FakePolicy(stopwatch, cost_s)
    try:
        return run(
            record(lambda source, _: BaselineSession(source, policy, "de", turns, VadConfig()), recording),
            clock,
            stopwatch,
        )
    finally:
        turns.close()


def text_of(found: Run) -> str:
    return " ".join(e.event.committed for e in found.entries if isinstance(e.event, Transcript) and e.event.final)


def test_an_hour_of_waiting_passes_at_once() -> None:
    async def wait() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(60))
        return loop.time() - before

    assert run(wait(), "virtual", Scripted()) == pytest.approx(3600)


def test_computing_is_charged_and_one_call_waits_for_the_other() -> None:
    stopwatch = Scripted()
    one, other = Turns("one"), Turns("other")

    def work(seconds: float) -> float:
        stopwatch.now_s += seconds
        return seconds

    async def main() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()

        async def timed(turns: Turns, seconds: float) -> tuple[float, float]:
            result = await turns.run(lambda: work(seconds))
            return result, loop.time()

        return await asyncio.gather(timed(one, 0.2), timed(other, 0.3), timed(one, 0.1))

    found = run(main(), "virtual", stopwatch)
    assert [result for result, _ in found] == [0.2, 0.3, 0.1]
    assert sorted(at for _, at in found) == pytest.approx([0.2, 0.5, 0.6])
    one.close()
    other.close()


def test_work_of_the_loop_itself_is_charged_too() -> None:
    stopwatch = Scripted()

    async def main() -> float:
        stopwatch.now_s += 0.5
        await asyncio.sleep(1)
        return asyncio.get_running_loop().time()

    assert run(main(), "virtual", stopwatch) == pytest.approx(1.5)


def test_what_a_call_raises_is_raised_where_it_is_awaited() -> None:
    turns = Turns("broken")

    def fail() -> None:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        run(turns.run(fail), "virtual", Scripted())
    turns.close()


def test_the_same_run_comes_out_the_same(recording: Recording) -> None:
    first, again = (caption(recording, 0.11) for _ in range(2))
    assert first.entries == again.entries
    assert any(isinstance(entry.event, Transcript) for entry in first.entries)


def test_a_slow_machine_shows_on_the_virtual_clock(recording: Recording) -> None:
    found = [measure([caption(recording, cost_s)]).commit for cost_s in (0.0, 0.3, 1.5)]
    medians = [spread.median for spread in found if spread is not None]
    assert len(medians) == 3
    assert medians[0] + 250 < medians[1]
    assert medians[1] + 500 < medians[2]


def test_words_are_timed_to_the_update_that_commits_them(recording: Recording) -> None:
    """Nothing but the cost of computing lies between an update's audio and its event."""
    found = caption(recording, 0.11)
    transcripts = [entry for entry in found.entries if isinstance(entry.event, Transcript)]
    assert transcripts
    for entry in transcripts:
        assert entry.event.marks.asr_start is not None
        assert entry.at_ms - entry.event.marks.asr_start == pytest.approx(110)


def test_real_time_says_the_same_words(recording: Recording) -> None:
    """But for those that the policy makes of the silence after them: how much of it is taken is a matter of time."""
    one, other = (text_of(caption(recording, 0.0, clock)).split() for clock in ("real", "virtual"))
    assert min(len(one), len(other)) >= 10
    assert all(a == b for a, b in zip(one, other, strict=False))
    assert abs(len(one) - len(other)) <= 3


def test_the_longest_wait_for_a_core_is_taken_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Threads waited 0.5 and 0.1 s of two seconds; one that is new, 0.2 s; one tells nothing."""

    def waited(**seconds: float) -> None:
        for thread, wait_s in seconds.items():
            (tmp_path / thread).mkdir(exist_ok=True)
            (tmp_path / thread / "schedstat").write_text(f"99 {round(wait_s * 1e9)} 7\n")

    passing = iter([10.0, 12.0])
    monkeypatch.setattr("translate.bench.stopwatch._THREADS", tmp_path)
    monkeypatch.setattr(time, "perf_counter", lambda: next(passing))
    waited(a=1.0, b=2.0)
    (tmp_path / "ended").mkdir()
    stop = Stopwatch().start()
    waited(a=1.5, b=2.1, c=0.2)
    taken_s = stop()
    monkeypatch.undo()
    assert taken_s == pytest.approx(1.5)


def test_without_the_kernels_figures_nothing_is_taken_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    passing = iter([10.0, 12.0])
    monkeypatch.setattr("translate.bench.stopwatch._THREADS", tmp_path / "nowhere")
    monkeypatch.setattr(time, "perf_counter", lambda: next(passing))
    taken_s = Stopwatch().start()()
    monkeypatch.undo()
    assert taken_s == 2.0


async def test_waiting_is_no_work_of_the_loop() -> None:
    stopwatch = Stopwatch()
    before = stopwatch.loop_s()
    await asyncio.sleep(0.2)
    assert stopwatch.loop_s() - before < 0.1
