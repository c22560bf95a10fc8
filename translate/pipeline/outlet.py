"""Where the stages of a session put their events: one bounded queue, read by the session's iterator."""

from __future__ import annotations

import asyncio
from collections import deque

from translate.events import Event

__all__ = ["Outlet"]


class Outlet:
    """A bounded queue of events with an end. A full one makes the stages wait, and so, in the end, the source.

    Any number of tasks put and one gets, on one event loop.

    Args:
        limit: events that may wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._error: Exception | None = None
        self._closed = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    def __len__(self) -> int:
        """Events that wait."""
        return len(self._events)

    async def put(self, event: Event) -> None:
        """Append ``event``; waits while the reader is behind. After :meth:`close` it is ignored."""
        while len(self._events) >= self._limit and not self._closed:
            self._writable.clear()
            await self._writable.wait()
        if not self._closed:
            self._events.append(event)
            self._readable.set()

    def close(self, error: Exception | None = None) -> None:
        """Nothing more will come; the reader still gets what was put, and then ``error``, if there is one."""
        if not self._closed:
            self._closed, self._error = True, error
        self._readable.set()
        self._writable.set()

    async def get(self) -> Event | None:
        """The next event; ``None`` after the last.

        Raises:
            Exception: the error that the outlet was closed with, once, after the last event.
        """
        while not self._events and not self._closed:
            self._readable.clear()
            await self._readable.wait()
        if self._events:
            self._writable.set()
            return self._events.popleft()
        error, self._error = self._error, None
        if error is not None:
            raise error
        return None
