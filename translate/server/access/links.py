"""Links into a room for other devices, with the token in the fragment, which browsers do not send; and as QR codes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import segno

from translate.protocol import LISTENER, OPERATOR, SPEAKER, Role
from translate.protocol.messages import DEFAULT_ROOM

__all__ = ["Links", "base_url", "link", "qr_for_page", "qr_for_terminal"]

_PAGES: Final[dict[Role, str]] = {SPEAKER: "", LISTENER: "listen", OPERATOR: "operate"}
_BORDER: Final = 4  # ISO/IEC 18004: cameras need it
_BLACK_ON_WHITE: Final = "\x1b[38;5;16;48;5;231m"
_RESET: Final = "\x1b[0m"


USUAL_PORTS: Final = {"http": 80, "https": 443}
"""By scheme, the port that a URL need not name."""


def base_url(scheme: str, host: str, port: int) -> str:
    """``https://[fd00::2]:8766/`` and the like."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{'' if port == USUAL_PORTS[scheme] else f':{port}'}/"


@dataclass(frozen=True, slots=True)
class Links:
    """How other devices reach this service."""

    host: Callable[[], str]
    """Name or address, as of now."""
    secure_port: int | None
    """HTTPS, for everything; ``None``: there is none."""
    plain_port: int | None = None
    """Where listeners may come over plain HTTP; ``None``: nowhere."""
    base: str | None = None
    """URL under which a reverse proxy offers the service; ``None``: the host at these ports."""

    @property
    def secure(self) -> str | None:
        """The secure address."""
        if self.base is not None and self.base.startswith("https:"):
            return self.base
        return None if self.secure_port is None else base_url("https", self.host(), self.secure_port)

    @property
    def listening(self) -> str | None:
        """The address for listeners: the plain one where there is one, as no browser warns of it."""
        if self.base is not None:
            return self.base
        return self.secure if self.plain_port is None else base_url("http", self.host(), self.plain_port)

    def url(self, role: Role, room: str | None, secret: str) -> str | None:
        """The page for ``role`` in ``room`` with its token; ``None``: other devices cannot do that here."""
        base = self.listening if role == LISTENER else self.secure
        return None if base is None else link(base, role, room, secret)


def link(base: str, role: Role, room: str | None, secret: str) -> str:
    """The page for ``role`` under ``base``; the usual room is not named, as a short link makes a simple QR code."""
    query = f"?room={quote(room, safe='~')}" if room not in (None, DEFAULT_ROOM) else ""
    return f"{base}{_PAGES[role]}{query}#t={secret}"


def qr_for_page(url: str) -> str:
    """A QR code as ``data:`` URI of an SVG image, dark on light with the border that cameras need."""
    code = segno.make(url, error="m", micro=False)
    return code.svg_data_uri(scale=4, border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True)


def qr_for_terminal(url: str, columns: int) -> str | None:
    """A QR code in half blocks, black on white whatever the terminal's own colours; ``None``: it is too narrow."""
    code = segno.make(url, error="l", micro=False, boost_error=False)
    rows = [[bool(cell) for cell in row] for row in code.matrix_iter(border=_BORDER)]
    if len(rows[0]) > columns:
        return None
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    blocks = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    text = io.StringIO()
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        text.write(_BLACK_ON_WHITE + "".join(blocks[pair] for pair in zip(upper, lower, strict=True)) + _RESET + "\n")
    return text.getvalue()
