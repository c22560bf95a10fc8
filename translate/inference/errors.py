"""Errors of the engines' process."""

from __future__ import annotations

from translate.errors import SottovoceError

__all__ = ["NotKeptError", "WorkerError", "WorkerStopped"]


class WorkerError(SottovoceError):
    """The engines' process died or hung again and again on the same call, which was given up."""

    code = "worker"
    retryable = True


class WorkerStopped(SottovoceError):
    """The engines, or their process, were stopped by us; nothing can be asked of them any more."""

    code = "stopping"
    retryable = True


class NotKeptError(SottovoceError):
    """This child does not keep the object that a call names: an earlier child kept it, or it was forgotten.

    Who asked makes the object again, and then the call. It reaches no person.
    """

    code = "not_kept"
    retryable = True
