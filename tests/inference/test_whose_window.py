"""What one session keeps in the engines' process no other session ever gets, whatever dies in between."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from translate.events import Samples
from translate.inference import EngineProcess
from translate.inference.child import ServedEngine
from translate.inference.errors import NotKeptError
from translate.inference.messages import Call, Load
from translate.inference.remote import RemoteWhisper, RemoteWindow

WHISPER = Load("tests.inference.fake_engine:FakeWhisper")


def sound(value: float) -> Samples:
    return np.full(16, value, np.float32)


@pytest.fixture
def process() -> Iterator[EngineProcess]:
    process = EngineProcess({"recognition": WHISPER})
    yield process
    process.stop()


@pytest.mark.parametrize("method", ["decode", "encode"])
def test_a_call_that_was_made_for_a_dead_child_gets_its_own_window_from_the_next(
    process: EngineProcess, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Between a session's call and the pipes, the child dies, and another session's window is encoded in the next."""
    mine, theirs = RemoteWhisper(process, "recognition"), RemoteWhisper(process, "recognition")
    other: list[RemoteWindow] = []
    whole_call = process.call

    def interleaved(engine: str, call: Call) -> Any:
        if call.method == method and not other:
            monkeypatch.undo()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            other.append(theirs.encode(sound(2.0)))
        return whole_call(engine, call)

    if method == "encode":
        monkeypatch.setattr(process, "call", interleaved)
        window = mine.encode(sound(1.0))
    else:
        window = mine.encode(sound(1.0))
        monkeypatch.setattr(process, "call", interleaved)
    assert mine.decode(window, "en") == 1.0
    assert theirs.decode(other[0], "en") == 2.0
    assert process.restarts == 1


def test_a_child_refuses_what_it_does_not_keep() -> None:
    first, second = ServedEngine(WHISPER), ServedEngine(WHISPER)  # each as good as a process of its own
    kept = first.answer(Call("encode", (sound(1.0),), keep=True)).value
    for _ in range(100):
        second.answer(Call("encode", (sound(2.0),), keep=True))
    answer = second.answer(Call("decode", (kept, "en")))
    assert isinstance(answer.error, NotKeptError)
    assert first.answer(Call("decode", (kept, "en"))).value == 1.0
    first.answer(Call("decode", (kept, "en"), forget=(kept.number,)))
    assert isinstance(first.answer(Call("decode", (kept, "en"))).error, NotKeptError)


def test_the_answer_to_an_interrupted_call_is_not_taken_for_that_of_the_next(
    process: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the main thread waits: the answer comes when nobody wants it, over a pipe that is used again."""
    pipe = type(process._child.pipes["recognition"][0])
    interrupts = iter([KeyboardInterrupt()])
    whole_poll = pipe.poll

    def poll(self: Any, timeout: float = 0.0) -> bool:
        for interrupt in interrupts:
            raise interrupt
        return whole_poll(self, timeout)

    monkeypatch.setattr(pipe, "poll", poll)
    with pytest.raises(KeyboardInterrupt):
        process.call("recognition", Call(attributes=("languages",)))
    assert process.call("recognition", Call(attributes=("multilingual",))) == {"multilingual": True}
