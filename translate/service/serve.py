"""``serve``: runs a server until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from pathlib import Path

from translate.config import Config
from translate.server.access.start_links import StartLinks
from translate.server.app import Address, Server
from translate.server.backend import Backend
from translate.service.duty import at_terminal, on_duty

__all__ = ["serve"]


async def serve(
    config: Config,
    backend: Backend,
    *,
    ready: Callable[[Address, StartLinks | None], None] | None = None,
    web: Path | None = None,
    read: Callable[[], Config] | None = None,
    take: tuple[Callable[[Config], None], ...] = (),
) -> None:
    """Serves until SIGINT, SIGTERM or, on a terminal, SIGHUP; then stops cleanly within three seconds.

    Args:
        config: settings.
        backend: opens sessions.
        ready: called once, when clients can connect, with the links in if tokens are needed.
        web: folder of the pages; ``None``: those that ship.
        read: reads the settings again, at SIGHUP.
        take: who, beside the server, is to hear of settings that changed.

    Raises:
        AddressError: an address or a port cannot be used (exit status 2).
        StateError: keys or tokens cannot be read or kept (exit status 2).
    """
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    server = Server(config, backend, web=web)
    address = await server.start()
    signals = (signal.SIGINT, signal.SIGTERM)
    hangup = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") and at_terminal() else ()
    for number in (*signals, *hangup):
        loop.add_signal_handler(number, told.set)
    gc.collect()
    gc.freeze()  # what was loaded stays; looking through it at every full collection would hold captions up
    try:
        async with on_duty(server, config, read=read, take=take):
            if ready is not None:
                ready(address, await server.network.start_links())
            await told.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)  # a second signal ends the process at once
        await server.stop()
        for number in hangup:  # until here: a shell passes on the one that it gets, so there are two
            loop.remove_signal_handler(number)
