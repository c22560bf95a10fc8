"""Plain HTTP on the port: pages, health, statistics; and who may open a WebSocket."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import Callable, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response

from translate.server.static import Page, Pages

__all__ = ["WS_PATH", "Site", "host_is_local", "origin_is_allowed"]

WS_PATH: Final = "/ws"

_HOST: Final = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PRIVATE_SUFFIXES: Final = (".local", ".localhost", ".home.arpa", ".internal", ".lan", ".test")
_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"


def host_is_local(host: str, known: Sequence[str] = ()) -> bool:
    """Whether a ``Host`` header names this machine in a way that no public DNS can.

    A page of any web site could otherwise point its own name at this machine (DNS rebinding) and would then count as
    same-origin. Addresses, names without a dot, names under suffixes that public DNS does not have, and ``known`` ones
    (hosts of the configured origins) pass.
    """
    if not _HOST.fullmatch(host):
        return False
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        local = "." not in name or name.endswith(_PRIVATE_SUFFIXES) or name == socket.gethostname().lower()
        return local or name in known
    return True


def origin_is_allowed(origin: str | None, host: str, origins: Sequence[str]) -> bool:
    """Whether a page of ``origin`` may open a WebSocket on ``host``; ``None``: it was not a browser that asked."""
    return origin is None or origin in (f"http://{host}", f"https://{host}") or origin in origins


class Site:
    """Answers every HTTP request; :meth:`respond` is ``process_request`` of websockets.

    Args:
        pages: the files.
        origins: web origins that may connect beside our own.
        is_ready: whether sessions can be opened now.
        stats: JSON types for ``/stats``.
        languages: JSON types for ``/languages``.
    """

    def __init__(
        self,
        pages: Pages,
        *,
        origins: Sequence[str],
        is_ready: Callable[[], bool],
        stats: Callable[[], Any],
        languages: Callable[[], Any],
    ) -> None:
        self._pages = pages
        self._origins = tuple(origins)
        self._hosts = tuple(urlsplit(origin).hostname or "" for origin in origins)
        self._is_ready = is_ready
        self._stats = stats
        self._languages = languages

    async def respond(self, _connection: ServerConnection, request: Request) -> Response | None:
        """The response to ``request``; ``None``: go on with the WebSocket handshake."""
        try:
            host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
            if_none_match = request.headers.get("If-None-Match", "")
        except MultipleValuesError:
            return self._finished(_plain(HTTPStatus.BAD_REQUEST, "A header came twice.\n"), "", request)
        path = request.path.partition("?")[0]
        if not host_is_local(host, self._hosts):
            hint = "This name is not known to be this machine's; if it is, add it to server.origins.\n"
            page = _plain(HTTPStatus.FORBIDDEN, hint)
            host = ""
        elif path == WS_PATH:
            if origin_is_allowed(origin, host, self._origins):
                return None
            page = _plain(HTTPStatus.FORBIDDEN, "Pages of this origin may not connect; see server.origins.\n")
        elif request.method not in ("GET", "HEAD"):
            page = _plain(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET and HEAD.\n")
        else:
            page = await self._page(path, if_none_match)
        return self._finished(page, host, request)

    async def _page(self, path: str, if_none_match: str) -> Page:
        match path:
            case "/healthz":
                return _plain(HTTPStatus.OK, "ok\n")
            case "/readyz":
                ready = self._is_ready()
                return (
                    _plain(HTTPStatus.OK, "ready\n") if ready else _plain(HTTPStatus.SERVICE_UNAVAILABLE, "not ready\n")
                )
            case "/stats":
                return Page(HTTPStatus.OK, _JSON, json.dumps(self._stats()).encode())
            case "/languages":
                return Page(HTTPStatus.OK, _JSON, json.dumps(self._languages()).encode())
            case _:
                return await asyncio.to_thread(self._pages.page, path, if_none_match=if_none_match)

    def _finished(self, page: Page, host: str, request: Request) -> Response:
        headers = Headers(
            [
                ("Date", formatdate(usegmt=True)),
                ("Connection", "close"),
                ("Content-Type", page.content_type),
                ("Content-Security-Policy", _content_security_policy(host)),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                ("Permissions-Policy", "microphone=(self), camera=(), geolocation=()"),
                ("Cross-Origin-Opener-Policy", "same-origin"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
                ("Cache-Control", "no-cache" if page.etag else "no-store"),
            ]
        )
        if page.etag:
            headers["ETag"] = page.etag
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, HEAD"
        if page.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(len(page.body))
        body = b"" if request.method == "HEAD" else page.body
        return Response(page.status.value, page.status.phrase, headers, body)


def _plain(status: HTTPStatus, text: str) -> Page:
    return Page(status, _TEXT, text.encode())


def _content_security_policy(host: str) -> str:
    """Everything from here and nothing inline; ``'self'`` does not cover WebSockets in older Safari."""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return (
        f"default-src 'self'; connect-src 'self'{sockets}; worker-src 'self'; img-src 'self' data:; "
        "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
