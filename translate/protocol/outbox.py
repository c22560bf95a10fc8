"""What one client has not been sent yet: bounded, and never at the cost of committed text."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Hashable

from translate.errors import SottovoceError
from translate.events import Lag, Notice, SpeechSpan, Transcript, Translation
from translate.protocol.log import text_key
from translate.protocol.messages import Audience, ServerMessage
from translate.protocol.parcel import Parcel
from translate.protocol.status import Status

__all__ = ["Outbox", "SlowReaderError"]


class SlowReaderError(SottovoceError):
    """The client reads so slowly that committed text would have to be dropped."""

    code = "too_slow"
    close_code = 4408
    retryable = True


class Outbox:
    """Messages for one client, oldest first.

    Of a text only the newest revision waits (``committed`` of a later one begins with that of an earlier one, so only
    tails are lost), of a kind of status only the newest. When too much waits all the same, the oldest texts without
    anything committed go, then status; then the outbox is full.

    Args:
        capacity: most messages that may wait.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: OrderedDict[Hashable, Parcel] = OrderedDict()
        self._serial = itertools.count()
        self.merged = 0
        """Messages that were never sent because a newer one took their place."""

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, parcel: Parcel) -> None:
        """Adds a message as the newest.

        Raises:
            SlowReaderError: as many messages wait as may, and none of them can be dropped.
        """
        key = self._key(parcel.message)
        if self._waiting.pop(key, None) is not None:
            self.merged += 1
        elif len(self._waiting) >= self._capacity and not self._drop_one():
            raise SlowReaderError("this client reads too slowly; it may come back and resume")
        self._waiting[key] = parcel

    def pop(self) -> Parcel:
        """Takes the oldest message out. Raises ``KeyError`` when there is none."""
        return self._waiting.popitem(last=False)[1]

    def _key(self, message: ServerMessage) -> Hashable:
        match message:
            case Transcript() | Translation():
                return text_key(message)
            case SpeechSpan():
                return "speech"
            case Lag():
                return ("lag", message.stage, message.lang)
            case Notice():
                return ("notice", message.code, message.lang)
            case Status():
                return "status"
            case Audience():
                return "audience"
            case _:
                return next(self._serial)

    def _drop_one(self) -> bool:
        for droppable in (_is_tail, _is_status):
            for key, waiting in self._waiting.items():
                if droppable(waiting.message):
                    del self._waiting[key]
                    self.merged += 1
                    return True
        return False


def _is_tail(message: ServerMessage) -> bool:
    return isinstance(message, (Transcript, Translation)) and not message.final and not message.committed


def _is_status(message: ServerMessage) -> bool:
    return isinstance(message, (SpeechSpan, Lag, Status, Audience))
