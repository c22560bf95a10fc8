"""What a running service says of itself at ``/stats``: load, delays of each stage, and what went wrong."""

from __future__ import annotations

import json
import ssl
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from translate.errors import ConfigError, SottovoceError
from translate.output.printable import printable

__all__ = ["NoServiceError", "Stats"]

_LONGEST_ANSWER_BYTES: Final = 4_000_000


class NoServiceError(SottovoceError):
    """No service answers, or something else does."""

    code = "no_service"


class Stats:
    """Where to ask for them.

    Args:
        url: of any page of the service; a token in its fragment (``#t=...``) is shown to the service only.
        authority: PEM or DER file of the certificate to trust; ``None``: those of the system.
        timeout_s: how long to wait for an answer.

    Raises:
        ConfigError: that is no address, or the certificate cannot be read.
    """

    def __init__(self, url: str, authority: Path | None = None, *, timeout_s: float = 5.0) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"{url!r} is not the address of a service, such as http://127.0.0.1:8765/")
        folder = parts.path.rpartition("/")[0].rstrip("/")  # of a service under a path of a reverse proxy
        self.name = urlunsplit((parts.scheme, parts.netloc, folder, "", ""))
        (token,) = parse_qs(parts.fragment).get("t", [""])[:1]
        headers = {"User-Agent": "sottovoce"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._request = Request(f"{self.name}/stats", headers=headers)
        self._timeout_s = timeout_s
        # A service on the LAN is not behind a proxy.
        self._opener = build_opener(ProxyHandler({}), _NoRedirect(), HTTPSHandler(context=_trusting(authority)))

    def ask(self) -> dict[str, Any]:
        """What it tells. Raises NoServiceError. Blocks for as long as that takes."""
        try:
            with self._opener.open(self._request, timeout=self._timeout_s) as answer:
                stats = json.loads(answer.read(_LONGEST_ANSWER_BYTES))
        except HTTPError as error:
            error.close()
            if error.code == HTTPStatus.UNAUTHORIZED:
                raise NoServiceError(
                    f"{self.name} wants an operator's link (sottovoce token create --role operate)"
                ) from None
            if HTTPStatus.MULTIPLE_CHOICES <= error.code < HTTPStatus.BAD_REQUEST and "Location" in error.headers:
                to = printable(error.headers["Location"])[:200]
                raise NoServiceError(f"{self.name} redirects to {to}; give that address if it is the service") from None
            raise NoServiceError(f"what answers at {self.name} is not Sottovoce (HTTP {error.code})") from None
        except URLError as error:
            reason = getattr(error.reason, "strerror", None) or error.reason
            raise NoServiceError(
                f"no service answers at {self.name} ({reason}); is `sottovoce serve` running?"
            ) from error
        except (OSError, ValueError, HTTPException) as error:
            raise NoServiceError(f"what answers at {self.name} is not Sottovoce ({type(error).__name__})") from error
        if not isinstance(stats, dict) or "uptime_s" not in stats:
            raise NoServiceError(f"what answers at {self.name} is not Sottovoce")
        return stats


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an error: urllib would show the token to whatever host it names."""

    def redirect_request(self, *_: object) -> None:
        return None


def _trusting(authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is None:
        return context
    try:
        data = authority.read_bytes()
        context.load_verify_locations(cadata=data.decode("ascii") if data.startswith(b"-----") else data)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(f"{authority} is not a certificate that can be read") from error
    return context
