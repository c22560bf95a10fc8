"""``sottovoce token``: links into rooms are made, listed and withdrawn."""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from translate.cli.options import configured_to_watch
from translate.config import Config
from translate.errors import SottovoceError

if TYPE_CHECKING:
    from translate.server.access.gate import Role
    from translate.server.access.tokens import Token, Tokens

__all__ = ["token"]

_ROLES: Final[dict[str, Role]] = {"listen": "listener", "speak": "speaker", "operate": "operator"}
_ROOM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}", re.ASCII)
_UNITS_S: Final = {"m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[float]):
    """``30m``, ``12h``, ``90d`` or ``forever``: seconds, or 0 for ever."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number of seconds."""
        if value == "forever":
            return 0.0
        parts = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", str(value), re.ASCII)
        if parts is None:
            self.fail(f"{value!r} is not a duration; write 30m, 12h, 90d or forever", param, ctx)
        return float(int(parts[1]) * _UNITS_S[parts[2]])


@click.group(short_help="Make, list and withdraw links into rooms.")
def token() -> None:
    """Make, list and withdraw links into rooms (a running service takes notice at once)."""


@token.command()
@click.option("--role", type=click.Choice(list(_ROLES)), default="listen", show_default=True, help="What it is for.")
@click.option("--room", metavar="NAME", default="main", show_default=True, help="Where; `any`: everywhere.")
@click.option("--valid", "valid_s", type=Duration(), default="30d", show_default=True, help="30m, 12h, 90d, forever.")
@click.option("--label", default="", metavar="TEXT", help="What it is for, to be told by in the list.")
@click.option("--reuse", is_flag=True, help="Print the link made before with this role, room and label, if it lasts.")
@configured_to_watch
def create(role: str, room: str, valid_s: float, label: str, reuse: bool, config: Config) -> None:
    """Make a link and print it, on a terminal with its QR code.

    Whoever has the link may come in: give it to those it is meant for.
    """
    if not _ROOM.fullmatch(room):
        raise click.BadParameter(f"{room!r} is not a room name (letters, digits, . _ ~ -)", param_hint="'--room'")
    from translate.cli.welcome import qr_if_it_fits
    from translate.server.access.link_address import LinkAddress
    from translate.server.access.links import Links, base_url, link
    from translate.server.tls.machine_names import look
    from translate.state import SYSTEM_STATE, is_for_another

    server = config.server
    given = LinkAddress.parse(server.link_host) if server.link_host is not None else LinkAddress(look().link_host)
    links = Links(
        lambda: given.host,
        server.secure_port if server.lan else None,
        server.port if _is_plain(config) else None,
        given.base,
    )
    tokens = _tokens()
    make = tokens.standing if reuse else tokens.create
    made = make(_ROLES[role], None if room == "any" else room, valid_s or None, label)
    secret = tokens.secret(made)
    url = links.url(made.role, made.room, secret)
    if url is None:  # the service may have been started with --lan on its command line
        url = link(base_url("https", given.host, server.secure_port), made.role, made.room, secret)
    click.echo(url)
    code = qr_if_it_fits(url, sys.stdout)
    if code is not None:
        click.echo(code, nl=False)
    if is_for_another(SYSTEM_STATE):
        click.echo(
            "sottovoce: this link is for a service that you start yourself; for that of this machine put sudo before",
            err=True,
        )


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of lines.")
def list_(as_json: bool) -> None:
    """List the tokens; the links themselves are not shown again."""
    now_s = time.time()
    found = [] if _is_missing(_folder()) else list(_tokens())  # to look for tokens, nothing has to be made
    if as_json:
        click.echo(json.dumps([_as_json(one, now_s) for one in found], indent=1))
        return
    if not found:
        click.echo("There are no tokens yet: sottovoce token create")
        return
    click.echo(f"{'ID':<9} {'ROLE':<8} {'ROOM':<16} {'STATE':<8} {'EXPIRES':<17} LABEL")
    for one in found:
        row = (one.id, _name(one.role), one.room or "any", one.state(now_s), _date(one.expires_s), _plain(one.label))
        click.echo("{:<9} {:<8} {:<16} {:<8} {:<17} {}".format(*row).rstrip())


@token.command(short_help="Withdraw tokens by their ID.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def revoke(ids: tuple[str, ...]) -> None:
    """Withdraw tokens by their ID (see: sottovoce token list); who came in with one is sent out."""
    tokens = _tokens()
    unknown = [name for name in ids if not tokens.revoke(name)]
    for name in ids:
        if name not in unknown:
            click.echo(f"{name} revoked")
    if unknown:
        shown = ", ".join(ascii(name)[:40] for name in unknown)
        raise SottovoceError(f"no valid token has the ID {shown}; see: sottovoce token list")


def _tokens() -> Tokens:
    from translate.server.access.tokens import Tokens

    return Tokens(_folder())


def _is_missing(folder: Path) -> bool:
    try:
        return not folder.exists()
    except OSError:  # what is wrong with it is said by who opens it
        return False


def _folder() -> Path:
    from translate.state import lan_folder

    return lan_folder()


def _is_plain(config: Config) -> bool:
    return config.server.lan and config.server.plain_listeners


def _as_json(one: Token, now_s: float) -> dict[str, object]:
    return {
        "id": one.id,
        "role": _name(one.role),
        "room": one.room,
        "state": one.state(now_s),
        "created_s": one.created_s,
        "expires_s": one.expires_s,
        "label": one.label,
    }


def _name(role: Role) -> str:
    return next(name for name, known in _ROLES.items() if known == role)


def _date(at_s: float | None) -> str:
    return "never" if at_s is None else datetime.fromtimestamp(at_s).strftime("%Y-%m-%d %H:%M")


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:60]
