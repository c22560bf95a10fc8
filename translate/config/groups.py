"""Every setting, in frozen groups, with its unit, default and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["AsrConfig", "AudioConfig", "Config", "Limits", "MtConfig", "ServerConfig", "VadConfig"]

_COMPUTE_TYPES = (
    "default", "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16",
    "float32",
)  # fmt: skip


def _setting(
    default: Any, doc: str, *, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    return field(default=default, metadata={"doc": doc, "low": low, "high": high, "choices": choices})


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConfig:
    """Where sound comes from."""

    device: str | None = _setting(None, "part of the name of the input device; none: the system's default")
    chunk_ms: int = _setting(32, "length of the chunks that a source hands on", low=10, high=500)
    reopen_ms: int = _setting(1000, "pause between tries to reopen a device that went away", low=50, high=60_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class VadConfig:
    """When somebody speaks (Silero)."""

    threshold: float = _setting(0.5, "speech probability that opens a span", low=0.05, high=0.95)
    release: float = _setting(0.35, "speech probability under which a span may close", low=0.01, high=0.95)
    min_speech_ms: int = _setting(96, "speech needed to open a span", low=32, high=2000)
    min_silence_ms: int = _setting(600, "silence that closes a span", low=100, high=5000)
    pad_ms: int = _setting(300, "audio kept from before a span opened", low=0, high=2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsrConfig:
    """Recognition (CTranslate2 Whisper)."""

    model: str = _setting("whisper-base", "model name of the catalog, or the path of a CTranslate2 Whisper folder")
    compute_type: str = _setting("int8", "CTranslate2 compute type", choices=_COMPUTE_TYPES)
    threads: int = _setting(0, "threads of one inference; 0: the number of cores, at most 4", low=0, high=64)
    cadence_ms: int = _setting(400, "new audio that is worth another update", low=100, high=5000)
    agreed_margin_ms: int = _setting(
        100, "a word seen twice is committed this long before the audio ends", low=0, high=3000
    )
    margin_ms: int = _setting(400, "a word seen once is committed this long before the audio ends", low=0, high=3000)
    sure_probability: float = _setting(
        0.6, "a word seen once is committed only with at least this probability", low=0, high=1
    )
    pad_ms: int = _setting(2000, "silence appended to every window, so that the decoder stops", low=0, high=10_000)
    window_ms: int = _setting(6000, "window length from which on it is cut at a committed word", low=2000, high=28_000)
    keep_ms: int = _setting(3000, "least audio that a cut leaves in the window", low=500, high=20_000)
    min_sentence_ms: int = _setting(1500, "a sentence shorter than this is joined to the next", low=0, high=20_000)
    max_segment_ms: int = _setting(
        20_000, "a segment is closed at this length even in mid-sentence", low=5000, high=25_000
    )
    context_tokens: int = _setting(40, "tokens of text before the window given as context", low=0, high=64)
    final_beam_size: int = _setting(5, "beam of the last decoding of a segment", low=1, high=16)
    hotwords: tuple[str, ...] = _setting((), "names and terms that the recognizer should prefer")
    allowed_languages: tuple[str, ...] = _setting((), "languages that detection may choose; empty: all of the model's")


@dataclass(frozen=True, slots=True, kw_only=True)
class MtConfig:
    """Translation (CTranslate2)."""

    compute_type: str = _setting("int8", "CTranslate2 compute type", choices=_COMPUTE_TYPES)
    threads: int = _setting(1, "threads of one inference", low=1, high=64)
    beam_size: int = _setting(4, "beam of the final translation of a segment", low=1, high=16)
    max_tokens: int = _setting(256, "longest translation of one segment, in tokens", low=16, high=1024)
    models: tuple[str, ...] = _setting((), "model folders to use beside the installed ones")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """The service."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8765, "port for pages and WebSocket; 0: any free one", low=0, high=65_535)
    origins: tuple[str, ...] = _setting((), "further web origins that may connect, beside the service's own pages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of queues and messages; nothing in the service grows past them."""

    sessions: int = _setting(4, "speakers at once", low=1, high=1000)
    connections: int = _setting(256, "WebSocket connections at once", low=1, high=100_000)
    text_frame_bytes: int = _setting(16_384, "largest JSON message accepted", low=1024, high=1_048_576)
    audio_frame_bytes: int = _setting(262_144, "largest binary frame accepted", low=4096, high=16_777_216)
    ahead_ms: int = _setting(
        10_000, "audio waiting for recognition before its source is held back", low=500, high=60_000
    )
    lag_ms: int = _setting(2_000, "delay of a stage from which on it is reported", low=100, high=60_000)
    events: int = _setting(256, "events waiting for one reader", low=16, high=65_536)
    replay_events: int = _setting(2_000, "events kept for resuming", low=16, high=1_000_000)
    resume_ms: int = _setting(5_000, "time that a dropped speaker or an empty room is waited for", low=0, high=600_000)
    hello_ms: int = _setting(5_000, "time a client has for its hello", low=100, high=60_000)
    send_ms: int = _setting(10_000, "time after which a client that does not read is dropped", low=100, high=120_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that can be set."""

    audio: AudioConfig = AudioConfig()
    vad: VadConfig = VadConfig()
    asr: AsrConfig = AsrConfig()
    mt: MtConfig = MtConfig()
    server: ServerConfig = ServerConfig()
    limits: Limits = Limits()
