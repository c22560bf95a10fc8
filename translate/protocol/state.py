"""The server's side of one connection, without sockets: what the client may say now, and numbering of what is sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from translate.config import Limits
from translate.errors import ProtocolError
from translate.events import Transcript, Translation
from translate.protocol.audio_frame import AudioFrame, decode_audio
from translate.protocol.envelope import decode, encode
from translate.protocol.messages import (
    VERSION,
    ClientHello,
    ClientMessage,
    End,
    Painted,
    Role,
    ServerMessage,
    Snapshot,
)
from translate.protocol.painted import PaintReports

__all__ = ["ServerState"]


class ServerState:
    """State of one connection: ``new`` until the client's hello, then ``open``; ``ended`` after a speaker's end.

    Args:
        limits: sizes of frames.
        now_ms: the clock that messages are stamped with; see :meth:`restart_clock`.
    """

    def __init__(self, limits: Limits, now_ms: Callable[[], float]) -> None:
        self._limits = limits
        self._now_ms = now_ms
        self._heard = 0
        self._sent = 0
        self._paints = PaintReports()
        self.phase: Literal["new", "open", "ended"] = "new"
        self.role: Role | None = None

    @property
    def last_seq(self) -> int:
        """``seq`` of the newest message sent; 0: none yet."""
        return self._sent

    @property
    def now_ms(self) -> float:
        """Time on the clock that messages are stamped with."""
        return self._now_ms()

    def restart_clock(self, now_ms: Callable[[], float]) -> None:
        """From now on times are on another session's clock."""
        self._now_ms = now_ms
        self._paints.restart()

    def receive(self, frame: str | bytes) -> ClientMessage | AudioFrame:
        """What the client's next frame says.

        Raises:
            ProtocolError: the frame is malformed or not allowed now.
            AudioError: a binary frame does not hold whole samples.
        """
        if isinstance(frame, bytes):
            return self._receive_audio(frame)
        envelope = decode(frame, max_bytes=self._limits.text_frame_bytes)
        if envelope.seq != self._heard + 1:
            raise ProtocolError(f"seq {envelope.seq} came where {self._heard + 1} was due")
        self._heard += 1
        message = envelope.message
        if isinstance(message, ClientHello):
            self._open(message)
        elif self.phase == "new":
            raise ProtocolError("the first message must be hello")
        elif isinstance(message, End):
            self._end()
        return message

    def send(self, message: ServerMessage) -> str:
        """The next text frame to the client: numbers ``message``, stamps it and marks a text as sent."""
        now_ms = self._now_ms()
        self._sent += 1
        if isinstance(message, (Transcript, Translation)):
            message = dataclasses.replace(message, marks=dataclasses.replace(message.marks, sent=now_ms))
            if message.marks.capture is not None:
                self._paints.sent(self._sent, now_ms, message.marks.capture)
        elif isinstance(message, Snapshot):
            message = dataclasses.replace(message, last_seq=self._sent)
        return encode(message, seq=self._sent, t_ms=now_ms)

    def glass_to_glass_ms(self, report: Painted) -> float | None:
        """See :meth:`PaintReports.glass_to_glass_ms`."""
        return self._paints.glass_to_glass_ms(report, last_seq=self._sent, now_ms=self._now_ms())

    def _receive_audio(self, frame: bytes) -> AudioFrame:
        if self.phase == "new":
            raise ProtocolError("audio came before hello")
        if self.role != "speaker":
            raise ProtocolError("only a speaker may send audio")
        if self.phase == "ended":
            raise ProtocolError("audio came after end")
        return decode_audio(frame, max_bytes=self._limits.audio_frame_bytes)

    def _open(self, hello: ClientHello) -> None:
        if self.phase != "new":
            raise ProtocolError("hello may come only once")
        if VERSION not in hello.versions:
            raise ProtocolError(f"hello.versions holds none that this server speaks ({VERSION})")
        self.phase = "open"
        self.role = hello.role

    def _end(self) -> None:
        if self.role != "speaker":
            raise ProtocolError("only a speaker may send end")
        if self.phase == "ended":
            raise ProtocolError("end may come only once")
        self.phase = "ended"
