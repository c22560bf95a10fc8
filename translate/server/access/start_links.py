"""The links that a service with tokens shows to the person who started it."""

from __future__ import annotations

from dataclasses import dataclass, field

from translate.server.access.gate import Invite

__all__ = ["StartLinks"]


@dataclass(frozen=True, slots=True)
class StartLinks:
    """Links and the fingerprint for a screen; all but the last two hold a token and must not be logged."""

    here: str = field(repr=False)
    """The speaker's page on this machine, with an operator's token."""
    operate: str = field(repr=False)
    """The operator's page, on this machine."""
    listen: Invite | None
    speak: Invite | None
    install: str | None
    """The page that explains how a device comes to trust the authority."""
    fingerprint: str | None
    """SHA-256 of the authority's certificate; ``None``: there is no authority."""
