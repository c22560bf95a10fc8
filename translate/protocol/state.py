"""The server's side of one connection, without sockets: what the client may say now, and numbering of what is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from translate.config import Limits
from translate.errors import NotAllowedError, ProtocolError
from translate.events import Transcript, Translation
from translate.protocol.audio_frame import AudioFrame, decode_audio
from translate.protocol.envelope import decode
from translate.protocol.messages import (
    VERSION,
    ClientHello,
    ClientMessage,
    Control,
    Device,
    End,
    Painted,
    SetView,
)
from translate.protocol.painted import Paint, PaintReports
from translate.protocol.parcel import Parcel
from translate.protocol.roles import LISTENER, OPERATOR, SPEAKER, Role

__all__ = ["ServerState"]


class ServerState:
    """State of one connection: ``new`` until the client's hello, then ``open``; ``ended`` after a speaker's end.

    Args:
        limits: sizes of frames.
        now_ms: the clock that messages are stamped with; see :meth:`restart_clock`.
    """

    __slots__ = ("_heard", "_limits", "_now_ms", "_paints", "_sent", "phase", "role")

    def __init__(self, limits: Limits, now_ms: Callable[[], float]) -> None:
        self._limits = limits
        self._now_ms = now_ms
        self._heard = 0
        self._sent = 0
        self._paints: PaintReports | None = None
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
        if now_ms == self._now_ms:
            return
        self._now_ms = now_ms
        if self._paints is not None:
            self._paints.restart()

    def ask_for_paints(self) -> None:
        """The client is to report when texts are on its screen; what it was sent is remembered from now on."""
        self._paints = PaintReports()

    def receive(self, frame: str | bytes) -> ClientMessage | AudioFrame:
        """What the client's next frame says.

        Raises:
            ProtocolError: the frame is malformed or not allowed now.
            NotAllowedError: it is for others than the client's role.
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
        elif isinstance(message, Device) and self.role != SPEAKER:
            raise NotAllowedError("only a speaker may say how its microphone is")
        elif isinstance(message, Control) and self.role != OPERATOR:
            raise NotAllowedError("only an operator may send control")
        elif isinstance(message, SetView) and message.source is not None and self.role == LISTENER:
            raise NotAllowedError("a listener may not change what is spoken")
        return message

    def send(self, parcel: Parcel) -> bytes:
        """The next text frame to the client, in UTF-8: numbers the message and stamps it."""
        if parcel.clock is not None:
            self.restart_clock(parcel.clock)
        now_ms = self._now_ms()
        self._sent += 1
        text = parcel.message
        if self._paints is not None and isinstance(text, (Transcript, Translation)) and text.marks.capture is not None:
            self._paints.sent(self._sent, now_ms, text.marks.capture)
        return parcel.frame(self._sent, now_ms)

    def painted(self, report: Painted) -> Paint | None:
        """See :meth:`PaintReports.judge`; ``None`` also from a client that was not asked."""
        if report.event_seq > self._sent:
            raise ProtocolError(f"painted.event_seq {report.event_seq} was never sent; the last was {self._sent}")
        if self._paints is None:
            return None
        return self._paints.judge(report, now_ms=self._now_ms())

    def _receive_audio(self, frame: bytes) -> AudioFrame:
        if self.phase == "new":
            raise ProtocolError("audio came before hello")
        if self.role != SPEAKER:
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
        if self.role != SPEAKER:
            raise ProtocolError("only a speaker may send end")
        if self.phase == "ended":
            raise ProtocolError("end may come only once")
        self.phase = "ended"
