"""A connection before it is a WebSocket: asks for pages, one after the other, and may then become one.

A page is some forty files. With a connection for each, an audience opening it at once would cost the service thousands
of TLS handshakes, on the thread that sends captions; with connections that are kept (RFC 9112, section 9.3) a browser
needs about six.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.streams import StreamReader

from translate.server.access.caller import Caller
from translate.tasks import Supervisor

__all__ = ["HEAD_BYTES", "RESPONSE_S", "WS_PATH", "HttpConnection", "Respond", "Rules"]

WS_PATH: Final = "/ws"
HEAD_BYTES: Final = 32_768
"""Of a whole request; browsers send about one. Also of what may wait while another is answered."""
RESPONSE_S: Final = 30.0
"""Time that a client has for fetching a file; the longest is some hundred kilobytes."""
IDLE_S: Final = 3.0
"""Time in which a client may ask for more: a page asks for all that it needs within a second or two."""

log = logging.getLogger(__name__)


Respond = Callable[[Caller, Request], Awaitable[Response | None]]
"""Answers a request; ``None``: it opens a WebSocket."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How connections of a port are treated."""

    respond: Respond
    arrived: Callable[[HttpConnection], None]
    """Told of every connection, after its TLS handshake."""
    may_go_on: Callable[[asyncio.Transport], bool]
    """Whether a connection may be kept for one more request."""
    request_s: float
    """Time that a client has for its first request."""


class HttpConnection(asyncio.Protocol):
    """Answers requests until the client goes, is slow, or asks for the WebSocket.

    Args:
        rules: see :class:`Rules`.
        upgrade: makes the protocol that takes over a connection whose client asks for the WebSocket, or for nothing
            that is HTTP; it is given what the client has sent.
    """

    def __init__(self, rules: Rules, upgrade: Callable[[], asyncio.Protocol]) -> None:
        self._rules = rules
        self._upgrade = upgrade
        self._requests = _Requests()
        self._tasks = Supervisor("HTTP connection")
        self._deadline = self._tasks.timer(self._expired, "deadline")
        self._when_expired: Callable[[], None] = lambda: None
        self._answering: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._is_leaving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)  # writing may go on when all is written
        self._rules.arrived(self)
        self._wait(self._rules.request_s, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        self._requests.push(data)
        if len(self._requests.received) > HEAD_BYTES:
            self._transport.abort()
        elif self._answering is None and not self._is_leaving:
            self._read()

    def eof_received(self) -> bool:
        """What has been asked for is still answered, where that is possible (not over TLS)."""
        self._is_leaving = True
        return self._answering is not None and self._transport.get_extra_info("sslcontext") is None

    def pause_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        self._tasks.close()

    @property
    def transport(self) -> asyncio.Transport:
        """The connection, once it is made."""
        return self._transport

    def leave(self) -> None:
        """Closes the connection, once a request is answered that has been made; a WebSocket is left alone."""
        if self._transport.get_protocol() is not self:
            return
        self._is_leaving = True
        if self._answering is None:
            self._close()

    # --- requests ---

    def _read(self) -> None:
        """Takes up a request if one has arrived."""
        try:
            request = self._requests.next()
        except Exception:  # websockets knows best what to say to it
            self._hand_over(bytes(self._requests.received))
            return
        if request is None:
            return
        if request.path.partition("?")[0] == WS_PATH:
            self._hand_over(request.serialize() + self._requests.received)
            return
        self._wait(RESPONSE_S, self._transport.abort)
        self._answering = self._tasks.start(self._answer(request), "answer")

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._rules.respond(Caller.of(self._transport), request)
            assert response is not None  # only the WebSocket goes without
        except Exception:
            log.exception("a request could not be answered")
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            response = Response(status.value, status.phrase, Headers([("Content-Length", "0")]))
            self._is_leaving = True
        self._is_leaving = self._is_leaving or not _keeps(request) or not self._rules.may_go_on(self._transport)
        response.headers["Connection"] = "close" if self._is_leaving else "keep-alive"
        self._transport.write(response.serialize())
        if not self._is_leaving:
            await self._may_write.wait()
        self._answering = None
        if self._is_leaving:
            self._close()
            return
        self._wait(IDLE_S, self.leave)
        self._read()

    def _hand_over(self, received: bytes) -> None:
        self._deadline.stop()
        self._transport.set_write_buffer_limits()  # while we are told, not the follower, that writing may go on
        follower = self._upgrade()
        self._transport.set_protocol(follower)
        follower.connection_made(self._transport)
        follower.data_received(received)

    # --- patience ---

    def _close(self) -> None:
        """Sends what is to be sent, and then closes."""
        self._wait(RESPONSE_S, self._transport.abort)
        self._transport.close()

    def _wait(self, patience_s: float, then: Callable[[], None]) -> None:
        self._when_expired = then
        self._deadline.start(patience_s)

    def _expired(self) -> None:
        self._when_expired()


class _Requests:
    """Finds requests in what a client sends. Pure."""

    def __init__(self) -> None:
        self.received = bytearray()
        """What has arrived of the request that is read now, and behind it."""
        self._begin()

    def _begin(self) -> None:
        self._reader = StreamReader()
        self._reader.feed_data(self.received)
        self._parsing = Request.parse(self._reader.read_line)

    def push(self, data: bytes) -> None:
        """Take what has arrived."""
        self.received += data
        self._reader.feed_data(data)

    def next(self) -> Request | None:
        """The next whole request; ``None``: it has not all arrived.

        Raises:
            Exception: it is none, or none of the kind that pages make; :attr:`received` begins with it.
        """
        try:
            next(self._parsing)
        except StopIteration as over:
            request: Request = over.value
            del self.received[: len(self.received) - len(self._reader.buffer)]
            self._begin()
            return request
        return None


def _keeps(request: Request) -> bool:
    """Whether the client can ask for more on this connection."""
    said = ",".join(request.headers.get_all("Connection")).lower()
    return request.protocol == "HTTP/1.1" and "close" not in {word.strip() for word in said.split(",")}
