"""Engines without models: a session can be made to meet any failure, at any step, in no time.

The audio is a row of words, each a constant sample value that codes its number, with silence between them. The fake
recognition engine hears in any window exactly the words that are in it, each with its place, so that the real
``StreamingRecognizer`` commits and cuts as it does with Whisper. The fake translation engine writes the target's code
before each word. Voice is what is not zero.

>>> engines = FakeEngines(targets=("es", "de"))
>>> session = Session(source, spoken="en", targets=["es"], engines=engines)
>>> await source.feed(0, speech(range(12), sentence=4) + silence(700))
>>> engines.faults.plan("encode", WorkerError("died"))  # the next call of encode fails
>>> hold = engines.faults.hold("translation es")  # the next turn gives no answer before hold.release()

Every call is made on the event loop, within the turn that the session asked for: no thread, no time.

Steps that can be told to fail: ``encode``, ``decode``, ``detect_language`` (recognition), ``translate XX``,
``detokenize XX`` (``XX``: the target language). Turns that can fail or be held: ``recognition``, ``translation XX``.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from translate.config import Config, VadConfig
from translate.errors import LanguageError
from translate.events import RATE_HZ, Samples
from translate.inference import Capacity, Engines, Turns, WorkerError
from translate.speech.hypothesis import AlignedWord
from translate.speech.hypothesis import Hypothesis as Heard
from translate.speech.threads import Lanes
from translate.speech.vad import FRAME, SpeechChange, SpeechGate
from translate.translation import Glossary, Route, plan, reachable
from translate.translation.engine import Hypothesis as Translated

__all__ = ["FakeEngines", "Faults", "Hold", "numbers_in", "silence", "speech", "word"]

WORD_SAMPLES = 3200
"""Length of a word: 200 ms."""
GAP_SAMPLES = 800
"""Silence after each word: 50 ms."""
WORDS = 15_000
"""Numbers of words are below this."""
_FIRST_CODE = 1024
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_SYLLABLES = [consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS]

T = TypeVar("T")


def word(number: int) -> str:
    """How word ``number`` is written: three syllables, so that no word is part of another."""
    syllables = len(_SYLLABLES)
    return "".join(_SYLLABLES[number // syllables**place % syllables] for place in range(3))


def numbers_in(text: str, lang: str = "") -> list[int]:
    """The numbers of the words of ``text``, a transcript or (with ``lang``) a translation.

    Raises:
        ValueError: something else stands in it.
    """
    return [_number(part, lang) for part in text.split()]


def _number(part: str, lang: str) -> int:
    spelled = part.lower().removesuffix(".")
    pairs = [spelled[i : i + 2] for i in range(len(lang), len(spelled), 2)]
    if not spelled.startswith(lang) or len(pairs) != 3 or not all(pair in _SYLLABLES for pair in pairs):
        raise ValueError(f"{part!r} is no word of the fake engines")
    return sum(_SYLLABLES.index(pair) * len(_SYLLABLES) ** place for place, pair in enumerate(pairs))


def speech(numbers: Iterable[int], *, sentence: int = 0) -> bytes:
    """The words as PCM, as a browser sends it; after each ``sentence`` words a sentence ends (0: never)."""
    parts = []
    for count, number in enumerate(numbers, 1):
        ends = bool(sentence) and count % sentence == 0
        code = _FIRST_CODE + 2 * number + ends
        parts.append(np.concatenate([np.full(WORD_SAMPLES, code, "<i2"), np.zeros(GAP_SAMPLES, "<i2")]))
    return b"".join(part.tobytes() for part in parts)


def silence(ms: int) -> bytes:
    """Silence as PCM. A span of speech closes after 600 ms of it."""
    return bytes(2 * (ms * RATE_HZ // 1000))


class Hold:
    """A turn that gives no answer before it is released. As with a thread, the call is made then, wanted or not."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []
        self.released = False
        self.reached = asyncio.Event()
        """Set once a turn waits here."""

    def release(self) -> None:
        """Let the call be made."""
        self.released = True
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()

    def then(self, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` when released."""
        self.reached.set()
        if self.released:
            go_on()
        else:
            self._waiting.append(go_on)


class Faults:
    """What goes wrong, and when. Steps and turns are named in the module's text."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[BaseException | Hold | None]] = {}
        self._down: BaseException | None = None
        self.calls: Counter[str] = Counter()
        """Calls of each step and turn so far."""

    def plan(self, step: str, *outcomes: BaseException | None) -> None:
        """What happens at the next calls of ``step``, in order: an error to raise, or ``None``: it goes well."""
        self._planned.setdefault(step, deque()).extend(outcomes)

    def hold(self, turn: str) -> Hold:
        """Let the next turn (not planned otherwise) give no answer before it is released."""
        hold = Hold()
        self._planned.setdefault(turn, deque()).append(hold)
        return hold

    def die(self) -> None:
        """From now on every call fails, as when no process of the engines lives."""
        self._down = WorkerError("the engines' process failed again and again; the call was given up")

    def revive(self) -> None:
        """Calls go well again."""
        self._down = None

    def reached(self, step: str) -> None:
        """A call is at ``step``. Raises what was planned."""
        if hold := self.turn(step):
            raise AssertionError(f"{step} is a step, and only a turn can be held: {hold}")

    def turn(self, name: str) -> Hold | None:
        """A turn begins. Raises what was planned, or returns what holds it."""
        self.calls[name] += 1
        planned = self._planned.get(name)
        outcome = planned.popleft() if planned else None
        if isinstance(outcome, BaseException):
            raise outcome
        if self._down is not None:
            raise self._down
        return outcome


class FakeTurns(Turns):
    """Makes each call on the event loop, after one turn of it."""

    def __init__(self, name: str, faults: Faults) -> None:
        self._name = name
        self._faults = faults
        self.closed = False

    async def run(self, call: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        hold = self._faults.turn(self._name)
        if hold is None:
            return call()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def make() -> None:
            try:
                value = call()
            except BaseException as error:
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(value)

        hold.then(make)
        return await answer

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True, slots=True)
class FakeWindow:
    """The words of a window."""

    words: tuple[AlignedWord, ...]
    seconds: float


class FakeRecognition:
    """A :class:`~translate.speech.engine.RecognitionEngine` of words that are coded in the samples."""

    multilingual = True

    def __init__(self, faults: Faults, languages: Sequence[str]) -> None:
        self._faults = faults
        self.languages = tuple(languages)
        self.spoken = self.languages[0]
        """What detection finds, if it is allowed."""

    def require(self, language: str) -> None:
        if language not in self.languages:
            raise LanguageError(f"the recognition model does not know {language!r}")

    def encode(self, audio: Samples) -> FakeWindow:
        self._faults.reached("encode")
        return FakeWindow(tuple(_words_in(audio)), len(audio) / RATE_HZ)

    def detect_language(self, window: FakeWindow, allowed: Sequence[str] = ()) -> tuple[str, float]:
        self._faults.reached("detect_language")
        return (self.spoken if not allowed or self.spoken in allowed else allowed[0]), 0.99

    def decode(self, window: FakeWindow, language: str, *, task: str = "transcribe", **options: Any) -> Heard:
        self._faults.reached("decode")
        if task == "transcribe":
            return Heard(window.words)
        return Heard(
            tuple(
                AlignedWord(
                    f" en{w.text.strip()}" if w.tokens[0] < WORDS else w.text, w.tokens, w.start_s, w.end_s, 0.99
                )
                for w in window.words
            )
        )


def _words_in(audio: Samples) -> Iterator[AlignedWord]:
    """The words of which at least half is in ``audio``."""
    codes = np.rint(np.abs(audio) * 32768).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    for start, end in pairwise(edges):
        if start == end or codes[start] < _FIRST_CODE or 2 * (end - start) < WORD_SAMPLES:
            continue
        number, ends = divmod(int(codes[start]) - _FIRST_CODE, 2)
        start_s, end_s = start / RATE_HZ, end / RATE_HZ
        yield AlignedWord(" " + word(number), (number,), start_s, end_s, 0.99)
        if ends:
            yield AlignedWord(".", (WORDS,), end_s, end_s, 0.99)


class FakeTranslation:
    """A translation engine of one target: ``badaba`` becomes ``esbadaba``, full stops stay."""

    multilingual = False
    after_words = 1

    def __init__(self, faults: Faults, sources: Sequence[str], target: str) -> None:
        self._faults = faults
        self._sources = sources
        self._target = target
        self.turns = FakeTurns(f"translation {target}", faults)

    def can(self, source: str, target: str) -> bool:
        return source in self._sources and target == self._target != source

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
        self._faults.reached(f"translate {target}")
        tokens: list[str] = []
        rests_on: list[int] = []
        end = 0
        for part in text.split():
            end = text.index(part, end) + len(part)
            bare = part.rstrip(".")
            if bare:
                tokens.append(f"▁{target}{bare.lower()}")
                rests_on.append(len(text[:end].encode()))
            if bare != part:
                tokens.append(".")
                rests_on.append(len(text[:end].encode()))
        tokens[: len(prefix_tokens)] = prefix_tokens
        rests_on += [len(text.encode())] * (len(tokens) - len(rests_on))
        found = "".join(tokens).replace("▁", " ").strip()
        if not align:
            return Translated(found, tuple(tokens), -0.1)
        return Translated(found, tuple(tokens), -0.1, tuple(rests_on), (0.0,) * len(tokens))

    def detokenize(self, tokens: Sequence[str]) -> str:
        self._faults.reached(f"detokenize {self._target}")
        return "".join(tokens).replace("▁", " ").strip()


class FakeDetector:
    """A voice activity detector: what is not zero is speech."""

    def __init__(self, config: VadConfig) -> None:
        self.gate = SpeechGate(config)
        self._rest: Samples = np.zeros(0, np.float32)
        self._position = 0

    def push(self, samples: Samples) -> Iterator[SpeechChange]:
        pending = np.concatenate([self._rest, samples])
        whole = len(pending) // FRAME * FRAME
        self._rest = pending[whole:]
        for start in range(0, whole, FRAME):
            heard = 1.0 if np.any(pending[start : start + FRAME]) else 0.0
            change = self.gate.push(heard, self._position)
            self._position += FRAME
            if change is not None:
                yield change


class FakeEngines(Engines):
    """Stands for :class:`~translate.inference.Engines`, with everything under the test's control.

    Args:
        config: settings of sessions.
        languages: what recognition knows; the first is what it detects.
        targets: languages with a translation model, from any of ``languages``.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        languages: Sequence[str] = ("en", "es", "de", "fr"),
        targets: Sequence[str] = ("en", "es", "de", "fr"),
    ) -> None:
        self.config = config or Config()
        self.faults = Faults()
        self._recognition = FakeRecognition(self.faults, languages)
        self.recognition_name = "fake"
        self.recognition_lanes = Lanes(1, 1, cores=1)
        self.recognition_turns = FakeTurns("recognition", self.faults)
        self.process = None
        self._translation = [FakeTranslation(self.faults, languages, target) for target in targets]
        self._pass_through = FakeTurns("pass-through", self.faults)
        self.closed = False

    @property
    def recognition(self) -> FakeRecognition:
        return self._recognition

    def capacity(self) -> Capacity:
        return Capacity(100.0, self.recognition_lanes)

    def targets(self, source: str) -> tuple[str, ...]:
        return tuple(target for target in reachable(source, self._translation, False) if target != source)

    def route(self, source: str, target: str) -> Route:
        return plan(source, target, self._translation, False)

    @property
    def glossary(self) -> Glossary:
        return Glossary()

    def turns(self, route: Route) -> Turns:
        if route.kind == "whisper":
            return self.recognition_turns
        engine = route.hops[0].engine if route.hops else None
        return engine.turns if isinstance(engine, FakeTranslation) else self._pass_through

    def detector(self, config: VadConfig) -> FakeDetector:
        return FakeDetector(config)

    def close(self) -> None:
        self.closed = True
