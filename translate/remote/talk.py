"""What a remote talk is about, and what of it outlasts a connection. Pure."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from translate.events import RATE_HZ, EndOfStream, Notice
from translate.modes import FAST, Mode
from translate.protocol import SPEAKER, ClientHello, ServerHello
from translate.remote.address import RoomAddress
from translate.remote.backlog import Backlog
from translate.remote.clock import ServerClock
from translate.remote.device import DeviceReport
from translate.remote.inbox import Inbox

__all__ = ["Talk", "TalkState"]


@dataclass(frozen=True, slots=True)
class Talk:
    """What a speaker tells the room."""

    source: str
    targets: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    mode: Mode = FAST


class TalkState:
    """Sound that waits, texts that came, and the session that another connection resumes."""

    def __init__(self) -> None:
        self.backlog = Backlog()
        self.inbox = Inbox()
        self.device = DeviceReport()
        self.clock = ServerClock()
        self.news = asyncio.Event()
        """Set when there is something to send."""
        self.source_over = asyncio.Event()
        """Set when the source has ended: what is still to be sent is the end."""
        self.last_seq = 0
        self.ended: EndOfStream | None = None
        """What the service said of the end of the stream, on the present connection."""
        self._session: str | None = None
        self._resume: str | None = None
        self._told_lost = 0

    @property
    def has_begun(self) -> bool:
        """Whether the service has let this talk in."""
        return self._session is not None

    def hello(self, talk: Talk, address: RoomAddress) -> ClientHello:
        """The first message of a connection."""
        return ClientHello(
            versions=("v1",),
            role=SPEAKER,
            room=address.room,
            source=talk.source,
            allowed_sources=talk.allowed,
            targets=talk.targets,
            mode=talk.mode,
            token=address.token,
            resume=self._resume,
            last_seq=self.last_seq if self._resume else None,
        )

    def greeted(self, hello: ServerHello, address: RoomAddress) -> Notice | None:
        """The service's first answer on a connection; returns what a person should know of it."""
        if hello.session == self._session:
            self.backlog.resume(hello.position or 0)
        else:
            self.backlog.restart()
            self.clock.restart()
        self._session, self._resume = hello.session, hello.resume
        self.inbox.greet(hello)
        self.device.connected(hello.capabilities)
        lost_s = (self.backlog.dropped - self._told_lost) / RATE_HZ
        self._told_lost = self.backlog.dropped
        if not lost_s:
            return None
        return Notice("sound_lost", f"{lost_s:.0f} s of sound are lost: {address} was away for too long")
