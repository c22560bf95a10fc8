"""Protects talks from mistakes in what only counts them."""

from __future__ import annotations

import logging
from types import TracebackType

__all__ = ["Guard"]

log = logging.getLogger(__name__)


class Guard:
    """Context manager: an exception inside is logged the first time and otherwise ignored.

    Args:
        what: what fails then, for the log.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_logged = False

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if not isinstance(error, Exception):
            return False
        if not self._is_logged:
            self._is_logged = True
            log.error("%s failed, and will not be logged again; talks go on", self._what, exc_info=error)
        return True
