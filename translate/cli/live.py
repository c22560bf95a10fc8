"""``sottovoce live``: captions of a microphone in the terminal, made here or by a service elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from translate.cli.options import Wanted, configured, languages_wanted
from translate.config import AudioConfig, Config
from translate.errors import ConfigError

if TYPE_CHECKING:
    from translate.audio import AudioSource
    from translate.inference import Engines

__all__ = ["live"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@languages_wanted
@click.option("--device", metavar="NAME", help="Part of the name of the microphone (see --devices).")
@click.option("--devices", "only_list", is_flag=True, help="List the microphones and stop.")
@click.option("--events", is_flag=True, help="Write the wire events as JSON lines instead of captions.")
@click.option(
    "--room",
    "url",
    metavar="URL",
    envvar="SOTTOVOCE_ROOM",
    help="Speak in a room of a service elsewhere: the link that it shows.",
)
@click.option("--file", "sound", type=_FILE, metavar="FILE", help="With --room: speak this file instead.")
@click.option(
    "--authority", type=_FILE, metavar="FILE", help="With --room: the certificate that the service has to have."
)
@click.option("--accept-new", is_flag=True, help="With --room: trust a service never met before without asking.")
@configured
def live(
    wanted: Wanted,
    device: str | None,
    only_list: bool,
    events: bool,
    url: str | None,
    sound: Path | None,
    authority: Path | None,
    accept_new: bool,
    config: Config,
) -> None:
    """Caption what the microphone hears, until Ctrl-C.

    \b
    sottovoce live --from es --to en
    sottovoce live --from auto --allow es,de --device "USB"
    sottovoce live --from es --room 'https://192.168.1.20:8766/?room=hall#t=TOKEN'
    """
    if only_list:
        _list()
        return
    if url is not None:
        _speak(url, wanted, _sound(sound, device, config), authority, accept_new, events)
        return
    if sound is not None or authority is not None or accept_new:
        raise ConfigError("--file, --authority and --accept-new go with --room (see also: sottovoce file)")
    from translate.inference import Engines

    audio = replace(config.audio, device=device) if device is not None else config.audio
    engines = Engines(config)  # before the event loop, which would keep Ctrl-C waiting until they are loaded
    try:
        asyncio.run(_caption(wanted, audio, events, engines))
    finally:
        engines.close()


def _sound(file: Path | None, device: str | None, config: Config) -> AudioSource:
    from translate.audio import FileSource, MicrophoneSource

    if file is None:
        return MicrophoneSource(replace(config.audio, device=device) if device is not None else config.audio)
    source = FileSource(file, pace=1.0, config=config.audio)
    source.probe()  # a file that cannot be read is no reason to call anybody
    return source


def _speak(
    url: str, wanted: Wanted, source: AudioSource, authority: Path | None, accept_new: bool, events: bool
) -> None:
    from translate.cli.remote import speak

    speak(url, wanted, source, authority=authority, accept_new=accept_new, events=events)


def _list() -> None:
    from translate.audio import list_devices
    from translate.audio.devices import choose_device

    devices = list_devices()
    choose_device(devices, None)  # says what to do where there is none
    for device in devices:
        mark = "*" if device.is_default else " "
        click.echo(f"{mark} {device.name}  ({device.channels} ch, {device.rate_hz} Hz)")


async def _caption(wanted: Wanted, audio: AudioConfig, events: bool, engines: Engines) -> None:
    from translate.audio import MicrophoneSource
    from translate.cli.captions import show
    from translate.output.transcripts import recorded
    from translate.pipeline.session import Session

    source = MicrophoneSource(audio)
    session = Session(
        source, spoken=wanted.spoken, targets=wanted.targets, allowed=wanted.allowed, engines=engines, mode=wanted.mode
    )
    with recorded(session, engines.config.transcripts, "live") as talk:
        await show(talk, source, wanted.targets, session.clock, events=events)
