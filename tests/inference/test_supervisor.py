"""A child that aborts, is killed or hangs costs a call some time and nobody anything else."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.errors import LanguageError
from translate.inference import Backoff, Worker, WorkerError, WorkerStopped
from translate.inference.messages import Call, Kept, Load

FAKE = "tests.inference.fake_engine:FakeEngine"


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker({"first": Load(FAKE, (tmp_path,)), "second": Load(FAKE)}, call_s=20)
    yield worker
    worker.stop()


def ask(worker: Worker, method: str, *args: Any, engine: str = "first", **more: Any) -> Any:
    return worker.call(engine, lambda epoch: Call(method, args, **more))


def test_calls_and_attributes_pass(worker: Worker) -> None:
    assert ask(worker, "add", 2, 3) == 5
    assert worker.call("second", lambda epoch: Call(attributes=("greeting",))) == {"greeting": "hello"}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted as Linux tells them")
def test_the_child_sets_up_its_own_libraries_whatever_its_parent_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    worker = Worker({"first": Load(FAKE)})
    try:
        switch, threads = ask(worker, "libraries")
    finally:
        worker.stop()
    assert switch == "Yes"
    assert threads == 2, "the main thread, and the one that serves the pipe"
    assert "HF_HUB_OFFLINE" not in os.environ


def test_what_is_kept_stays_in_the_child_until_forgotten(worker: Worker) -> None:
    kept = ask(worker, "keep", 7, keep=True)
    assert isinstance(kept, Kept)
    assert ask(worker, "read", kept) == 7
    ask(worker, "add", 1, 1, forget=(kept.number,))
    with pytest.raises(RuntimeError, match="KeyError"):
        ask(worker, "read", kept)


def test_errors_of_ours_come_back_as_they_are_and_others_as_text(worker: Worker) -> None:
    with pytest.raises(LanguageError, match="no such language"):
        ask(worker, "refuse")
    with pytest.raises(RuntimeError, match="break_down: ZeroDivisionError: by zero"):
        ask(worker, "break_down")
    with pytest.raises(RuntimeError, match="cannot be sent"):
        ask(worker, "unsendable")
    assert worker.restarts == 0


def test_a_call_that_was_lost_with_the_child_is_made_again(worker: Worker) -> None:
    assert ask(worker, "abort_once") == "went well the second time"
    assert worker.restarts == 1


def test_a_call_that_kills_every_child_is_given_up_and_the_next_one_works(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="again and again on one first call"):
        ask(worker, "abort")
    assert ask(worker, "add", 1, 2) == 3


def test_a_child_that_is_killed_between_calls_is_replaced(worker: Worker) -> None:
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert ask(worker, "add", 4, 4) == 8
    assert worker.pid != first
    assert worker.restarts == 1


def test_a_call_that_hangs_is_ended_with_its_child(tmp_path: Path) -> None:
    worker = Worker({"first": Load(FAKE, (tmp_path,))}, call_s=0.5)
    try:
        with pytest.raises(WorkerError):
            ask(worker, "hang")
        assert worker.restarts == 3
    finally:
        worker.stop()


def test_another_engine_s_call_survives_the_death_of_the_child(worker: Worker) -> None:
    results: list[Any] = []
    calls = [
        threading.Thread(target=lambda: results.append(ask(worker, "add", 1, 1, engine="second"))) for _ in range(20)
    ]
    for call in calls:
        call.start()
    with pytest.raises(WorkerError):
        ask(worker, "abort")
    for call in calls:
        call.join()
    assert results == [2] * 20


def test_ctrl_c_and_a_service_manager_s_signal_do_not_reach_the_engines(worker: Worker) -> None:
    assert ask(worker, "add", 1, 1) == 2  # signals are set up by now
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(worker.pid or 0, number)
    assert ask(worker, "add", 2, 2) == 4
    assert worker.restarts == 0


def test_a_stopped_worker_refuses_and_leaves_no_process(worker: Worker) -> None:
    pid = worker.pid or 0
    worker.stop()
    with pytest.raises(WorkerStopped, match="stopped"):
        ask(worker, "add", 1, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@given(st.lists(st.floats(0, 1000), max_size=40))
def test_waits_grow_while_children_die_young_and_stay_bounded(lives_s: list[float]) -> None:
    backoff = Backoff()
    before: float | None = None
    for lived_s in lives_s:
        wait_s = backoff.after(lived_s)
        assert 0 <= wait_s <= backoff.most_s
        if lived_s >= backoff.steady_s:
            assert wait_s == backoff.first_s
        elif before is not None:
            assert wait_s >= before
        before = wait_s
