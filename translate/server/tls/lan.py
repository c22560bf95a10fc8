"""What a service has that other devices can reach: certificate, tokens, announcement, kept up with the network."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from translate.config import ServerConfig
from translate.errors import StateError
from translate.server.tls.certificates import Certificates
from translate.server.tls.discovery import Announcement, Announcer
from translate.server.tls.machine_names import Names
from translate.tasks import Supervisor

__all__ = ["Lan"]

LOOK_S: Final = 15.0
"""How often names and addresses are looked at: a laptop that changes networks is found again after so long."""

log = logging.getLogger(__name__)


class Lan:
    """Runs from :meth:`start` to :meth:`stop`.

    Args:
        config: the server's settings.
        certificates: for HTTPS, and the names of this machine.
        look_s: pause between two looks at the network.
    """

    def __init__(self, config: ServerConfig, certificates: Certificates, *, look_s: float = LOOK_S) -> None:
        self._config = config
        self._look_s = look_s
        self.certificates = certificates
        self._announcer = Announcer() if config.announce else None
        self._tasks = Supervisor("lan")
        self._secure_port = 0
        self._plain_port: int | None = None
        self._base: str | None = None

    @property
    def link_host(self) -> str:
        """The host of links, as of now."""
        return self.certificates.names.link_host

    def start(self, secure_port: int, plain_port: int | None, base: str | None = None) -> None:
        """Announces the service and keeps the certificate fresh from now on.

        Args:
            secure_port: for HTTPS.
            plain_port: for listeners over plain HTTP; ``None``: there is none.
            base: URL that links lead to; ``None``: this machine at these ports.
        """
        self._secure_port, self._plain_port, self._base = secure_port, plain_port, base
        self._tasks.keep(self._run, "certificate and announcement", pause_s=self._look_s)

    async def stop(self) -> None:
        """Takes the announcement back."""
        await self._tasks.aclose()
        if self._announcer is not None:
            await self._announcer.close()

    async def _run(self) -> None:
        told: str | None = None
        while True:
            names = self.certificates.names
            await self._announce(names)
            while self.certificates.names == names:
                await asyncio.sleep(self._look_s)
                told = await self._refresh(told)
            log.info("the addresses of this machine have changed; links go to %s", self.link_host)

    async def _refresh(self, told: str | None) -> str | None:
        """Looks at the network; says, if it is not what was ``told`` before, what goes wrong."""
        try:
            await self.certificates.refresh()
        except (OSError, StateError) as error:  # a full disk, an interface that goes while it is looked at
            trouble = str(error)
            if trouble != told:
                log.error("the certificate stays as it was: %s", trouble)
            return trouble
        return None

    async def _announce(self, names: Names) -> None:
        if self._announcer is not None:
            usual = self._secure_port == ServerConfig().secure_port
            name = self._config.name or f"Sottovoce on {names.host}{'' if usual else f' ({self._secure_port})'}"
            fingerprint = self.certificates.authority.fingerprint
            ports = (self._secure_port, self._plain_port)
            await self._announcer.announce(Announcement(name, names, *ports, fingerprint, self._base))
