"""A message on its way to many readers: encoded once for each way of showing it, however many they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from translate.events import Lag, Notice, Transcript, Translation
from translate.protocol.envelope import encode_body
from translate.protocol.messages import ServerMessage, Snapshot

__all__ = ["Parcel"]


class Parcel:
    """A message without the part of its envelope that differs from reader to reader (:meth:`frame` adds it).

    Shared by all connections that are sent it. Once encoded, a transcript's words are in the frame alone.

    Args:
        message: what to send.
        number: of a text in the room's log.
        clock: from this message on, its readers' times are on this clock (milliseconds).
    """

    __slots__ = ("_body", "_calm", "clock", "lang", "message", "number")

    def __init__(
        self, message: ServerMessage, number: int | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self.message = message
        self.number = number
        self.clock = clock
        self.lang = message.lang if isinstance(message, (Translation, Lag, Notice)) else None
        """For those alone who read this language; ``None``: for everybody."""
        self._body: bytes | None = None
        self._calm: Parcel | None = None

    @property
    def calm(self) -> Parcel:
        """The same text without its tail."""
        if self._calm is None:
            text = self.message
            self._calm = self
            if isinstance(text, (Transcript, Translation)) and text.tail:
                self._calm = Parcel(dataclasses.replace(text, tail=""), self.number)
        return self._calm

    def frame(self, seq: int, t_ms: float) -> bytes:
        """The text frame that is message ``seq`` of a connection, written at ``t_ms``, as UTF-8."""
        if self._body is None:
            self._body = encode_body(self.message)
            if isinstance(self.message, Transcript):
                # They are in the frame now; as objects they are half of what a room's log of thousands holds.
                self.message = dataclasses.replace(self.message, words=())
        if isinstance(self.message, Snapshot):
            return b'{"seq":%d,"t_ms":%.1f,"last_seq":%d,%b' % (seq, t_ms, seq, self._body)
        return b'{"seq":%d,"t_ms":%.1f,%b' % (seq, t_ms, self._body)
