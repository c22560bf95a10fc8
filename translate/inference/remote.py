"""Engines as the pipeline knows them, each call of which is made in the engines' process."""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from translate.errors import LanguageError
from translate.events import RATE_HZ, Samples
from translate.inference.errors import NotKeptError, WorkerError
from translate.inference.messages import Call, Kept
from translate.inference.process import EngineProcess
from translate.speech.hypothesis import Hypothesis as Heard
from translate.translation.decoding import Decoded
from translate.translation.tokenizer import Encoded

__all__ = ["RemoteDecoder", "RemoteWhisper", "RemoteWindow"]

_TRIES: Final = 3


class RemoteWindow:
    """An encoded window that lives in the child; its audio stays here, to be encoded again in the next child."""

    def __init__(self, audio: Samples, kept: Kept) -> None:
        self.audio = audio
        self.seconds = len(audio) / RATE_HZ
        self.kept = kept


class RemoteWhisper:
    """:class:`~translate.speech.whisper.WhisperEngine` in the engines' process.

    Args:
        process: it.
        name: of the engine there.

    Raises:
        ModelDamaged: the folder is not a Whisper model that can be loaded.
    """

    def __init__(self, process: EngineProcess, name: str) -> None:
        self._process = process
        self._name = name
        self._forgotten: deque[int] = deque()  # appended by finalizers, which may run in any thread
        facts = process.call(name, Call(attributes=("multilingual", "languages")))
        self.multilingual: bool = facts["multilingual"]
        self.languages: tuple[str, ...] = facts["languages"]

    def require(self, language: str) -> None:
        """Raises LanguageError when the model does not know ``language``."""
        if language not in self.languages:
            known = "only English" if not self.multilingual else f"{len(self.languages)} languages"
            raise LanguageError(f"the recognition model does not know {language!r}; it knows {known}")

    def encode(self, audio: Samples) -> RemoteWindow:
        """See :meth:`WhisperEngine.encode`."""
        window = RemoteWindow(audio, self._encoded(audio))
        self._forget_with(window)
        return window

    def detect_language(self, window: RemoteWindow, allowed: Sequence[str] = ()) -> tuple[str, float]:
        """See :meth:`WhisperEngine.detect_language`."""
        found: tuple[str, float] = self._with(window, "detect_language", tuple(allowed))
        return found

    def decode(self, window: RemoteWindow, language: str, **options: Any) -> Heard:
        """See :meth:`WhisperEngine.decode`."""
        heard: Heard = self._with(window, "decode", language, **options)
        return heard

    def _encoded(self, audio: Samples) -> Kept:
        kept: Kept = self._process.call(self._name, Call("encode", (audio,), keep=True, forget=self._to_forget()))
        return kept

    def _forget_with(self, window: RemoteWindow) -> None:
        weakref.finalize(window, self._forgotten.append, window.kept.number)

    def _with(self, window: RemoteWindow, method: str, *args: Any, **kwargs: Any) -> Any:
        for _ in range(_TRIES):  # a child may die between encoding and use, or of the use
            try:
                return self._process.call(self._name, Call(method, (window.kept, *args), kwargs))
            except NotKeptError:
                window.kept = self._encoded(window.audio)
                self._forget_with(window)
        raise WorkerError(f"the engines' process died {_TRIES} times on one {method} call; that call was given up")

    def _to_forget(self) -> tuple[int, ...]:
        taken = []
        with contextlib.suppress(IndexError):  # another thread may take the last
            while True:
                taken.append(self._forgotten.popleft())
        return tuple(taken)


class RemoteDecoder:
    """The :class:`~translate.translation.decoding.Decoder` of a model in the engines' process.

    Tokens go there and tokens come back; text is made of them on this side, which costs no round trip.
    """

    def __init__(self, process: EngineProcess, name: str) -> None:
        self._process = process
        self._name = name

    def decode(self, batch: Sequence[Encoded], prefixes: Sequence[Sequence[str]], **options: Any) -> list[Decoded]:
        """See :meth:`Decoder.decode`."""
        call = Call("decode", (tuple(batch), tuple(map(tuple, prefixes))), options)
        found: list[Decoded] = self._process.call(self._name, call)
        return found
