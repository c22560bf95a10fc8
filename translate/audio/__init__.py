"""Sources of sound: microphone, file, raw PCM, and audio pushed in by a server; all are an :class:`AudioSource`."""

from __future__ import annotations

from translate.audio.devices import InputDevice, list_devices
from translate.audio.file import FileSource
from translate.audio.microphone import MicrophoneSource
from translate.audio.pcm import PcmSource
from translate.audio.push import PushSource
from translate.audio.source import AudioSource

__all__ = [
    "AudioSource",
    "FileSource",
    "InputDevice",
    "MicrophoneSource",
    "PcmSource",
    "PushSource",
    "list_devices",
]
