"""What a service does beside serving: answers systemd's watchdog, and reads its settings again at SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from translate import logs
from translate.config import Config
from translate.config.reload import merge
from translate.errors import ConfigError
from translate.protocol import LISTENER
from translate.server.metrics.metrics import Load
from translate.service.notify import Notifier, watchdog_interval_s
from translate.tasks import Supervisor

__all__ = ["Reloader", "at_terminal", "on_duty", "watch"]

log = logging.getLogger(__name__)

Reconfigure = Callable[[Config], None]


class Served(Protocol):
    """A server as seen from here."""

    def stuck(self) -> str | None:
        """What stands still, in words; ``None``: nothing."""

    def load(self) -> Load:
        """What it has to do now."""

    def reconfigure(self, config: Config) -> None:
        """Takes over settings that need no restart."""


async def watch(
    served: Served,
    notifier: Notifier,
    interval_s: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Pings the watchdog for as long as the event loop turns (else this does not run) and nothing is stuck."""
    told: str | None = None
    while True:
        stuck = served.stuck()
        if stuck is None:
            notifier.alive(_status(served.load()))
        else:
            notifier.troubled(stuck)
            if told is None:
                log.error("stuck, so the watchdog is not answered: %s", stuck)
        if told is not None and stuck is None:
            log.warning("no longer stuck")
        told = stuck
        await sleep(interval_s)


class Reloader:
    """Reads settings again and hands on what can be taken over.

    Args:
        running: the settings in force.
        read: reads them again. Raises ConfigError.
        take: whom to tell of settings that changed.
    """

    def __init__(self, running: Config, read: Callable[[], Config], take: tuple[Reconfigure, ...]) -> None:
        self._running = running
        self._read = read
        self._take = take
        self._reading = asyncio.Lock()

    def reload(self) -> bool:
        """Whether the settings were good; the log tells what has changed and what waits for a restart.

        Reads files: not for the event loop, see :meth:`reload_in_thread`.
        """
        return self._take_over(self._read_again())

    async def reload_in_thread(self) -> bool:
        """The same; files are read in a thread, and settings are taken over on the event loop."""
        async with self._reading:  # one after the other: what was read last stays
            return self._take_over(await asyncio.to_thread(self._read_again))

    def _read_again(self) -> Config | None:
        try:
            return self._read()
        except ConfigError as error:
            log.error("settings stay as they are: %s", error)
            return None

    def _take_over(self, read: Config | None) -> bool:
        if read is None:
            return False
        self._running, changes = merge(self._running, read)
        if any(change.group == "log" for change in changes):
            logs.configure(self._running.log)
        for take in self._take:
            take(self._running)
        for change in changes:
            when = {"now": "in force", "next": "for what begins from now on", "restart": "needs a restart"}
            log.warning("setting %s (%s)", change, when[change.effect])
        if not changes:
            log.warning("settings were read again; none has changed")
        return True


@asynccontextmanager
async def on_duty(
    served: Served,
    config: Config,
    *,
    read: Callable[[], Config] | None = None,
    take: tuple[Reconfigure, ...] = (),
    notifier: Notifier | None = None,
) -> AsyncIterator[None]:
    """Inside, the service manager knows that the service is ready, and SIGHUP has the settings read again.

    On a terminal SIGHUP means that its window was closed, and is none of this.

    Args:
        served: the server, which listens.
        config: its settings.
        read: reads them again; ``None``: they cannot be, and SIGHUP does nothing.
        take: who else is to hear of changed settings.
        notifier: whom to tell; ``None``: whom the environment names.
    """
    notifier = notifier or Notifier.from_environment()
    loop = asyncio.get_running_loop()
    reloader = Reloader(config, read, (served.reconfigure, *take)) if read is not None else None

    async def reload() -> None:
        notifier.reloading()
        try:
            if reloader is not None:
                await reloader.reload_in_thread()
        except Exception:
            log.exception("settings could not be read again")
        notifier.ready(_status(served.load()))  # else systemd would wait for it

    hears = hasattr(signal, "SIGHUP") and not at_terminal()  # Windows has none
    tasks = Supervisor("service duty")
    if hears:
        loop.add_signal_handler(signal.SIGHUP, lambda: tasks.start(reload(), "settings"))
    interval_s = watchdog_interval_s()
    if interval_s is not None:
        tasks.start(watch(served, notifier, interval_s), "watch")
    notifier.ready(_status(served.load()))
    try:
        yield
    finally:
        notifier.stopping()
        if hears:
            loop.remove_signal_handler(signal.SIGHUP)
        await tasks.aclose()


def at_terminal() -> bool:
    """Whether a standard stream is a terminal: then SIGHUP means that its window was closed."""
    return any(_is_terminal(number) for number in range(3))


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:  # closed
        return False


def _status(load: Load) -> str:
    listeners = load.connections.get(LISTENER, 0)
    return f"{load.sessions} {_plural(load.sessions, 'session')}, {listeners} {_plural(listeners, 'listener')}"


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"
