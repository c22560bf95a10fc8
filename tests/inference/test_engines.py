"""The engines of a service or a session: let go of when closed, and asked in as few round trips as it takes."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from translate.config import Config, MtConfig
from translate.events import Marks, Samples, Transcript
from translate.inference import Engines, LazyTranslator, Turns, WorkerStopped
from translate.inference.child import ServedEngine
from translate.inference.messages import Call, Load
from translate.inference.remote import RemoteDecoder
from translate.registry import ResolvedModel
from translate.speech import whisper
from translate.translation import Draft, IncrementalTranslator, plan


class SilentWhisper:
    """Loads at once."""

    multilingual = True
    languages = ("en", "es")

    def __init__(self, *args: Any) -> None: ...

    def encode(self, audio: Samples) -> object:
        return object()


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Engines:
    monkeypatch.setattr(whisper, "WhisperEngine", SilentWhisper)
    return Engines(Config())


def test_a_whisper_engine_that_nobody_holds_goes_away() -> None:
    class Tokens:
        def token_to_id(self, token: str) -> int:
            return 1

    engine = object.__new__(whisper.WhisperEngine)
    engine._tokens, engine.multilingual, engine._tokenizers = Tokens(), True, {}
    assert engine._tokenizer("en", "transcribe") is engine._tokenizer("en", "transcribe")
    assert engine._tokenizer("en", "translate") is not engine._tokenizer("en", "transcribe")
    gone = weakref.ref(engine)
    del engine
    gc.collect()
    assert gone() is None


def test_closed_engines_let_go_of_their_models_and_say_so(engines: Engines) -> None:
    recognition = weakref.ref(engines.recognition)
    with engines as same:
        assert same is engines
        assert engines.recognition.languages == ("en", "es")
    engines.close()
    gc.collect()
    assert recognition() is None
    with pytest.raises(WorkerStopped, match="closed"):
        engines.recognition.encode(np.zeros(1, np.float32))


async def test_closed_turns_refuse_by_name() -> None:
    turns = Turns("test")
    assert await turns.run(lambda: 1) == 1
    turns.close()
    turns.close()
    with pytest.raises(WorkerStopped, match="closed"):
        await turns.run(lambda: 1)


class CountingProcess:
    """As good as an engines' process with one model in it, which counts what passes the pipe."""

    def __init__(self, model: ResolvedModel, config: MtConfig) -> None:
        self._served = ServedEngine(Load("translate.inference.factories:decoder", (model, config)))
        self.calls: Counter[str] = Counter()

    def call(self, engine: str, call: Call) -> Any:
        self.calls[call.method] += 1
        answer = self._served.answer(call)
        if answer.error is not None:
            raise answer.error
        return answer.value


def revisions(text: str) -> list[Transcript]:
    words = text.split()
    return [
        Transcript(
            segment=0, rev=count, lang="es", committed=" ".join(words[:count]),
            tail="" if count == len(words) else " " + " ".join(words[count : count + 2]),
            final=count == len(words), start_ms=0, end_ms=400 * count, words=(), marks=Marks(),
        )
        for count in range(1, len(words) + 1)
    ]  # fmt: skip


def test_a_revision_costs_one_round_trip(students: dict[str, Path]) -> None:
    """It was one for ``translate``, and about four for ``detokenize``."""
    model = ResolvedModel(
        path=students["es-en"], name="es-en", kind="translation", origin="student", pairs=(("es", "en"),)
    )
    process = CountingProcess(model, MtConfig())
    apart = LazyTranslator(model, MtConfig(), lambda model: RemoteDecoder(process, model.name))  # type: ignore[arg-type]
    here = LazyTranslator(model, MtConfig())

    def drafts(engine: LazyTranslator) -> list[Draft]:
        translator = IncrementalTranslator(plan("es", "en", [engine], False), "es", "en", MtConfig())
        return [translator.step(transcript) for transcript in said]

    said = revisions("Buenos días a todos los que han venido hoy a escuchar.")
    assert len(said) == 11
    assert drafts(apart) == drafts(here)
    assert process.calls.keys() == {"decode"}
    assert process.calls["decode"] <= len(said) + 2, "one or two more where a shown word is taken back"
    for engine in (apart, here):
        gone = weakref.ref(engine.load())
        engine.close()
        gc.collect()
        assert gone() is None
