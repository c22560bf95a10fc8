"""Where the stages of a session put their events: one bounded queue, read by the session's iterator."""

from __future__ import annotations

import asyncio

from translate.events import Event

__all__ = ["Outlet"]


class Outlet:
    """A bounded queue of events. A full one makes the stages wait, and so, in the end, the source."""

    def __init__(self, limit: int) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(limit)

    async def put(self, event: Event) -> None:
        """Append ``event``; waits while the reader is behind."""
        await self._queue.put(event)

    async def get(self) -> Event:
        """The next event."""
        return await self._queue.get()

    @property
    def empty(self) -> bool:
        """Whether everything put has been read."""
        return self._queue.empty()
