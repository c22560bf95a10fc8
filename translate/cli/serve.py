"""``sottovoce serve``: the service, with its pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from translate.cli.options import configured, read_again
from translate.config import Config
from translate.tasks import Supervisor

if TYPE_CHECKING:
    from translate.server.access.start_links import StartLinks
    from translate.server.local_backend import LocalBackend
    from translate.server.network import Address

__all__ = ["serve"]


@click.command()
@click.option("--lan/--no-lan", default=None, help="Open the service to other devices: HTTPS, tokens, QR code.")
@click.option(
    "--plain-listeners/--no-plain-listeners", default=None, help="With --lan: listeners may come over plain HTTP, too."
)
@click.option("--host", metavar="ADDRESS", help="Address of the plain port (default 127.0.0.1: this machine only).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port of the pages and the WebSocket (default 8765).")
@click.option("--secure-port", type=click.IntRange(0, 65_535), help="Port for HTTPS, with --lan (default 8766).")
@configured
def serve(config: Config, **given: Any) -> None:
    """Run the service: open the address it prints in a browser."""
    flags = {name: value for name, value in given.items() if value is not None}
    config = replace(config, server=replace(config.server, **flags))
    again = read_again()

    def read() -> Config:
        settings = again()
        return replace(settings, server=replace(settings.server, **flags))

    from translate.server.local_backend import LocalBackend

    backend = LocalBackend(config)  # before the event loop, which would keep Ctrl-C waiting until models are loaded
    try:
        asyncio.run(_serve(config, backend, read))
    finally:
        backend.close()


async def _serve(config: Config, backend: LocalBackend, read: Callable[[], Config]) -> None:
    from translate.service.serve import serve as run

    def ready(address: Address, links: StartLinks | None) -> None:
        from translate.cli.welcome import welcome

        click.echo(welcome(address.url, links, backend.model))

    tasks = Supervisor("service")
    tasks.start(backend.tend(), "tend")
    try:
        await run(config, backend, ready=ready, read=read, take=(backend.reconfigure,))
    finally:
        await tasks.aclose()
