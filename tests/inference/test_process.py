"""A child that aborts, is killed or hangs costs a call some time and nobody anything else."""

from __future__ import annotations

import errno
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
from translate.inference import EngineProcess, WorkerError, WorkerStopped
from translate.inference import process as process_module
from translate.inference.backoff import Backoff
from translate.inference.errors import NotKeptError
from translate.inference.messages import Call, Kept, Load

FAKE = "tests.inference.fake_engine:FakeEngine"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[EngineProcess]:
    process = EngineProcess({"first": Load(FAKE, (tmp_path,)), "second": Load(FAKE)}, call_s=20)
    yield process
    process.stop()


def ask(process: EngineProcess, method: str, *args: Any, engine: str = "first", **more: Any) -> Any:
    return process.call(engine, Call(method, args, **more))


def test_calls_and_attributes_pass(process: EngineProcess) -> None:
    assert ask(process, "add", 2, 3) == 5
    assert process.call("second", Call(attributes=("greeting",))) == {"greeting": "hello"}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted as Linux tells them")
def test_the_child_sets_up_its_own_libraries_whatever_its_parent_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    process = EngineProcess({"first": Load(FAKE)})
    try:
        switch, threads = ask(process, "libraries")
    finally:
        process.stop()
    assert switch == "Yes"
    assert threads == 2, "the main thread, and the one that serves the pipe"
    assert "HF_HUB_OFFLINE" not in os.environ


def test_what_is_kept_stays_in_the_child_until_forgotten(process: EngineProcess) -> None:
    kept = ask(process, "keep", 7, keep=True)
    assert isinstance(kept, Kept)
    assert ask(process, "read", kept) == 7
    ask(process, "add", 1, 1, forget=(kept.number,))
    with pytest.raises(NotKeptError):
        ask(process, "read", kept)


def test_errors_of_ours_come_back_as_they_are_and_others_as_text(process: EngineProcess) -> None:
    with pytest.raises(LanguageError, match="no such language"):
        ask(process, "refuse")
    with pytest.raises(RuntimeError, match="break_down: ZeroDivisionError: by zero"):
        ask(process, "break_down")
    with pytest.raises(RuntimeError, match="cannot be sent"):
        ask(process, "unsendable")
    assert process.restarts == 0


def test_a_call_that_was_lost_with_the_child_is_made_again(process: EngineProcess) -> None:
    assert ask(process, "abort_once") == "went well the second time"
    assert process.restarts == 1


def test_a_call_that_kills_every_child_is_given_up_and_the_next_one_works(process: EngineProcess) -> None:
    with pytest.raises(WorkerError, match="again and again on one first call"):
        ask(process, "abort")
    assert ask(process, "add", 1, 2) == 3


def test_a_child_that_is_killed_between_calls_is_replaced(process: EngineProcess) -> None:
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert ask(process, "add", 4, 4) == 8
    assert process.pid != first
    assert process.restarts == 1


def test_a_call_that_hangs_is_ended_with_its_child(tmp_path: Path) -> None:
    process = EngineProcess({"first": Load(FAKE, (tmp_path,))}, call_s=0.5)
    try:
        with pytest.raises(WorkerError):
            ask(process, "hang")
        assert process.restarts == 3
    finally:
        process.stop()


def test_another_engine_s_call_survives_the_death_of_the_child(process: EngineProcess) -> None:
    results: list[Any] = []
    calls = [
        threading.Thread(target=lambda: results.append(ask(process, "add", 1, 1, engine="second"))) for _ in range(20)
    ]
    for call in calls:
        call.start()
    with pytest.raises(WorkerError):
        ask(process, "abort")
    for call in calls:
        call.join()
    assert results == [2] * 20


def test_ctrl_c_and_a_service_manager_s_signal_do_not_reach_the_engines(process: EngineProcess) -> None:
    assert ask(process, "add", 1, 1) == 2  # signals are set up by now
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process.pid or 0, number)
    assert ask(process, "add", 2, 2) == 4
    assert process.restarts == 0


def test_a_stopped_worker_refuses_and_leaves_no_process(process: EngineProcess) -> None:
    pid = process.pid or 0
    process.stop()
    with pytest.raises(WorkerStopped, match="stopped"):
        ask(process, "add", 1, 1)
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


def test_a_child_that_does_not_read_a_large_call_is_killed_too(tmp_path: Path) -> None:
    process = EngineProcess({"first": Load(FAKE, (tmp_path,))}, call_s=0.3, backoff=Backoff(first_s=0, next_s=0))
    try:
        assert ask(process, "add", 1, 1) == 2
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        assert len(ask(process, "add", b"a", bytes(2_000_000))) == 2_000_001, "made again in the next child"
        assert process.restarts >= 1
    finally:
        process.stop()


def test_who_is_told_of_a_death_and_fails_keeps_nobody_from_the_next_child(caplog: pytest.LogCaptureFixture) -> None:
    def fails(restarts: int) -> None:
        raise ValueError("nobody listens")

    process = EngineProcess({"first": Load(FAKE)}, backoff=Backoff(first_s=0, next_s=0), died=fails)
    try:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        assert ask(process, "add", 1, 1) == 2
    finally:
        process.stop()
    assert "the death of the engines' process" in caplog.text


def test_no_memory_for_another_child_is_a_failed_call_and_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fails = process_module.spawn, [True, True, True]

    def spawn(*arguments: Any) -> Any:
        if fails:
            fails.pop()
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return real(*arguments)

    process = EngineProcess({"first": Load(FAKE)}, backoff=Backoff(first_s=0, next_s=0))
    monkeypatch.setattr(process_module, "spawn", spawn)
    try:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(WorkerError):
            ask(process, "add", 1, 1)
        assert ask(process, "add", 1, 1) == 2
    finally:
        process.stop()
