"""``sottovoce live --room``: this machine's microphone, or a file, speaks in a room of a service elsewhere."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from translate.cli.captions import show
from translate.cli.options import Wanted

if TYPE_CHECKING:
    from translate.audio import AudioSource

__all__ = ["speak"]


def speak(
    url: str, wanted: Wanted, source: AudioSource, *, authority: Path | None, accept_new: bool, events: bool
) -> None:
    """Speaks until the source ends or Ctrl-C, and shows the captions that come back.

    Raises:
        SottovoceError: one line about what is wrong.
    """
    from translate.remote import RemoteSpeaker, parse_room, trusted_context
    from translate.remote.speaker import Talk

    address = parse_room(url)
    tls = trusted_context(
        address, authority=authority, accept=lambda print_: accept_new or _asked(str(address), print_)
    )
    talk = Talk(wanted.spoken, wanted.targets, wanted.allowed, wanted.mode)

    async def run() -> None:
        speaker = RemoteSpeaker(source, address, talk, tls=tls)
        await show(speaker, source, wanted.targets, speaker.clock, events=events)

    asyncio.run(run())


def _asked(where: str, fingerprint: str) -> bool:
    """Lets a person compare the fingerprint with the one that the service shows; nobody there: no."""
    if sys.stdin is None or not sys.stdin.isatty():
        click.echo(f"sottovoce: SHA-256 of the authority of {where}: {fingerprint}", err=True)
        return False
    click.echo(f"Nobody this machine knows vouches for {where}.", err=True)
    click.echo(f"SHA-256 of its authority: {fingerprint}", err=True)
    return click.confirm("Does the service show the same? Trust it from now on?", err=True)
