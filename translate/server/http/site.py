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
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response

from translate.errors import Busy, NotAllowedError
from translate.protocol.messages import ROOM_NAME
from translate.server.access.caller import Caller
from translate.server.access.links import DEFAULT_ROOM
from translate.server.access.policy import AccessPolicy
from translate.server.http.http_connection import WS_PATH
from translate.server.http.static import Page, Pages
from translate.server.tls.authority import Authority
from translate.server.tls.profile import mobileconfig

__all__ = ["Site", "host_is_local", "origin_is_allowed"]

_HOST: Final = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PRIVATE_SUFFIXES: Final = (".local", ".localhost", ".home.arpa", ".internal", ".lan", ".test")
_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"
_VIEWS: Final = {"speak": "/index.html", **{v: f"/{v}.html" for v in ("listen", "kiosk", "operate", "talk", "install")}}
"""Pages by what is asked for as a path (``/listen``) or as ``/?view=listen``."""
_LONGEST_QUERY: Final = 1000
_GUARDED: Final = ("/stats", "/metrics")
"""Tell what goes on here, though nothing of what was said: not for everybody on the network."""


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
    """Answers every HTTP request.

    Args:
        pages: the files.
        access: who may see what.
        authority: whose certificate devices can install; ``None``: there is no HTTPS here.
        info: JSON types for ``/info``.
        hosts: names of this machine beside those that only a local network can have.
        origins: web origins that may connect beside our own.
        is_ready: whether sessions can be opened now.
        stats: JSON types for ``/stats``.
        metrics: ``/metrics``, and its content type.
        languages: JSON types for ``/languages``.
    """

    def __init__(
        self,
        pages: Pages,
        access: AccessPolicy,
        *,
        authority: Authority | None,
        info: Callable[[], Any],
        hosts: Sequence[str],
        origins: Sequence[str],
        is_ready: Callable[[], bool],
        stats: Callable[[], Any],
        metrics: Callable[[], tuple[bytes, str]],
        languages: Callable[[], Any],
    ) -> None:
        self._pages = pages
        self._access = access
        self._authority = authority
        self._info = info
        self._origins = tuple(origins)
        self._hosts = (*(urlsplit(origin).hostname or "" for origin in origins), *hosts)
        self._is_ready = is_ready
        self._stats = stats
        self._metrics = metrics
        self._languages = languages

    async def respond(self, caller: Caller, request: Request) -> Response | None:
        """The response to ``request``; ``None``: go on with the WebSocket handshake.

        Whether the connection is kept is for others to say.
        """
        try:
            host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
            if_none_match = request.headers.get("If-None-Match", "")
            authorization = request.headers.get("Authorization")
        except MultipleValuesError:
            return self._finished(_plain(HTTPStatus.BAD_REQUEST, "A header came twice.\n"), "", request)
        path, _, query = request.path.partition("?")
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
        elif path in _GUARDED and not await self._access.may_read_statistics(caller, authorization):
            hint = "Only on this machine, or with an operator's token over HTTPS (Authorization: Bearer ...).\n"
            page = _plain(HTTPStatus.UNAUTHORIZED, hint)
        elif path == "/invite":
            page = await self._invite(caller, authorization, query)
        else:
            page = await self._page(path, query, if_none_match)
        return self._finished(page, host, request)

    async def _invite(self, caller: Caller, authorization: str | None, query: str) -> Page:
        """The link for listeners before anybody speaks, so that they can come in time."""
        room = _asked(query, "room", DEFAULT_ROOM)
        if not re.fullmatch(ROOM_NAME, room):
            return _plain(HTTPStatus.BAD_REQUEST, "That is no name of a room.\n")
        try:
            made = await self._access.invite(caller, authorization, room)
        except Busy as error:
            return _plain(HTTPStatus.TOO_MANY_REQUESTS, f"{error}\n")
        except NotAllowedError as error:
            return _plain(HTTPStatus.UNAUTHORIZED, f"{error}\n")
        return _as_json({} if made is None else {"invite": {"url": made.url, "qr": made.qr}})

    async def _page(self, path: str, query: str, if_none_match: str) -> Page:
        match path:
            case "/healthz":
                return Page(HTTPStatus.OK, _TEXT, b"ok\n", is_for_all=True)
            case "/readyz" if self._is_ready():
                return _plain(HTTPStatus.OK, "ready\n")
            case "/readyz":
                return _plain(HTTPStatus.SERVICE_UNAVAILABLE, "not ready\n")
            case "/stats":
                return _as_json(self._stats())
            case "/metrics":
                body, content_type = self._metrics()
                return Page(HTTPStatus.OK, content_type, body)
            case "/languages":
                return _as_json(self._languages())
            case "/info":
                return _as_json(self._info())
            case "/authority.crt" | "/authority.mobileconfig":
                return self._certificate(path)
            case _:
                file = _file_of(path, query)
                return await asyncio.to_thread(self._pages.page, file, if_none_match=if_none_match)

    def _certificate(self, path: str) -> Page:
        authority = self._authority
        if authority is None:
            return _plain(HTTPStatus.NOT_FOUND, "There is no authority: the service is not open to other devices.\n")
        if path.endswith(".crt"):
            return Page(HTTPStatus.OK, "application/x-x509-ca-cert", authority.der)
        return Page(HTTPStatus.OK, "application/x-apple-aspen-config", mobileconfig(authority))

    def _finished(self, page: Page, host: str, request: Request) -> Response:
        headers = Headers(
            [
                ("Date", formatdate(usegmt=True)),
                ("Content-Type", page.content_type),
                ("Content-Security-Policy", _content_security_policy(host)),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                ("Permissions-Policy", "microphone=(self), camera=(), geolocation=()"),
                ("Cross-Origin-Opener-Policy", "same-origin"),
                ("Cross-Origin-Resource-Policy", "cross-origin" if page.is_for_all else "same-origin"),
                ("Cache-Control", _keeping(page)),
            ]
        )
        if page.etag:
            headers["ETag"] = page.etag
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, HEAD"
        if page.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        if page.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(len(page.body))
        body = b"" if request.method == "HEAD" else page.body
        return Response(page.status.value, page.status.phrase, headers, body)


def _keeping(page: Page) -> str:
    """How long a browser may keep a page without asking."""
    if page.is_lasting:
        return "max-age=31536000, immutable"
    return "no-cache" if page.etag else "no-store"


def _plain(status: HTTPStatus, text: str) -> Page:
    return Page(status, _TEXT, text.encode())


def _as_json(value: Any) -> Page:
    return Page(HTTPStatus.OK, _JSON, json.dumps(value).encode())


def _file_of(path: str, query: str) -> str:
    """The file for ``path``: a view by name, or what is asked for."""
    if path in ("/", "/index.html"):
        return _VIEWS.get(_asked(query, "view", "speak"), "/index.html")
    return _VIEWS.get(path.removeprefix("/"), path)


def _asked(query: str, name: str, otherwise: str) -> str:
    """The first value of a query's parameter; of a query that is too long to be one of ours, nothing."""
    return parse_qs(query).get(name, [otherwise])[0] if len(query) < _LONGEST_QUERY else ""


def _content_security_policy(host: str) -> str:
    """Everything from here and nothing inline; ``'self'`` does not cover WebSockets in older Safari."""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return (
        f"default-src 'self'; connect-src 'self'{sockets}; worker-src 'self'; img-src 'self' data:; "
        "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
