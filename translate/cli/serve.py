"""``sottovoce serve``: the service, with its page."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from translate.cli.options import configured
from translate.config import Config

if TYPE_CHECKING:
    from translate.backend import LocalBackend
    from translate.server.app import Address

__all__ = ["serve"]


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on (default 127.0.0.1: this machine only).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port of the page and the WebSocket (default 8765).")
@configured
def serve(host: str | None, port: int | None, config: Config) -> None:
    """Run the service: open the address it prints in a browser on this machine."""
    server = config.server
    server = replace(server, host=server.host if host is None else host, port=server.port if port is None else port)
    from translate.backend import LocalBackend

    config = replace(config, server=server)
    backend = LocalBackend(config)  # before the event loop, which would keep Ctrl-C waiting until models are loaded
    try:
        asyncio.run(_serve(config, backend))
    finally:
        backend.close()


async def _serve(config: Config, backend: LocalBackend) -> None:
    from translate.server.serve import serve as run

    def ready(address: Address) -> None:
        click.echo(f"Sottovoce is ready at {address.url} (recognition: {backend.model}). Ctrl-C stops it.")

    await run(config, backend, ready=ready)
