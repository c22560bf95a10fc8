"""The same model with all the time in the world: whole recordings through faster-whisper, as its users run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from translate.config import AsrConfig
from translate.events import Samples, Word
from translate.speech.threads import threads_for

__all__ = ["OfflineModel"]


class OfflineModel:
    """faster-whisper on a model folder: encodes 30 s whatever the length, beam 5, temperature fallback.

    Args:
        folder: a CTranslate2 Whisper folder, the one that the streaming recognizer runs on.
        config: compute type and threads, the same too.
    """

    def __init__(self, folder: Path, config: AsrConfig) -> None:
        from faster_whisper import WhisperModel

        threads = threads_for(folder, config.threads)
        self._model: Any = WhisperModel(
            str(folder), device="cpu", compute_type=config.compute_type, cpu_threads=threads, local_files_only=True
        )

    def text(self, samples: Samples, lang: str) -> str:
        """What is said in a whole recording."""
        segments, _ = self._model.transcribe(samples, language=lang, beam_size=5)
        return " ".join(segment.text.strip() for segment in segments)

    def words(self, samples: Samples, lang: str, prompt: str = "") -> list[Word]:
        """The words of ``samples`` with times from its start, given the text before it as context."""
        segments, _ = self._model.transcribe(
            samples, language=lang, beam_size=5, word_timestamps=True, initial_prompt=prompt or None
        )
        return [
            Word(word.word, round(word.start * 1000), round(word.end * 1000), float(word.probability))
            for segment in segments
            for word in segment.words or ()
        ]
