"""Sottovoce: live speech translation that runs wholly on the machine that hears it.

>>> session = translate.Session(translate.FileSource("talk.mp3"), spoken="es", targets=["en"])
>>> async for event in session: ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

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


def __getattr__(name: str) -> Any:
    """Public names, imported when first used: ``sottovoce --version`` should not load CTranslate2."""
    if name not in _MODULES:
        raise AttributeError(f"module 'translate' has no attribute {name!r}")
    return getattr(import_module(f"translate.{_MODULES[name]}"), name)
