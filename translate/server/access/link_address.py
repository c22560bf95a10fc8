"""The address that other devices use, where it is not simply this machine: ``server.link_host``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from translate.errors import ConfigError
from translate.server.access.links import USUAL_PORTS, base_url

__all__ = ["LinkAddress"]

_LABEL: Final = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """What links lead to: a host, or the whole address under which a reverse proxy offers the service."""

    host: str
    """Host name or IP address, as it is to be shown."""
    base: str | None = None
    """Base URL of all pages, which ends in ``/``; ``None``: the host at the service's own ports."""

    @classmethod
    def parse(cls, text: str) -> LinkAddress:
        """The address in ``NAME``, ``NAME:PORT``, or ``http(s)://NAME[:PORT]/PATH``; a port alone means HTTPS.

        Raises:
            ConfigError: it is none of these.
        """
        if _is_host(text):
            return cls(text)
        has_scheme = "://" in text
        try:
            parts = urlsplit(text if has_scheme else f"//{text}", scheme="https")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise _wrong(text) from None
        extra = parts.username or parts.password or parts.query or parts.fragment
        if (
            extra
            or parts.scheme not in USUAL_PORTS
            or not _PATH.fullmatch(parts.path)
            or not _is_host(host)
            or port == 0
        ):
            raise _wrong(text)
        if not has_scheme and (port is None or parts.path):
            raise _wrong(text)  # a typing error is likelier than a path without a scheme
        root = base_url(parts.scheme, host, port or USUAL_PORTS[parts.scheme])
        path = parts.path.strip("/")
        return cls(host, f"{root}{path}/" if path else root)

    @property
    def name(self) -> str | None:
        """The host in small letters, if it is a name and no address."""
        return None if _is_address(self.host) else self.host.lower()

    @property
    def origin(self) -> str | None:
        """Web origin of :attr:`base`; ``None``: there is no base."""
        return None if self.base is None else "/".join(self.base.split("/", 3)[:3]).lower()


def _is_host(host: str) -> bool:
    return _is_address(host) or bool(_NAME.fullmatch(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _wrong(text: str) -> ConfigError:
    return ConfigError(
        f"server.link_host: {text!a} is neither a host name nor an address; it may be NAME, NAME:PORT"
        " or a URL such as https://captions.example.org/sottovoce/"
    )
