"""What recognition needs of an engine, wherever it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from translate.events import RATE_HZ, Samples
from translate.speech.hypothesis import Hypothesis

__all__ = ["MAX_WINDOW", "EncodedAudio", "RecognitionEngine", "Task"]

Task = Literal["transcribe", "translate"]
MAX_WINDOW = 29 * RATE_HZ
"""Samples of the longest window."""


class EncodedAudio(Protocol):
    """An encoded window of audio; what else it holds is its engine's business."""

    seconds: float
    """Length of the audio itself, without what the engine appends."""


class RecognitionEngine(Protocol):
    """What recognises speech: ``WhisperEngine`` in this process, ``RemoteWhisper`` in the engines' process.

    Every call blocks, may come from any thread, and depends on its arguments alone, so that one that was lost can be
    made again. A window belongs to the engine that encoded it.
    """

    multilingual: bool
    """Whether it knows more than English, and can put speech into English."""
    languages: tuple[str, ...]
    """Codes of the languages that it knows, sorted."""

    def require(self, language: str) -> None:
        """Raises LanguageError when the model does not know ``language``."""

    def encode(self, audio: Samples) -> EncodedAudio:
        """The window of ``audio``, of which the last :data:`MAX_WINDOW` samples count."""

    def detect_language(self, window: Any, allowed: Sequence[str] = ()) -> tuple[str, float]:
        """The likeliest language of ``window`` among ``allowed`` (empty: those that it hears well), and its share."""

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
        """The words of ``window``, with their places in it.

        Args:
            task: ``translate``: into English.
            prompt: tokens of what was said before the window (context only).
            beam_size: 1 for greedy search.
            max_tokens: bound on the result; it is what stops a loop.
        """
