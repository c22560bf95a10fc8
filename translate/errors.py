"""Errors that a person is meant to read: one line that says what is wrong and what to do about it."""

from __future__ import annotations

__all__ = [
    "AudioError",
    "Busy",
    "ConfigError",
    "DeviceError",
    "LanguageError",
    "MissingModel",
    "ModelDamaged",
    "NoRouteError",
    "NotAllowedError",
    "ProtocolError",
    "SottovoceError",
    "StateError",
]


class SottovoceError(Exception):
    """Base of every error of ours. ``str(error)`` is one line for a person; ``code`` is one word for a program."""

    code = "internal"
    exit_status = 1
    """What the command line exits with."""
    close_code = 1011
    """What a WebSocket is closed with when the error ends its session (RFC 6455 and docs/PROTOCOL.md)."""
    retryable = False
    retry_after_s: float | None = None
    """When another try may help, in seconds from now; ``None``: nobody knows."""


class ConfigError(SottovoceError):
    """A flag, an environment variable or a key of the configuration file is unknown or has a bad value."""

    code = "bad_config"
    exit_status = 2
    close_code = 4400


class LanguageError(ConfigError):
    """A language is unknown, or no installed model can do the pair."""

    code = "bad_language"


class NoRouteError(LanguageError):
    """Both languages are known, but no model on this machine gets from one to the other."""

    code = "missing_model"
    exit_status = 3
    close_code = 4404


class StateError(ConfigError):
    """The folder of keys and tokens cannot be used, or what lies in it is damaged or not private."""

    code = "bad_state"


class AudioError(SottovoceError):
    """Audio cannot be read: missing, empty, truncated before any sample, not audio, a wrong rate or an odd length."""

    code = "bad_audio"
    exit_status = 2
    close_code = 4400


class DeviceError(SottovoceError):
    """A sound device or its driver is missing."""

    code = "device"
    exit_status = 2
    retryable = True


class MissingModel(SottovoceError):
    """A model is not on this machine; the message names the command that gets it."""

    code = "missing_model"
    exit_status = 3
    close_code = 4404


class ModelDamaged(MissingModel):
    """A model file differs from its recorded SHA-256 or cannot be loaded."""

    code = "model_damaged"


class ProtocolError(SottovoceError):
    """The peer sent what the protocol does not allow."""

    code = "bad_message"
    exit_status = 2
    close_code = 4400


class Busy(SottovoceError):
    """No capacity for another session now.

    Args:
        message: why; when to try again is added to it.
        retry_after_s: when, in seconds; ``None``: nobody knows.
    """

    code = "busy"
    close_code = 1013
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message if retry_after_s is None else f"{message}; try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class NotAllowedError(SottovoceError):
    """The token is missing, forged, expired, revoked, or of another role or room."""

    code = "not_allowed"
    close_code = 4401
