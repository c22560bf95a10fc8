"""Whisper's own English is worked out once, however many languages are made from it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate import FileSource, Session
from translate.config import Config
from translate.events import Transcript, Translation
from translate.inference import Engines
from translate.pipeline import direct
from translate.pipeline.direct import SharedEnglish
from translate.translation import Draft

SILENCE = np.zeros(0, np.float32)


class FakeDirect:
    """Every second revision is worth a step."""

    def __init__(self, *_: Any) -> None:
        self.steps: list[tuple[int, int]] = []

    def worth_a_step(self, transcript: Transcript) -> bool:
        return transcript.final or transcript.rev % 2 == 0

    def step(self, transcript: Transcript, audio: Any, mode: str) -> Draft:
        self.steps.append((transcript.segment, transcript.rev))
        return Draft(f"{transcript.rev}", "", transcript.final, transcript.rev)


class FakeTurns:
    """Takes as many turns of the event loop as it is told."""

    def __init__(self, waits: list[int]) -> None:
        self._waits = waits

    async def run(self, call: Callable[[], Draft]) -> Draft:
        for _ in range(self._waits.pop() if self._waits else 0):
            await asyncio.sleep(0)
        return call()


def revision(segment: int, rev: int, last: int) -> Transcript:
    return Transcript(segment, rev, "de", "", "x", rev == last, 0, 0)


readers = st.lists(st.lists(st.integers(0, 4), min_size=12, max_size=12), min_size=1, max_size=3)


@given(lasts=st.lists(st.integers(1, 6), min_size=1, max_size=4), pauses=readers, waits=st.lists(st.integers(0, 5)))
def test_readers_at_any_pace_share_the_work_and_each_get_one_final(
    lasts: list[int], pauses: list[list[int]], waits: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fake = FakeDirect()
        patch.setattr(direct, "DirectTranslator", lambda *_: fake)

        async def read(english: SharedEnglish, turns: Any, pauses: list[int]) -> list[tuple[int, Draft]]:
            seen: list[tuple[int, Draft]] = []
            for segment, last in enumerate(lasts):
                newest = 0
                for rev in range(1, last + 1):
                    for _ in range(pauses[(segment + rev) % len(pauses)]):
                        await asyncio.sleep(0)
                    transcript = revision(segment, rev, last)
                    if english.worth_a_step(transcript, newest):
                        draft = await english.step(transcript, SILENCE, "fast", turns)
                        if draft is not None:
                            newest = draft.source_rev
                            seen.append((segment, draft))
            return seen

        async def all_read() -> list[list[tuple[int, Draft]]]:
            english = SharedEnglish(type("E", (), {"recognition": None})(), Config())
            turns = FakeTurns(list(waits))
            return await asyncio.gather(*(read(english, turns, one) for one in pauses))

        for seen in asyncio.run(all_read()):
            for segment, last in enumerate(lasts):
                drafts = [draft for number, draft in seen if number == segment]
                assert [draft.final for draft in drafts] == [False] * (len(drafts) - 1) + [True]
                assert [draft.source_rev for draft in drafts] == sorted(draft.source_rev for draft in drafts)
                assert drafts[-1].source_rev == last
        assert len(fake.steps) == len(set(fake.steps)), "nothing was worked out twice"


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.usefixtures("students_only")
async def test_english_and_a_language_made_from_it_hear_a_sentence_once(
    clips: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(Engines(Config())) as engines:
        await _heard_once(engines, clips, monkeypatch)


async def _heard_once(engines: Engines, clips: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    decode, calls = engines.recognition.decode, []

    def counted(window: Any, language: str, **options: Any) -> Any:
        if options.get("task") == "translate":
            calls.append(options["beam_size"])
        return decode(window, language, **options)

    monkeypatch.setattr(engines.recognition, "decode", counted)
    assert engines.route("pt", "es").kind == "whisper"
    path = clips["fleurs_pt_009"].path
    events = [e async for e in Session(FileSource(path), spoken="pt", targets=["en", "es"], engines=engines)]
    said = [e for e in events if isinstance(e, Transcript) and e.final and e.committed]
    finals = {
        code: [e for e in events if isinstance(e, Translation) and e.lang == code and e.final] for code in ("en", "es")
    }
    assert len(finals["en"]) == len(finals["es"]) == len(said) > 0
    assert "fish" in finals["en"][0].committed.lower().split()
    assert {"pez", "peces", "pescado", "pescados"} & set(finals["es"][0].committed.lower().split())
    beams = [beam for beam in calls if beam > 1]
    assert len(beams) == len(said), "each sentence is put into English once, for both"
