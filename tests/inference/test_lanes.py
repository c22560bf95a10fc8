"""An engine that takes several calls at once, each over a pipe of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from translate.inference import EngineProcess, WorkerError
from translate.inference.messages import Call, Load
from translate.speech.threads import lanes_for

FAKE = "tests.inference.fake_engine:FakeEngine"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[EngineProcess]:
    process = EngineProcess({"fast": Load(FAKE, (tmp_path,), lanes=3), "single": Load(FAKE)}, call_s=20)
    yield process
    process.stop()


def ask(process: EngineProcess, method: str, *args: Any, engine: str = "fast", **more: Any) -> Any:
    return process.call(engine, Call(method, args, **more))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(30) for future in [pool.submit(call) for call in calls]]


def test_as_many_calls_run_at_once_as_there_are_lanes(process: EngineProcess) -> None:
    assert at_once(*[lambda: ask(process, "meet", 3)] * 3) == [True] * 3


def test_more_calls_wait_for_a_lane_and_all_are_answered(process: EngineProcess) -> None:
    assert at_once(*[lambda n=n: ask(process, "add", n, n) for n in range(40)]) == [2 * n for n in range(40)]


def test_what_one_call_keeps_any_may_read(process: EngineProcess) -> None:
    kept = at_once(*[lambda n=n: ask(process, "keep", n, keep=True) for n in range(12)])
    assert len({one.number for one in kept}) == 12
    assert at_once(*[lambda one=one: ask(process, "read", one) for one in kept]) == list(range(12))


def test_calls_that_were_lost_together_are_all_made_again(process: EngineProcess) -> None:
    results = at_once(
        lambda: ask(process, "abort_once"), *[lambda n=n: ask(process, "add", n, 1) for n in range(20)],
        *[lambda: ask(process, "add", 1, 1, engine="single")] * 5,
    )  # fmt: skip
    assert results == ["went well the second time", *range(1, 21), *[2] * 5]


def test_a_call_that_kills_every_child_does_not_take_the_others_along(process: EngineProcess) -> None:
    def doomed() -> str:
        with pytest.raises(WorkerError):
            ask(process, "abort")
        return "given up"

    assert at_once(doomed, *[lambda n=n: ask(process, "add", n, 1) for n in range(20)])[1:] == list(range(1, 21))


def test_lanes_fill_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads, lanes in [(1, 1, 1), (2, 1, 2), (2, 2, 1), (16, 1, 4), (8, 4, 2), (2, 4, 1)]:
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert lanes_for(threads) == lanes
