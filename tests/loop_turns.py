"""Whether the event loop keeps turning while something slow is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BLOCKED_S = 0.05


@asynccontextmanager
async def loop_turns() -> AsyncIterator[None]:
    """Fails if the event loop stands still for longer than ``BLOCKED_S`` inside."""
    longest_s, seen_s = 0.0, time.monotonic()

    async def look() -> None:
        nonlocal longest_s, seen_s
        while True:
            await asyncio.sleep(0.005)
            now_s = time.monotonic()
            longest_s, seen_s = max(longest_s, now_s - seen_s), now_s

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    yield
    await asyncio.sleep(0.006)
    looking.cancel()
    assert longest_s < BLOCKED_S, f"the event loop stood still for {longest_s * 1000:.0f} ms"
