"""What ``serve`` prints when it is ready: the links, and a QR code where there is a terminal to show it."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from translate.server.access.gate import Invite
from translate.server.access.links import qr_for_terminal
from translate.server.access.start_links import StartLinks

__all__ = ["qr_if_it_fits", "welcome"]


def welcome(url: str, links: StartLinks | None, model: str, output: TextIO | None = None) -> str:
    """The text. Links that hold a token are for a screen only: a file or a journal would keep them.

    Args:
        url: of the pages, on this machine.
        links: with tokens; ``None``: no token is needed.
        model: what recognizes speech.
        output: where it will be printed; ``None``: standard output.
    """
    output = output or sys.stdout
    ready = f"Sottovoce is ready at {url} (recognition: {model}). Ctrl-C stops it."
    if links is None:
        return ready
    if not output.isatty():
        return f"{ready}\nTokens are needed; links with one: sottovoce token create --role speak"
    lines = [
        f"Sottovoce is ready (recognition: {model}). Ctrl-C stops it.",
        "",
        _row("On this machine", links.here),
        _row("Operator", links.operate),
        _row("Speak elsewhere", _url(links.speak)),
        _row("Listen", _url(links.listen)),
    ]
    if links.install is not None:
        lines += [
            _row("Trust", links.install),
            _row("", "once on every device that speaks; its certificate has the SHA-256 fingerprint"),
            *(_row("", part) for part in _halves(links.fingerprint or "")),
        ]
    code = qr_if_it_fits(links.listen.url, output) if links.listen is not None else None
    if code is not None:
        lines += ["", code + "Scan to listen and read."]
    return "\n".join(line for line in lines if line is not None)


def qr_if_it_fits(url: str, output: TextIO) -> str | None:
    """A QR code for ``output``; ``None``: it is no terminal, is too narrow, or cannot show the blocks."""
    if not output.isatty() or "utf" not in (output.encoding or "").lower():
        return None
    return qr_for_terminal(url, shutil.get_terminal_size().columns)


def _row(name: str, text: str | None) -> str | None:
    return None if text is None else f"  {name:<16} {text}".rstrip()


def _url(invite: Invite | None) -> str | None:
    return None if invite is None else invite.url


def _halves(fingerprint: str) -> tuple[str, str]:
    middle = (len(fingerprint) + 1) // 2
    return fingerprint[:middle].rstrip(":"), fingerprint[middle:]
