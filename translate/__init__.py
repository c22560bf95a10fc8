"""Sottovoce: live speech translation that runs wholly on the machine that hears it.

>>> session = translate.Session(translate.FileSource("talk.mp3"), spoken="es", targets=["en"])
>>> async for event in session: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from translate.names import on_demand

__version__ = "0.4.0"

if TYPE_CHECKING:
    from translate.audio import FileSource, MicrophoneSource, PcmSource, PushSource, list_devices
    from translate.config import Config, load_config
    from translate.errors import SottovoceError
    from translate.events import (
        AudioChunk,
        EndOfStream,
        Event,
        Lag,
        Marks,
        Notice,
        SpeechSpan,
        Transcript,
        Translation,
        Word,
    )
    from translate.inference import Engines
    from translate.own_process import prepare_process
    from translate.pipeline.session import Session

_WHERE = {
    "audio": ("FileSource", "MicrophoneSource", "PcmSource", "PushSource", "list_devices"),
    "config": ("Config", "load_config"),
    "inference": ("Engines",),
    "errors": ("SottovoceError",),
    "events": (
        "AudioChunk",
        "EndOfStream",
        "Event",
        "Lag",
        "Marks",
        "Notice",
        "SpeechSpan",
        "Transcript",
        "Translation",
        "Word",
    ),
    "own_process": ("prepare_process",),
    "pipeline.session": ("Session",),
}

__all__ = [
    "AudioChunk",
    "Config",
    "EndOfStream",
    "Engines",
    "Event",
    "FileSource",
    "Lag",
    "Marks",
    "MicrophoneSource",
    "Notice",
    "PcmSource",
    "PushSource",
    "Session",
    "SottovoceError",
    "SpeechSpan",
    "Transcript",
    "Translation",
    "Word",
    "__version__",
    "list_devices",
    "load_config",
    "prepare_process",
]

__getattr__ = on_demand(__name__, _WHERE)  # `sottovoce --version` should not load CTranslate2
