"""``sottovoce live``: captions of a microphone in the terminal."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from translate.cli.interrupt import ends
from translate.cli.options import Wanted, configured, languages_wanted
from translate.config import AudioConfig, Config

if TYPE_CHECKING:
    from translate.engines import Engines

__all__ = ["live"]


@click.command()
@languages_wanted
@click.option("--device", metavar="NAME", help="Part of the name of the microphone (see --devices).")
@click.option("--devices", "only_list", is_flag=True, help="List the microphones and stop.")
@click.option("--events", is_flag=True, help="Write the wire events as JSON lines instead of captions.")
@configured
def live(wanted: Wanted, device: str | None, only_list: bool, events: bool, config: Config) -> None:
    """Caption what the microphone hears, until Ctrl-C.

    \b
    sottovoce live --from es --to en
    sottovoce live --from auto --allow es,de --device "USB"
    """
    if only_list:
        _list()
        return
    from translate.engines import Engines

    audio = replace(config.audio, device=device) if device is not None else config.audio
    engines = Engines(config)  # before the event loop, which would keep Ctrl-C waiting until they are loaded
    try:
        asyncio.run(_caption(wanted, audio, events, engines))
    finally:
        engines.close()


def _list() -> None:
    from translate.audio import list_devices

    for device in list_devices():
        mark = "*" if device.is_default else " "
        click.echo(f"{mark} {device.name}  ({device.channels} ch, {device.rate_hz} Hz)")


async def _caption(wanted: Wanted, audio: AudioConfig, events: bool, engines: Engines) -> None:
    from rich.console import Console

    from translate.audio import MicrophoneSource
    from translate.output.terminal import TerminalCaptions
    from translate.output.writers import make_writer
    from translate.pipeline.session import Session

    source = MicrophoneSource(audio)
    session = Session(
        source, spoken=wanted.spoken, targets=wanted.targets, allowed=wanted.allowed, engines=engines, mode=wanted.mode
    )
    with ends(source):  # Ctrl-C is how one stops: no failure
        if events:
            writer = make_writer("events", click.echo, wanted.targets, session.clock)
            async for event in session:
                writer.add(event)
            return
        with TerminalCaptions(wanted.targets, session.clock, Console()) as captions:
            async for event in session:
                captions.add(event)
