"""Gives a box's own microphone and screen links to its service: with tokens, in the files that their units read.

Nobody is there to type a link into a kiosk. The links lead to this machine only and last until they are revoked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from translate.protocol.messages import DEFAULT_ROOM
from translate.protocol.roles import LISTENER, SPEAKER, Role
from translate.server.access.links import base_url
from translate.server.access.tokens import Tokens
from translate.service.secret import write_secret
from translate.service.units import Part

__all__ = ["introduce"]


@dataclass(frozen=True, slots=True)
class _Link:
    file: str
    variable: str
    role: Role
    page: str
    label: str


_LINKS: Final[Mapping[Part, _Link]] = {
    "microphone": _Link("microphone.env", "SOTTOVOCE_ROOM", SPEAKER, "", "microphone of this machine"),
    "display": _Link("display.env", "PAGE", LISTENER, "kiosk", "screen of this machine"),
}


def introduce(parts: Sequence[Part], state: Path, settings: Path, port: int) -> Iterator[Path]:
    """Write a link for each of ``parts`` that has none.

    Args:
        state: where the service keeps its tokens. It has none there: it wants none, and units lead there by themselves.
        settings: folder of the files; what is there already is the administrator's and stays.
        port: the service's own on this machine.

    Yields:
        What was written.

    Raises:
        ServiceError: a file cannot be written.
        StateError: the tokens cannot be used.
    """
    if not state.is_dir():
        return
    for part in parts:
        wanted = _LINKS.get(part)
        if wanted is not None and not (settings / wanted.file).exists():
            tokens = Tokens(state)
            secret = tokens.secret(tokens.standing(wanted.role, DEFAULT_ROOM, None, wanted.label))
            link = f"{base_url('http', '127.0.0.1', port)}{wanted.page}#t={secret}"
            text = f"# Made by `sottovoce service install`; yours to change.\n{wanted.variable}={link}\n"
            yield write_secret(settings / wanted.file, text)
