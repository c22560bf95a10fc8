"""The links that a service with tokens shows to the person who started it."""

from __future__ import annotations

from dataclasses import dataclass, field

from translate.server.access.gate import Invite

__all__ = ["StartLinks"]


@dataclass(frozen=True, slots=True)
class StartLinks:
    """All but the last two hold a token and are for a screen, not for a log."""

    here: str = field(repr=False)
    """Everything, for the person at this machine."""
    operate: str = field(repr=False)
    """The operator's page, on this machine."""
    listen: Invite | None
    speak: Invite | None
    install: str | None
    """How devices come to trust the authority."""
    fingerprint: str | None
    """Of the authority's certificate (SHA-256)."""
