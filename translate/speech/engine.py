"""What recognition needs of an engine, wherever it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from translate.events import Samples
from translate.speech.hypothesis import Hypothesis

__all__ = ["EncodedAudio", "RecognitionEngine", "Task"]

Task = Literal["transcribe", "translate"]


class EncodedAudio(Protocol):
    """An encoded window; what else it holds is its engine's business."""

    seconds: float
    """Length of the audio itself."""


class RecognitionEngine(Protocol):
    """A Whisper model: ``WhisperEngine``, or ``RemoteWhisper`` of the engines' process."""

    multilingual: bool
    languages: tuple[str, ...]

    def require(self, language: str) -> None:
        """Raises LanguageError when the model does not know ``language``."""

    def encode(self, audio: Samples) -> EncodedAudio:
        """See :meth:`WhisperEngine.encode`."""

    def detect_language(self, window: Any, allowed: Sequence[str] = ()) -> tuple[str, float]:
        """See :meth:`WhisperEngine.detect_language`; ``window`` is what :meth:`encode` gave."""

    def decode(
        self,
        window: Any,
        language: str,
        *,
        task: Task = "transcribe",
        prompt: Sequence[int] = (),
        beam_size: int = 1,
        max_tokens: int,
    ) -> Hypothesis:
        """See :meth:`WhisperEngine.decode`; ``window`` is what :meth:`encode` gave."""
