"""Every setting, in frozen groups, with its unit, default and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "AsrConfig",
    "AudioConfig",
    "Config",
    "Limits",
    "LogConfig",
    "MtConfig",
    "ServerConfig",
    "ServiceConfig",
    "TranscriptsConfig",
    "VadConfig",
]

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

    device: str | None = _setting(
        None, "part of the name of the input device, or a pattern (USB*); none: the system's default"
    )
    chunk_ms: int = _setting(32, "length of the chunks that a source hands on", low=10, high=500)
    reopen_ms: int = _setting(1000, "pause between tries to reopen a device that went away", low=50, high=60_000)
    await_device: bool = _setting(
        False, "wait for a device that is not there at the start, as for one that goes; else that is an error"
    )
    muted_ms: int = _setting(
        15_000, "nothing but zeros for so long means that the device is muted; 0: never", low=0, high=3_600_000
    )


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
    threads: int = _setting(
        0, "threads of one inference; 0: one for models up to base, else the cores, at most 4", low=0, high=64
    )
    cadence_ms: int = _setting(400, "new audio that is worth another update", low=100, high=5000)
    agreed_margin_ms: int = _setting(
        50, "a sure word seen twice is committed this long before the audio ends", low=0, high=3000
    )
    margin_ms: int = _setting(
        100, "a sure word seen once is committed this long before the audio ends", low=0, high=3000
    )
    doubt_margin_ms: int = _setting(
        2000, "an unsure word is committed later by this times the probability that it lacks to 0.95", low=0, high=5000
    )
    longest_margin_ms: int = _setting(1000, "no word is held back longer than this for being unsure", low=0, high=5000)
    early_margin_ms: int = _setting(
        300, "a word in the first second of a window is committed later by this", low=0, high=3000
    )
    sure_probability: float = _setting(
        0.85, "a word seen once with less than this probability waits for the longest margin", low=0, high=1
    )
    pause_probability: float = _setting(
        0.8, "at a pause, words are committed at once with at least this probability", low=0, high=1
    )
    beam_size: int = _setting(1, "beam of the updates", low=1, high=16)
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
    prefer_direct: bool = _setting(
        False,
        "to English by Whisper's own translation even if a text model could: often better, and later",
    )
    glossary: str | None = _setting(None, "TSV file of names and terms that come out as written; none: no glossary")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """The service."""

    host: str = _setting("127.0.0.1", "address of the plain port; other than loopback: tokens are asked for")
    port: int = _setting(8765, "port for pages and WebSocket; 0: any free one", low=0, high=65_535)
    origins: tuple[str, ...] = _setting((), "further web origins that may connect, beside the service's own pages")
    isolated: bool = _setting(True, "run the models in a child process that is started again when it dies or hangs")
    lan: bool = _setting(False, "open the service to other devices: HTTPS on all addresses, tokens, found by name")
    secure_port: int = _setting(8766, "port for HTTPS, with lan; 0: any free one", low=0, high=65_535)
    plain_listeners: bool = _setting(False, "with lan: listeners (nobody else) may come over plain HTTP, too")
    announce: bool = _setting(True, "with lan: tell the network by mDNS that the service is there")
    name: str | None = _setting(None, "what the service is called on the network; none: the host's name")
    link_host: str | None = _setting(
        None,
        "where links and QR codes lead: NAME, NAME:PORT (HTTPS) or a reverse proxy's URL; none: this machine's address",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of queues and messages; nothing in the service grows past them."""

    sessions: int = _setting(0, "speakers at once; 0: as many as this machine was measured to hold", low=0, high=1000)
    call_ms: int = _setting(
        60_000, "time after which a call of a model hangs, and its process is started again", low=1000, high=600_000
    )
    connections: int = _setting(4096, "WebSocket connections at once", low=1, high=100_000)
    paint_reports: int = _setting(32, "clients that are asked when texts are on their screens", low=0, high=10_000)
    text_frame_bytes: int = _setting(16_384, "largest JSON message accepted", low=1024, high=1_048_576)
    audio_frame_bytes: int = _setting(262_144, "largest binary frame accepted", low=4096, high=16_777_216)
    ahead_ms: int = _setting(
        10_000, "audio waiting for recognition before its source is held back", low=500, high=60_000
    )
    lag_ms: int = _setting(2_000, "delay of a stage from which on it is reported", low=100, high=60_000)
    events: int = _setting(256, "events waiting for one reader", low=16, high=65_536)
    replay_events: int = _setting(2_000, "events kept for resuming", low=16, high=1_000_000)
    backfill_segments: int = _setting(
        30, "finished segments translated afterwards for who asks for a language nobody read; 0: none", low=0, high=1000
    )
    resume_ms: int = _setting(5_000, "time that a dropped speaker or an empty room is waited for", low=0, high=600_000)
    hello_ms: int = _setting(5_000, "time a client has for its hello", low=100, high=60_000)
    connects_per_s: int = _setting(
        50, "connections a second that one address may open in the long run, ten seconds' worth at once",
        low=1, high=100_000,
    )  # fmt: skip
    unfinished: int = _setting(
        512, "connections that have not become a WebSocket yet; more wait outside", low=8, high=100_000
    )
    unfinished_per_address: int = _setting(64, "the same of one address; the oldest gives way", low=4, high=100_000)
    failed_tokens: int = _setting(20, "wrong tokens a minute that one address hears the reason of", low=1, high=10_000)
    send_ms: int = _setting(10_000, "time after which a client that does not read is dropped", low=100, high=120_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptsConfig:
    """Transcripts on disk, only when a folder is named: what was said, in every language that was read."""

    folder: str | None = _setting(None, "where transcripts are written; none: nothing of what is said is kept")
    formats: tuple[str, ...] = _setting(
        ("txt", "jsonl"), "files of each session and language", choices=("srt", "vtt", "txt", "jsonl")
    )
    retention_days: int = _setting(30, "age at which a transcript is deleted; 0: never", low=0, high=36_500)
    max_mb: int = _setting(500, "size of all transcripts above which the oldest are deleted", low=1, high=10_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """What the program says about itself, on standard error; never what was said."""

    level: str = _setting("warning", "least weight of a message", choices=("debug", "info", "warning", "error"))
    format: str = _setting(
        "auto",
        "form of a message; auto: text on a terminal, else a JSON object a line",
        choices=("auto", "text", "json"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """Running unattended."""

    stuck_ms: int = _setting(
        60_000,
        "work that stands still for so long is stuck: not ready, and systemd starts anew",
        low=5000,
        high=3_600_000,
    )
    busy_core_w: float = _setting(
        10.0, "power of one busy core, where the processor does not tell what it uses", low=0.1, high=1000
    )
    prices: str | None = _setting(
        None, "file of cloud prices (TOML) that the operator's page compares with; none: the examples that ship"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that can be set."""

    audio: AudioConfig = AudioConfig()
    vad: VadConfig = VadConfig()
    asr: AsrConfig = AsrConfig()
    mt: MtConfig = MtConfig()
    server: ServerConfig = ServerConfig()
    limits: Limits = Limits()
    transcripts: TranscriptsConfig = TranscriptsConfig()
    log: LogConfig = LogConfig()
    service: ServiceConfig = ServiceConfig()
