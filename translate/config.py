"""Settings, in frozen groups; a TOML file is overridden by the environment, and that by flags.

An unknown key or a bad value raises :class:`~translate.errors.ConfigError` naming it, where it came from and what is
allowed. In the environment ``SOTTOVOCE_ASR_CADENCE_MS=400`` sets ``cadence_ms`` of ``[asr]``; variables whose first
word is no group (``SOTTOVOCE_CACHE``) are not settings.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translate.errors import ConfigError

__all__ = [
    "AsrConfig",
    "AudioConfig",
    "Config",
    "Limits",
    "MtConfig",
    "ServerConfig",
    "VadConfig",
    "load_config",
]

ENVIRONMENT_PREFIX = "SOTTOVOCE_"


_COMPUTE_TYPES = (
    "default", "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16",
    "float32",
)  # fmt: skip
_EXPECTED = {int: "a whole number", float: "a number", str: "a string"}


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


def load_config(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> Config:
    """The settings of ``path`` (TOML), the environment and ``flags``, each over the one before.

    Args:
        path: a TOML file with the groups as tables; ``None``: no file.
        environment: variables; ``None``: those of the process.
        flags: ``{group: {key: value}}``; a value of ``None`` means that the flag was not given.

    Raises:
        ConfigError: the file cannot be read, a key is unknown, or a value is bad.
    """
    layers: dict[str, dict[str, Any]] = {f.name: {} for f in dataclasses.fields(Config)}
    if path is not None:
        _apply(layers, _read_file(path), _Origin(str(path)))
    found = _from_environment(os.environ if environment is None else environment)
    _apply(layers, found, _Origin("the environment", variables=True, text=True))
    _apply(layers, flags or {}, _Origin("the command line", text=True))
    config = Config(**{name: dataclasses.replace(getattr(Config(), name), **values) for name, values in layers.items()})
    _check_together(config)
    return config


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where values came from."""

    name: str
    variables: bool = False
    """Values are named as environment variables."""
    text: bool = False
    """Numbers and lists may be written as strings."""

    def of(self, group: str, key: str) -> str:
        """What a message calls a setting."""
        if self.variables:
            return _named(f"{ENVIRONMENT_PREFIX}{group}_{key}".upper().rstrip("_"))
        return f"{self.name}: {_named(f'{group}.{key}')}"


def _apply(layers: dict[str, dict[str, Any]], values: Mapping[str, Any], origin: _Origin) -> None:
    for group, keys in values.items():
        if group not in layers:
            raise ConfigError(f"{origin.name}: unknown group [{_named(group)}]; known: {', '.join(layers)}")
        if not isinstance(keys, Mapping):
            raise ConfigError(f"{origin.name}: [{group}] must be a table of settings, not {_shown(keys)}")
        known = _settings_of(group)
        for key, value in keys.items():
            name = origin.of(group, key)
            if key not in known:
                raise ConfigError(f"{name} is not a setting; [{group}] knows: {', '.join(sorted(known))}")
            if value is not None:
                layers[group][key] = _checked(name, *known[key], value, text=origin.text)


def _check_together(config: Config) -> None:
    """Values that are good alone and not together."""
    vad, asr = config.vad, config.asr
    if vad.release > vad.threshold:
        raise ConfigError(f"vad.release ({vad.release}) must not be above vad.threshold ({vad.threshold})")
    if asr.keep_ms > asr.window_ms:
        raise ConfigError(f"asr.keep_ms ({asr.keep_ms}) must not be above asr.window_ms ({asr.window_ms})")


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # editors on Windows write a byte order mark
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not TOML: it is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number or a nesting past Python's limits
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    groups = {f.name for f in dataclasses.fields(Config)}
    found: dict[str, dict[str, Any]] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        group, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
        if group in groups:
            found.setdefault(group, {})[key] = text
    return found


def _settings_of(group: str) -> dict[str, tuple[Any, Mapping[str, Any]]]:
    """Type and rules of every setting of a group."""
    kind = type(getattr(Config(), group))
    hints = typing.get_type_hints(kind)
    return {f.name: (hints[f.name], f.metadata) for f in dataclasses.fields(kind)}


def _checked(name: str, kind: Any, rules: Mapping[str, Any], value: Any, *, text: bool) -> Any:
    if isinstance(kind, types.UnionType):  # "str | None": what is given is never None
        kind = next(part for part in kind.__args__ if part is not type(None))
    try:
        converted = _converted(kind, value, text=text)
    except (TypeError, ValueError, OverflowError):
        expected = _EXPECTED.get(kind, "a list of strings")
        raise ConfigError(f"{name} must be {expected}, not {_shown(value)} ({rules['doc']})") from None
    low, high, choices = rules["low"], rules["high"], rules["choices"]
    if (low is not None and converted < low) or (high is not None and converted > high):
        raise ConfigError(f"{name} must be from {low} to {high}, not {_shown(value)} ({rules['doc']})")
    if choices and converted not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {_shown(value)} ({rules['doc']})")
    return converted


def _converted(kind: Any, value: Any, *, text: bool) -> Any:
    if typing.get_origin(kind) is tuple:
        parts = value.split(",") if text and isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
            raise TypeError
        return tuple(part.strip() for part in parts if part.strip())
    if kind is str:
        if not isinstance(value, str):
            raise TypeError
        return value
    numbers = (int, float) if kind is float else (int,)
    if isinstance(value, bool) or not isinstance(value, (*numbers, str) if text else numbers):
        raise TypeError
    number = kind(value)
    if number != number:  # NaN passes every comparison
        raise ValueError
    return number


def _named(name: str) -> str:
    """``name`` as a message may show it."""
    return name if name.isprintable() and len(name) <= 60 else _shown(name)


def _shown(value: Any) -> str:
    """``value`` as a message may show it: on one line, and not long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number far too large"
    return text if len(text) <= 60 else text[:57] + "..."
