"""``sottovoce service``: start with the machine, under systemd."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from translate.config import load_config
from translate.config.load import SYSTEM_FILE
from translate.service.units import Part, Scope, ServiceError, Systemd, program, units

__all__ = ["service"]

_ALL: tuple[Part, ...] = ("server", "microphone", "display")


def _placed(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--root", type=click.Path(path_type=Path), help="Files go under this folder; no orders.")(
        command
    )
    return click.option("--user", is_flag=True, help="A service of this user in place of one of the system.")(command)


def _scope(user: bool) -> Scope:
    return "user" if user else "system"


@click.group()
def service() -> None:
    """Start with the machine, watched by systemd."""


@service.command(short_help="Install the service and start it.")
@_placed
@click.option("--microphone", is_flag=True, help="The microphone of this machine speaks, too.")
@click.option("--display", is_flag=True, help="Captions on the screen of this machine, too.")
@click.option("--options", default="", metavar="TEXT", help='Of `sottovoce serve`, such as "--lan".')
@click.option("--program", "command", type=click.Path(path_type=Path), help="Command to start; default: this one.")
@click.option("--no-start", is_flag=True, help="Only with the next start of the machine.")
def install(
    user: bool,
    root: Path | None,
    microphone: bool,
    display: bool,
    options: str,
    command: Path | None,
    no_start: bool,
) -> None:
    """Install the service and start it; what is installed already is replaced.

    Settings: /etc/sottovoce/config.toml (of a user: ~/.config/sottovoce/config.toml), see `sottovoce config init`.
    """
    systemd = Systemd(_scope(user), root)
    systemd.check()
    wanted = {"microphone": microphone, "display": display}
    parts = [part for part in _ALL if wanted.get(part, True)]
    made = units(command.absolute() if command else program(), parts, _scope(user), options)
    for unit in made:
        click.echo(f"wrote {systemd.put(unit)}")
    names = [unit.path.name for unit in made if unit.path.suffix == ".service"]
    if display:
        systemd.make_users()
    systemd.order("daemon-reload")
    if no_start or root is not None:
        systemd.order("enable", *names)
    else:
        _start(systemd, names, parts, options)
        click.echo("it runs; see: sottovoce service status" + (" --user" if user else ""))


def _start(systemd: Systemd, names: list[str], parts: list[Part], options: str) -> None:
    """The service first: only then it has the tokens that its microphone and screen need."""
    server, *others = names
    systemd.order("enable", server)
    systemd.order("restart", server)
    if others:
        from translate.service.introduce import introduce
        from translate.state import lan_folder

        for path in introduce(parts, lan_folder(), SYSTEM_FILE.parent, _port(options)):
            click.echo(f"wrote {path}")
        systemd.order("enable", *others)
        systemd.order("restart", *others)


def _port(options: str) -> int:
    """Where the service listens on this machine, as far as its settings and ``options`` tell."""
    given = re.search(r"--port[= ](\d+)", options)
    return int(given[1]) if given else load_config().server.port


@service.command(short_help="Stop the service and remove it; settings stay.")
@_placed
def uninstall(user: bool, root: Path | None) -> None:
    """Stop the service and remove it; settings, models, keys and transcripts stay."""
    systemd = Systemd(_scope(user), root)
    systemd.check()
    names = systemd.here()
    if not names:
        raise ServiceError(f"no service of the {_scope(user)} is installed")
    systemd.order("disable", "--now", *names)
    parts: list[Part] = ["server"] if user else list(_ALL)
    for unit in units(Path("/sottovoce"), parts, _scope(user)):
        if (path := systemd.remove(unit)) is not None:
            click.echo(f"removed {path}")
    systemd.order("daemon-reload")


@service.command()
@_placed
@click.pass_context
def status(context: click.Context, user: bool, root: Path | None) -> None:
    """Say what is installed and whether it runs. Exit status 0 when all of it runs, 1 when not."""
    systemd = Systemd(_scope(user), root)
    names = systemd.here()
    if not names:
        raise ServiceError(f"no service of the {_scope(user)} is installed (see: sottovoce service install)")
    good = True
    for name in names:
        if root is not None:
            click.echo(f"{name}: installed")
            continue
        shown = systemd.order("show", "--property=ActiveState,SubState,StatusText,NRestarts", name, check=False)
        facts = dict(line.partition("=")[::2] for line in shown.splitlines())
        state = f"{facts.get('ActiveState', 'unknown')} ({facts.get('SubState', '?')})"
        restarts = f", started anew {facts['NRestarts']} times" if facts.get("NRestarts", "0") != "0" else ""
        click.echo(f"{name}: {state}{restarts}  {facts.get('StatusText', '')}".rstrip())
        good = good and facts.get("ActiveState") == "active"
    context.exit(0 if good else 1)


@service.command(hidden=True)
@click.option("--page", envvar="PAGE", required=True, help="Address of the captions.")
@click.option("--folder", envvar="STATE_DIRECTORY", type=click.Path(path_type=Path), required=True, help="Where to.")
def screen(page: str, folder: Path) -> None:
    """Write the page that a kiosk's screen begins with (what the unit of the display does before its browser)."""
    from translate.service.screen import write_start_page

    write_start_page(page, folder)
