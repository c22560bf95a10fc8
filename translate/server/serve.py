"""``serve``: runs a server until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from translate.config import Config
from translate.server.app import Address, Server
from translate.server.backend import Backend

__all__ = ["serve"]


async def serve(
    config: Config, backend: Backend, *, ready: Callable[[Address], None] | None = None, web: Path | None = None
) -> None:
    """Serves until SIGINT or SIGTERM, then stops cleanly within three seconds.

    Args:
        config: settings.
        backend: opens sessions.
        ready: called once, when clients can connect.
        web: folder of the pages; ``None``: those that ship.

    Raises:
        AddressError: the address cannot be used (exit status 2).
    """
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    server = Server(config, backend, web=web)
    address = await server.start()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, told.set)
    try:
        if ready is not None:
            ready(address)
        await told.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)  # a second signal ends the process at once
        await server.stop()
