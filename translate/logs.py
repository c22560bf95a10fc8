"""What the program says about itself: text on a terminal, else a JSON object a line, with the session it is about.

Never what was said: our own code logs no text, and libraries that would (websockets logs whole messages at DEBUG) are
not asked for more than warnings.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TextIO

from translate.config.groups import LogConfig
from translate.errors import SottovoceError

__all__ = ["JsonFormatter", "bound", "configure", "context"]

_NOTHING: Mapping[str, str] = MappingProxyType({})
_bound: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=_NOTHING)
_OWN = "translate"


def context() -> Mapping[str, str]:
    """What messages of this task are about, such as ``session`` and ``room``."""
    return _bound.get()


@contextmanager
def bound(**names: str) -> Iterator[None]:
    """Messages from inside, and from tasks started inside, carry ``names``."""
    token = _bound.set(MappingProxyType({**_bound.get(), **names}))
    try:
        yield
    finally:
        _bound.reset(token)


class _Formatter(logging.Formatter):
    """Leaves out what an unforeseen error says: it may quote what was said, which no log may hold."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  # the base class calls it so
        lines: list[str] = []
        error: BaseException | None = ei[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            is_for_people = isinstance(error, SottovoceError | OSError)
            lines[:0] = [
                *traceback.format_tb(error.__traceback__),
                f"{type(error).__name__}{f': {error}' if is_for_people else ''}\n",
            ]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "".join(lines).rstrip()


class JsonFormatter(_Formatter):
    """One JSON object: ``time`` (UTC), ``level``, ``logger``, ``message``, what is bound, and ``exception``."""

    def format(self, record: logging.LogRecord) -> str:
        """See :class:`logging.Formatter`."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {
            "time": when.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "bound", _NOTHING),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


class _TextFormatter(_Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        kept, record.exc_text = record.exc_text, None  # that of another handler has the error's words
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the base class calls it so
        names = getattr(record, "bound", _NOTHING)
        about = "".join(f" {name}={value}" for name, value in names.items())
        return super().formatMessage(record) + about


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that it can be found again; notes what is bound where the message was logged."""

    def emit(self, record: logging.LogRecord) -> None:
        record.bound = _bound.get()
        super().emit(record)


def configure(config: LogConfig, stream: TextIO | None = None) -> None:
    """Log as ``config`` says from now on, in place of what was said before.

    Args:
        config: least level of our own messages (libraries: warnings and errors), and their form.
        stream: where to; ``None``: standard error.
    """
    stream = stream or sys.stderr
    handler = _Handler(stream)
    as_json = config.format == "json" or (config.format == "auto" and not stream.isatty())
    handler.setFormatter(JsonFormatter() if as_json else _TextFormatter())
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(_OWN).setLevel(config.level.upper())
