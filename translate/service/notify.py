"""Tells systemd how the service is doing (sd_notify(3)): a datagram to the socket that it names."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

__all__ = ["Notifier", "watchdog_interval_s"]

log = logging.getLogger(__name__)


class Notifier:
    """Sends to a service manager; does nothing where there is none.

    Args:
        address: path of a unix socket, or ``@name`` of an abstract one; empty: nobody listens.
    """

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """The one that ``NOTIFY_SOCKET`` names."""
        return cls(environment.get("NOTIFY_SOCKET", ""))

    def ready(self, status: str) -> None:
        """Clients can connect, or settings have been read again."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def reloading(self) -> None:
        """Settings are being read again; :meth:`ready` ends that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self, status: str) -> None:
        """All is well; to be said more often than the watchdog's patience lasts."""
        self._send(f"WATCHDOG=1\nSTATUS={_one_line(status)}")

    def troubled(self, status: str) -> None:
        """Something is wrong, which a person may read in ``systemctl status``; the watchdog hears nothing."""
        self._send(f"STATUS={_one_line(status)}")

    def stopping(self) -> None:
        """The service is about to stop."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto(message.encode(), self._address)
        except OSError as error:  # captions matter more than who watches them
            log.warning("cannot tell the service manager: %s", error.strerror or error)


def watchdog_interval_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """Half the watchdog's patience in seconds; ``None``: this process is not watched."""
    patience_us = environment.get("WATCHDOG_USEC", "")
    watched = environment.get("WATCHDOG_PID", str(os.getpid()))
    if not patience_us.isdecimal() or int(patience_us) == 0 or watched != str(os.getpid()):
        return None
    return int(patience_us) / 2_000_000


def _one_line(text: str) -> str:
    return " ".join(text.split())
