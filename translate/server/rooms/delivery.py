"""What one client is sent: in order, without anybody waiting for it, and dropped when it does not take it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from translate.config import Limits
from translate.errors import SottovoceError
from translate.events import Transcript, Translation
from translate.protocol import Cursor, Failure, Outbox, Parcel, ServerState, SlowReaderError
from translate.protocol.closing import CLOSE_S
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.framing import text_frame

__all__ = ["Sender"]

log = logging.getLogger(__name__)


class Sender:
    """Writes to one client.

    A message goes to the socket at once while the client keeps up; when the socket does not take more, messages are
    queued, where newer revisions take the place of older ones, and a task writes them as the client reads.

    A room of thousands calls :meth:`push` of each for every text, and then most of the time goes into fetching objects
    from memory. So few are touched on that way: the frame goes to the transport past the layers of the WebSocket
    library, which has nothing to add to it (no extension, no fragments), and instances have slots.

    Args:
        socket: after its handshake.
        state: numbers the messages.
        limits: of queue and patience.
        metrics: counts.
    """

    __slots__ = (
        "_closing", "_is_behind", "_is_shed", "_limits", "_metrics", "_news", "_outbox", "_socket", "_state",
        "_transport", "cursor", "heard", "is_unheard",
    )  # fmt: skip

    def __init__(self, socket: ServerConnection, state: ServerState, limits: Limits, metrics: Metrics) -> None:
        self._socket = socket
        self._transport = socket.transport
        self._state = state
        self._limits = limits
        self._metrics = metrics
        self._outbox = Outbox(limits.events)
        self._is_behind = False  # something waits in the outbox
        self._news = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._is_shed = False
        self.cursor: Cursor | None = None  # where the place of each text in the room's log is noted
        self.heard = False  # set by who reads the socket: the client has said something
        self.is_unheard = False
        """Set by who reads the socket: what the client says waits on our side, its answers too."""

    @property
    def is_closing(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._closing is not None or self._socket.protocol.state is not State.OPEN

    def push(self, parcel: Parcel) -> None:
        """Sends a message, or queues it while the client is behind. Does not wait."""
        if self._closing is not None:
            return
        if not self._is_behind and not self._transport.get_write_buffer_size():
            if self._socket.protocol.state is State.OPEN:
                self._transport.write(text_frame(self._framed(parcel)))
            return
        merged = self._outbox.merged
        try:
            self._outbox.push(parcel)
            self._is_behind = True
        except SlowReaderError:
            self.close(*self._shed())
        self._metrics.counts["merged_total"] += self._outbox.merged - merged
        self._news.set()

    def fail(self, error: SottovoceError) -> None:
        """Sends the error, and closes when everything queued is sent."""
        self._metrics.errors[error.code] += 1
        failure = Failure(
            code=error.code, message=str(error), retryable=error.retryable, retry_after_s=error.retry_after_s
        )
        self.push(Parcel(failure))
        self.close(error.close_code, error.code)

    def close(self, code: int, reason: str) -> None:
        """Closes when everything queued is sent."""
        if self._closing is None:
            self._closing = (code, reason)
            self._news.set()

    async def run(self, is_allowed: Callable[[], bool]) -> None:
        """Writes and probes until the connection is closed.

        Args:
            is_allowed: asked now and then; no: the client is closed with 4401.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write(), name="writer")
            group.create_task(self._probe(is_allowed), name="probe")

    def _framed(self, parcel: Parcel) -> bytes:
        frame = self._state.send(parcel)
        if parcel.number is not None and self.cursor is not None:
            self.cursor.sent(self._state.last_seq, parcel.number)
        return frame

    def _shed(self) -> tuple[int, str]:
        """The client does not read: counts it, once, and says what to close with."""
        if not self._is_shed:
            self._is_shed = True
            self._metrics.errors[SlowReaderError.code] += 1
        return SlowReaderError.close_code, SlowReaderError.code

    async def _write(self) -> None:
        """Sends what is queued, in order; drops a client that does not take it in time."""
        try:
            while self._closing is None or len(self._outbox):
                await self._news.wait()
                self._news.clear()
                while len(self._outbox):
                    await self._send(self._outbox.pop())
                self._is_behind = False
            code, reason = self._closing or (1011, "internal")
        except ConnectionClosed:
            return
        except TimeoutError:
            code, reason = self._shed()
        except Exception:
            log.exception("a message could not be sent")
            code, reason = 1011, "internal"
        await self._shut(code, reason)

    async def _send(self, parcel: Parcel) -> None:
        frame = self._framed(parcel)
        if isinstance(parcel.message, (Transcript, Translation)):
            with self._metrics.guard:
                self._metrics.sent(parcel.message.marks, self._state.now_ms)
        async with asyncio.timeout(self._limits.send_ms / 1000):
            await self._socket.send(frame, text=True)

    async def _shut(self, code: int, reason: str) -> None:
        """Closes the socket, by force if the client does not take or answer the close frame."""
        self._closing = (code, reason)
        try:
            async with asyncio.timeout(2 * CLOSE_S):
                await self._socket.close(code, reason)
        except TimeoutError:
            self._socket.transport.abort()

    async def _probe(self, is_allowed: Callable[[], bool]) -> None:
        """Drops a client that is silent and does not answer a WebSocket ping in time, or has lost its rights.

        A client that talks is alive: behind seconds of its audio in the pipe, its answer could only come late.
        """
        pause_s = self._limits.send_ms / 1000
        wait_s = pause_s * random.uniform(0.5, 1)  # a room full of clients that came at once is not probed at once
        with contextlib.suppress(ConnectionClosed):
            while self._closing is None:
                await asyncio.sleep(wait_s)
                wait_s = pause_s
                if not is_allowed():
                    self.close(4401, "revoked")
                elif self.heard or self.is_unheard:
                    self.heard = False
                elif not await self._answers(pause_s) and not (self.heard or self.is_unheard):
                    await self._shut(*self._shed())

    async def _answers(self, patience_s: float) -> bool:
        try:
            async with asyncio.timeout(patience_s):
                await (await self._socket.ping())
        except TimeoutError:
            return False
        return True
