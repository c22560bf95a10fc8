"""Tasks and timers have one owner: it ends them, and hears of every failure once."""

from __future__ import annotations

import ast
import asyncio
import gc
import weakref
from pathlib import Path

import pytest

import translate
from tests.virtual_time import virtual_time
from translate.tasks import Supervisor


@virtual_time
async def test_a_failure_is_reported_once_with_the_name_of_its_task() -> None:
    failures: list[tuple[str, Exception]] = []
    owner = Supervisor("room", lambda name, error: failures.append((name, error)))
    wrong = ValueError("no")

    async def fails() -> None:
        raise wrong

    def late() -> None:
        raise wrong

    owner.start(fails(), "runner")
    owner.timer(late, "timer").start(1)
    await asyncio.sleep(2)
    assert failures == [("runner", wrong), ("timer", wrong)]
    assert owner.running == ()


@virtual_time
async def test_closing_ends_everything_and_reports_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            ended.append("task")

    owner = Supervisor("room")
    owner.start(cleans_up(), "task")
    timer = owner.timer(lambda: ended.append("timer"), "timer")
    timer.start(5)
    await asyncio.sleep(0)
    assert owner.running == ("task", "timer")
    await owner.aclose()
    assert (ended, owner.running) == (["task"], ())
    timer.start(1)
    with pytest.raises(RuntimeError, match="room is closed"):
        owner.start(cleans_up(), "another")
    await asyncio.sleep(10)
    assert ended == ["task"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert caplog.messages == []


@virtual_time
async def test_a_task_may_close_its_own_owner() -> None:
    owner = Supervisor("room")
    done = asyncio.Event()

    async def closes() -> None:
        await owner.aclose()
        done.set()

    owner.start(closes(), "closes")
    await asyncio.wait_for(done.wait(), 1)
    await asyncio.sleep(0)
    assert owner.running == ()


@virtual_time
async def test_a_timer_counts_from_its_last_start() -> None:
    fired: list[float] = []
    loop = asyncio.get_running_loop()
    timer = Supervisor("room").timer(lambda: fired.append(loop.time()), "timer")
    timer.start(2)
    await asyncio.sleep(1.5)
    timer.start(2)
    await asyncio.sleep(5)
    assert fired == [3.5]
    assert not timer.is_running


@virtual_time
async def test_a_failure_that_cannot_be_handled_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def worse(name: str, error: Exception) -> None:
        raise KeyError(name)

    owner = Supervisor("room", worse)

    async def fails() -> None:
        raise ValueError("first")

    owner.start(fails(), "runner")
    await asyncio.sleep(1)
    assert "room: the failure of runner (ValueError) could not be handled" in caplog.text


@virtual_time
async def test_work_that_is_kept_running_begins_again_after_each_failure() -> None:
    failures: list[tuple[str, Exception]] = []
    begun_s: list[float] = []
    owner = Supervisor("network", lambda name, error: failures.append((name, error)))

    async def fails_twice() -> None:
        begun_s.append(asyncio.get_running_loop().time())
        if len(begun_s) < 3:
            raise ValueError(len(begun_s))
        await asyncio.Event().wait()

    owner.keep(fails_twice, "tokens", pause_s=5)
    await asyncio.sleep(20)
    assert [at_s - begun_s[0] for at_s in begun_s] == [0, 5, 10]
    assert [(name, str(error)) for name, error in failures] == [("tokens", "1"), ("tokens", "2")]
    assert owner.running == ("tokens",)
    await owner.aclose()


BARE = frozenset({"create_task", "ensure_future", "gather", "call_later", "call_at"})
OWNERS = {
    "tasks.py": BARE,
    "pipeline/session.py": frozenset({"create_task"}),  # the one task of a session; `aclose` ends it
    "bench/clock.py": frozenset({"call_at"}),  # an event loop of its own
}


def test_no_task_is_without_an_owner() -> None:
    """Tasks are started by a task group or a supervisor; what asyncio offers beside them is used nowhere."""
    package = Path(translate.__file__).parent
    bare = []
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in BARE:
                of = ast.unparse(node.func.value)
                is_bare = of == "asyncio" or "loop" in of or of == "self"
                if is_bare and node.func.attr not in OWNERS.get(name, frozenset()):
                    bare.append(f"{name}:{node.lineno}: {of}.{node.func.attr}")
    assert not bare


@virtual_time
async def test_a_supervisor_keeps_no_timer_that_does_not_run() -> None:
    class Owned:
        def fire(self) -> None: ...

    owner = Supervisor("room")
    owned, gone = Owned(), []
    for _ in range(3):
        timer = owner.timer(owned.fire, "timer")
        timer.start(1)
        gone.append(weakref.ref(timer))
    timer.stop()
    await asyncio.sleep(2)
    del timer
    gc.collect()
    assert owner.running == ()
    assert [ref() for ref in gone] == [None] * 3
