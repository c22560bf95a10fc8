"""Decoded clips, and the embedded Whisper base as the recognizer runs it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from translate.config import AsrConfig
from translate.events import Samples
from translate.registry import resolve
from translate.speech.whisper import WhisperEngine


@pytest.fixture(scope="session")
def samples_of(clips) -> Callable[[str], Samples]:
    """The samples of a clip by its name."""

    def samples(name: str) -> Samples:
        return np.asarray(decode_audio(str(clips[name].path)), np.float32)

    return samples


@pytest.fixture(scope="session")
def whisper_base() -> WhisperEngine:
    return WhisperEngine(resolve("whisper-base", kind="whisper").path, AsrConfig())
