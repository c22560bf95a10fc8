"""Engines that need no model: they hear words that are coded in the samples, and fail, hang, die or answer late.

Word number ``n`` is 0.4 s of audio: 0.3 s of samples with the value ``8 n`` (16 bits) and 0.1 s with the value 4, which
is no word and no silence either. So recognition can say from any window which words are in it, and where.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from translate.config import Config, VadConfig
from translate.events import RATE_HZ, Samples
from translate.inference import Engines
from translate.speech.hypothesis import AlignedWord, Hypothesis
from translate.speech.vad import FRAME, SpeechChange, SpeechGate
from translate.translation import Glossary, Route
from translate.translation import Hypothesis as Translated
from translate.translation.routes import Hop

__all__ = ["SEGMENT", "FakeEngines", "FakeTranslation", "Script", "said", "silence", "translated", "word", "words"]

T = TypeVar("T")

_WORD_S, _GAP_S = 0.3, 0.1
_SYLLABLES = [a + b for a, b in zip("bcdfghjklmnprstvwxyz", "aeioua" * 4, strict=False)]
SEGMENT = 10
"""Words of two sentences, one of three words and one of seven. They are one segment, since the first is shorter than
``asr.min_sentence_ms``."""


def ends_sentence(number: int) -> bool:
    """Whether word ``number`` is the last of a sentence."""
    return number % SEGMENT in (3, 0)


def word(number: int) -> str:
    """How word ``number`` (1 to 4000) is written: letters alone, each word another."""
    return _SYLLABLES[number // 400] + _SYLLABLES[number // 20 % 20] + _SYLLABLES[number % 20]


def translated(text: str, target: str) -> str:
    """The translation of ``text``, word for word: the word backwards, and the language."""
    return " ".join(f"{one.rstrip('.')[::-1]}{target}{'.' * one.endswith('.')}" for one in text.lower().split())


def words(first: int, count: int) -> bytes:
    """16-bit samples of ``count`` words from number ``first`` on."""
    parts = []
    for number in range(first, first + count):
        parts += [np.full(int(_WORD_S * RATE_HZ), 8 * number, "<i2"), np.full(int(_GAP_S * RATE_HZ), 4, "<i2")]
    return b"".join(part.tobytes() for part in parts)


def silence(ms: int) -> bytes:
    """16-bit samples of silence."""
    return bytes(2 * ms * RATE_HZ // 1000)


def said(numbers: Sequence[int]) -> list[str]:
    """The words as they are compared: in small letters, without marks."""
    return [word(number) for number in numbers]


class Script:
    """What goes wrong, and when; a test changes it as it goes.

    Attributes:
        delay_s: how long each call of an engine takes; by default nothing.
        errors: what the next calls of an engine raise, one each; ``None``: nothing.
        calls: how many calls each engine had.
    """

    def __init__(self) -> None:
        self.delay_s: dict[str, float] = defaultdict(float)
        self.errors: dict[str, list[Exception | None]] = defaultdict(list)
        self.calls: dict[str, int] = defaultdict(int)

    def called(self, engine: str) -> None:
        """An engine is called. Raises what the test wants."""
        self.calls[engine] += 1
        error = self.errors[engine].pop(0) if self.errors[engine] else None
        if error is not None:
            raise error


class FakeTurns:
    """Turns at one engine, on the event loop: one call at a time, each as long as the script says."""

    def __init__(self, script: Script, engine: str) -> None:
        self._script, self._engine = script, engine
        self._lock = asyncio.Lock()

    async def run(self, call: Callable[[], T]) -> T:
        async with self._lock:
            if self._script.delay_s[self._engine]:
                await asyncio.sleep(self._script.delay_s[self._engine])
            return call()

    def close(self) -> None: ...


@dataclass
class _Window:
    audio: Samples
    seconds: float


class FakeRecognition:
    """Hears the words that are in the samples; what is heard for less than 0.1 s is heard wrong or not at all."""

    multilingual = True
    languages = ("es", "en", "de", "fr")

    def __init__(self, script: Script) -> None:
        self._script = script

    def require(self, language: str) -> None: ...

    def encode(self, audio: Samples) -> _Window:
        self._script.called("recognition")
        return _Window(audio, len(audio) / RATE_HZ)

    def detect_language(self, window: _Window, allowed: Sequence[str] = ()) -> tuple[str, float]:
        return (tuple(allowed) or self.languages)[0], 0.99

    def decode(
        self,
        window: _Window,
        language: str,
        *,
        task: str = "transcribe",
        prompt: Sequence[int] = (),
        beam_size: int = 1,
        max_tokens: int,
    ) -> Hypothesis:
        self._script.called("recognition")
        found: list[AlignedWord] = []
        for number, start, end in _runs(window.audio):
            if end - start < RATE_HZ // 10:
                continue
            text = word(number).capitalize() if ends_sentence(number - 1) else word(number)
            found.append(AlignedWord(f" {text}", (number,), start / RATE_HZ, end / RATE_HZ, 0.99))
            if ends_sentence(number):
                found.append(AlignedWord(".", (5000,), end / RATE_HZ, end / RATE_HZ, 0.99))
        return Hypothesis(tuple(found))


def _runs(audio: Samples) -> Iterator[tuple[int, int, int]]:
    """Words in ``audio``: number, first sample, sample after the last."""
    numbers = np.rint(audio * 32768 / 8).astype(int)
    edges = np.flatnonzero(np.diff(numbers)) + 1
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(numbers)], strict=True):
        if end > start and numbers[start]:
            yield int(numbers[start]), start, end


class FakeDetector:
    """Voice activity: whatever is not zero."""

    def __init__(self, config: VadConfig) -> None:
        self.gate = SpeechGate(config)
        self._rest = np.zeros(0, np.float32)
        self._position = 0

    def push(self, samples: Samples) -> Iterator[SpeechChange]:
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= FRAME:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            change = self.gate.push(float(frame.any()), self._position)
            self._position += FRAME
            if change is not None:
                yield change


class FakeTranslation:
    """Translates word for word; each word rests on the one in its place."""

    multilingual = True
    after_words = 4

    def __init__(self, script: Script, name: str) -> None:
        self._script, self._name = script, name

    def can(self, source: str, target: str) -> bool:
        return True

    def translate(
        self,
        text: str,
        *,
        source: str,
        target: str,
        prefix_tokens: Sequence[str] = (),
        beam_size: int = 1,
        align: bool = False,
    ) -> Translated:
        self._script.called(self._name)
        heard = text.split()
        tokens = tuple(f"▁{one}" for one in translated(text, target).split())
        tokens = (*prefix_tokens, *tokens[len(prefix_tokens) :])
        ends = [len(" ".join(heard[: i + 1]).encode()) for i in range(len(heard))]
        rests_on = tuple(ends[min(i, len(ends) - 1)] for i in range(len(tokens)))
        gaps = tuple(0.0 for _ in tokens) if align else None
        return Translated(self.detokenize(tokens), tokens, 0.0, rests_on if align else None, gaps)

    def detokenize(self, tokens: Sequence[str]) -> str:
        return "".join(tokens).replace("▁", " ").strip()


class FakeEngines:
    """Takes the place of :class:`translate.inference.Engines`; use :attr:`engines` where that is asked for."""

    sources = FakeRecognition.languages

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.script = Script()
        self.recognition = FakeRecognition(self.script)
        self.recognition_turns = FakeTurns(self.script, "recognition")
        self.detection_turns = FakeTurns(self.script, "detection")
        self.glossary = Glossary()
        self.closed = False
        self._turns = {code: FakeTurns(self.script, code) for code in (*self.sources, "same")}

    @property
    def engines(self) -> Engines:
        """Itself, for the type checker."""
        return cast(Engines, self)

    def detector(self, config: VadConfig) -> Any:
        return FakeDetector(config)

    def targets(self, source: str) -> tuple[str, ...]:
        return tuple(code for code in self.sources if code != source)

    def route(self, source: str, target: str) -> Route:
        if source == target:
            return Route("same", source, target)
        return Route("model", source, target, (Hop(FakeTranslation(self.script, target), source, target),))

    def turns(self, route: Route) -> FakeTurns:
        return self._turns[route.target if route.hops else "same"]

    def check(self, spoken: str | None, targets: Sequence[str], allowed: Sequence[str] = ()) -> None: ...

    def close(self) -> None:
        self.closed = True
