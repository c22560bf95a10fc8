"""Errors of the engines' process."""

from __future__ import annotations

from translate.errors import SottovoceError

__all__ = ["WorkerError", "WorkerStopped"]


class WorkerError(SottovoceError):
    """The engines' process died or hung again and again on the same call, which was given up."""

    code = "worker"
    retryable = True


class WorkerStopped(SottovoceError):
    """The engines' process was stopped by us; nothing can be asked of it any more."""

    code = "stopping"
    retryable = True
