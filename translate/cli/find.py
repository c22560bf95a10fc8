"""``sottovoce find``: which services there are on the local network."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import click

from translate.errors import SottovoceError

__all__ = ["find"]


@click.command(short_help="List the services on the local network.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0.2, 60), default=3.0, show_default=True, metavar="SECONDS",
    help="How long to wait for answers.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of lines.")
def find(timeout_s: float, as_json: bool) -> None:
    """List the services that announce themselves on the local network (sottovoce serve --lan).

    Exit status 1 when there is none.
    """
    from translate.server.tls.discovery import find as search

    try:
        found = asyncio.run(search(timeout_s))
    except OSError as error:
        raise SottovoceError(f"cannot search the network: {(error.strerror or str(error)).lower()}") from error
    if as_json:
        click.echo(json.dumps([{**dataclasses.asdict(one), "url": one.url} for one in found], indent=1))
    for one in found if not as_json else ():
        version = f", version {one.version}" if one.version else ""
        click.echo(f"{one.url}  {one.name} ({one.host}{version})")
    if not found:
        raise SottovoceError(
            f"no service answered within {timeout_s:g} s; it must run with --lan, on the same network, "
            "and UDP port 5353 must be open"
        )
