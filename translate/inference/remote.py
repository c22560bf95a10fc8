"""Engines as the pipeline knows them, each call of which is made in the engines' process."""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from translate.errors import LanguageError
from translate.events import RATE_HZ, Samples
from translate.inference.errors import WorkerError
from translate.inference.messages import Call, Kept
from translate.inference.supervisor import Worker
from translate.speech.hypothesis import Hypothesis as Heard
from translate.translation.engine import Hypothesis as Translated

__all__ = ["RemoteTranslation", "RemoteWhisper", "RemoteWindow"]

_TRIES: Final = 3


class RemoteWindow:
    """An encoded window that lives in the child; its audio stays here, to be encoded again in the next child."""

    def __init__(self, audio: Samples) -> None:
        self.audio = audio
        self.seconds = len(audio) / RATE_HZ
        self.epoch = 0
        self.kept: Kept | None = None


class RemoteWhisper:
    """:class:`~translate.speech.whisper.WhisperEngine` in the engines' process.

    Args:
        worker: it.
        name: of the engine there.

    Raises:
        ModelDamaged: the folder is not a Whisper model that can be loaded.
    """

    def __init__(self, worker: Worker, name: str) -> None:
        self._worker = worker
        self._name = name
        self._forgotten: deque[tuple[int, int]] = deque()  # appended by finalizers, which may run in any thread
        facts = worker.call(name, lambda epoch: Call(attributes=("multilingual", "languages")))
        self.multilingual: bool = facts["multilingual"]
        self.languages: tuple[str, ...] = facts["languages"]

    def require(self, language: str) -> None:
        """Raises LanguageError when the model does not know ``language``."""
        if language not in self.languages:
            known = "only English" if not self.multilingual else f"{len(self.languages)} languages"
            raise LanguageError(f"the recognition model does not know {language!r}; it knows {known}")

    def encode(self, audio: Samples) -> RemoteWindow:
        """See :meth:`WhisperEngine.encode`."""
        window = RemoteWindow(audio)
        self._encode(window)
        return window

    def detect_language(self, window: RemoteWindow, allowed: Sequence[str] = ()) -> tuple[str, float]:
        """See :meth:`WhisperEngine.detect_language`."""
        found: tuple[str, float] = self._with(window, "detect_language", tuple(allowed))
        return found

    def decode(self, window: RemoteWindow, language: str, **options: Any) -> Heard:
        """See :meth:`WhisperEngine.decode`."""
        heard: Heard = self._with(window, "decode", language, **options)
        return heard

    def _encode(self, window: RemoteWindow) -> None:
        def call(epoch: int) -> Call:
            window.epoch = epoch
            return Call("encode", (window.audio,), keep=True, forget=self._to_forget(epoch))

        kept = window.kept = self._worker.call(self._name, call)
        weakref.finalize(window, self._forgotten.append, (window.epoch, kept.number))

    def _with(self, window: RemoteWindow, method: str, *args: Any, **kwargs: Any) -> Any:
        def call(epoch: int) -> Call:
            if window.epoch != epoch:
                raise _GoneError
            return Call(method, (window.kept, *args), kwargs)

        for _ in range(_TRIES):  # a child may die between encoding and use, or of the use
            try:
                return self._worker.call(self._name, call)
            except _GoneError:
                self._encode(window)
        raise WorkerError(f"the engines' process died {_TRIES} times on one {method} call; that call was given up")

    def _to_forget(self, epoch: int) -> tuple[int, ...]:
        taken = []
        with contextlib.suppress(IndexError):  # another thread may take the last
            while True:
                taken.append(self._forgotten.popleft())
        return tuple(number for of_epoch, number in taken if of_epoch == epoch)


class _GoneError(Exception):
    """The window was encoded in a child that is gone."""


class RemoteTranslation:
    """:class:`~translate.translation.engine.TranslationEngine` in the engines' process; loaded at its first call."""

    def __init__(self, worker: Worker, name: str) -> None:
        self._worker = worker
        self._name = name

    def translate(self, text: str, **options: Any) -> Translated:
        """See :meth:`TranslationEngine.translate`."""
        found: Translated = self._worker.call(self._name, lambda epoch: Call("translate", (text,), options))
        return found

    def detokenize(self, tokens: Sequence[str]) -> str:
        """See :meth:`TranslationEngine.detokenize`."""
        text: str = self._worker.call(self._name, lambda epoch: Call("detokenize", (tuple(tokens),)))
        return text
