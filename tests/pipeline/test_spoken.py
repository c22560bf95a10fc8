"""Speakers who change language, and sessions that are told which language comes next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from translate import Session
from translate.errors import LanguageError
from translate.events import RATE_HZ, AudioChunk, Event, Notice, Samples, Transcript
from translate.inference import Engines
from translate.latency import SessionClock

pytestmark = [pytest.mark.models]


class Talk:
    """A source that says clips one after the other, 0.8 s apart, as fast as they are taken.

    Args:
        parts: the clips.
        go_on: the second clip waits for it.
    """

    live = False

    def __init__(self, *parts: Samples, go_on: asyncio.Event | None = None) -> None:
        gap = np.zeros(RATE_HZ * 8 // 10, np.float32)
        self._audio = np.concatenate([piece for part in parts for piece in (part, gap)])
        self._second = len(parts[0]) + len(gap)
        self._go_on = go_on

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        for at in range(0, len(self._audio), 512):
            if self._go_on is not None and at + 512 > self._second:
                await self._go_on.wait()
            now_ms = clock.now_ms()
            yield AudioChunk(self._audio[at : at + 512], at, now_ms, now_ms)

    async def aclose(self) -> None: ...


def clip(clips: dict[str, Any], name: str, seconds: float) -> Samples:
    return np.asarray(decode_audio(str(clips[name].path)), np.float32)[: int(seconds * RATE_HZ)]


def languages(events: list[Event]) -> list[str]:
    """The languages of the final segments, without repetition."""
    found: list[str] = []
    for event in events:
        if isinstance(event, Transcript) and event.final and event.committed and found[-1:] != [event.lang]:
            found.append(event.lang)
    return found


@pytest.mark.slow
async def test_a_speaker_who_changes_language_is_followed(engines: Engines, clips: dict[str, Any]) -> None:
    talk = Talk(clip(clips, "fleurs_de_004", 5), clip(clips, "fleurs_es_003", 5), clip(clips, "fleurs_de_005", 5))
    session = Session(talk, spoken="auto", allowed=["de", "es"], engines=engines)
    assert languages([event async for event in session]) == ["de", "es", "de"]


async def test_the_language_set_holds_from_the_next_segment_on(engines: Engines, clips: dict[str, Any]) -> None:
    told = asyncio.Event()
    talk = Talk(clip(clips, "fleurs_de_005", 4), clip(clips, "fleurs_es_003", 5), go_on=told)
    session = Session(talk, spoken="de", engines=engines)
    events: list[Event] = []
    async for event in session:
        events.append(event)
        if isinstance(event, Transcript) and event.final:  # German is through
            session.set_spoken("es")
            told.set()
    assert languages(events) == ["de", "es"]


async def test_a_language_that_the_model_does_not_know_changes_nothing(engines: Engines) -> None:
    session = Session(Talk(np.zeros(RATE_HZ, np.float32)), spoken="de", engines=engines)
    for code in ("xx", "klingon", ""):
        with pytest.raises(LanguageError):
            session.set_spoken(code)
    assert languages([event async for event in session]) == []
