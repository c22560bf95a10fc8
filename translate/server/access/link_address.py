"""The address that other devices use, where it is not simply this machine: ``server.link_host``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from translate.errors import ConfigError

__all__ = ["LinkAddress"]

_LABEL: Final = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_USUAL: Final = {"http": 80, "https": 443}


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
        if extra or parts.scheme not in _USUAL or not _PATH.fullmatch(parts.path) or not _is_host(host) or port == 0:
            raise _wrong(text)
        if not has_scheme and (port is None or parts.path):
            raise _wrong(text)  # a typing error is likelier than a path without a scheme
        shown = "" if port in (None, _USUAL[parts.scheme]) else f":{port}"
        bracketed = f"[{host}]" if ":" in host else host
        return cls(host, f"{parts.scheme}://{bracketed}{shown}{parts.path.rstrip('/')}/")

    @property
    def origin(self) -> str | None:
        """Web origin of :attr:`base`; ``None``: there is no base."""
        return None if self.base is None else "/".join(self.base.split("/", 3)[:3]).lower()


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_NAME.fullmatch(host))
    return True


def _wrong(text: str) -> ConfigError:
    return ConfigError(
        f"server.link_host: {text!a} is neither a host name nor an address; it may be NAME, NAME:PORT"
        " or a URL such as https://captions.example.org/sottovoce/"
    )
