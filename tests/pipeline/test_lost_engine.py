"""The engines' process is killed while somebody speaks: the session goes on, and nothing committed is lost."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from translate.audio import FileSource
from translate.config import Config, Limits
from translate.events import Lag, Notice, Transcript
from translate.inference import Engines, WorkerError
from translate.inference.messages import Call
from translate.pipeline.session import Session

pytestmark = [pytest.mark.models]


def words_of(texts: list[str]) -> list[str]:
    return " ".join(texts).lower().split()


async def finals(session: Session, engines: Engines, kill_at: frozenset[int] = frozenset()) -> tuple[list[str], int]:
    """Final texts, and how many were told to be missing; the child is killed at the events of ``kill_at``."""
    texts: list[str] = []
    missing = 0
    committed: dict[int, str] = {}
    heard = 0
    async for event in session:
        if isinstance(event, Notice):
            missing += 1
        if not isinstance(event, Transcript):
            continue
        assert event.committed.startswith(committed.get(event.segment, "")), "committed text was taken back"
        committed[event.segment] = event.committed
        if event.final:
            texts.append(event.committed)
        heard += 1
        if heard in kill_at and engines.process is not None and engines.process.pid is not None:
            os.kill(engines.process.pid, signal.SIGKILL)
    return texts, missing


async def test_a_killed_process_costs_nothing_but_time(clips) -> None:
    path = clips["fleurs_es_005"].path
    here, apart = Engines(Config()), Engines(Config(), isolated=True)
    try:
        whole, _ = await finals(Session(FileSource(path), spoken="es", engines=here), here)
        session = Session(FileSource(path), spoken="es", engines=apart)
        survived, missing = await finals(session, apart, kill_at=frozenset({1, 3}))
        assert apart.process is not None
        assert apart.process.restarts == 2
    finally:
        here.close()
        apart.close()
    assert missing == 0
    assert words_of(survived) == words_of(whole)
    assert len(words_of(whole)) > 8


async def test_speech_that_no_engine_survives_is_left_out_and_told(clips) -> None:
    path = clips["fleurs_es_005"].path
    apart = Engines(Config(), isolated=True)
    try:
        assert apart.process is not None
        calls = 0
        whole_call = apart.process.call

        def deadly(engine: str, call: Call) -> Any:
            nonlocal calls
            calls += 1
            if calls == 5:
                raise WorkerError("it was given up")
            return whole_call(engine, call)

        apart.process.call = deadly  # type: ignore[method-assign]
        texts, missing = await finals(Session(FileSource(path), spoken="es", engines=apart), apart)
    finally:
        apart.close()
    assert missing == 1
    assert len(words_of(texts)) > 3


async def test_while_an_engine_gives_no_answer_it_is_said_how_late_captions_are(clips) -> None:
    apart = Engines(Config(limits=Limits(lag_ms=500)), isolated=True)
    session = Session(FileSource(clips["fleurs_es_005"].path, pace=1.0), spoken="es", engines=apart)
    lags: list[int] = []
    texts: list[str] = []
    stopped = False
    assert apart.process is not None
    assert apart.process.pid is not None
    try:
        async for event in session:
            if isinstance(event, Transcript) and not stopped:
                os.kill(apart.process.pid, signal.SIGSTOP)
                stopped = True
            if isinstance(event, Transcript) and event.final:
                texts.append(event.committed)
            if isinstance(event, Lag):
                lags.append(event.behind_ms)
                if event.behind_ms > 1500:
                    os.kill(apart.process.pid, signal.SIGCONT)
    finally:
        apart.close()
    worst = lags.index(max(lags))
    assert lags[: worst + 1] == sorted(lags[: worst + 1]), "ever later"
    assert lags[worst] > 1500
    assert lags[-1] == 0
    assert len(words_of(texts)) > 8
