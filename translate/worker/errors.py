"""Errors of the engines' process."""

from __future__ import annotations

from translate.errors import SottovoceError

__all__ = ["WorkerError"]


class WorkerError(SottovoceError):
    """The engines' process died or hung again and again on the same call, or cannot be started."""

    code = "worker"
    retryable = True
