"""Settings, in frozen groups; a TOML file is overridden by the environment, and that by flags.

An unknown key or a bad value raises :class:`~translate.errors.ConfigError` naming it, where it came from and what is
allowed. In the environment ``SOTTOVOCE_ASR_CADENCE_MS=400`` sets ``cadence_ms`` of ``[asr]``; variables whose first
word is no group (``SOTTOVOCE_CACHE``) are not settings.
"""

from translate.config.groups import (
    AsrConfig,
    AudioConfig,
    Config,
    Limits,
    LogConfig,
    MtConfig,
    ServerConfig,
    ServiceConfig,
    TranscriptsConfig,
    VadConfig,
)
from translate.config.load import load_config

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
    "load_config",
]
