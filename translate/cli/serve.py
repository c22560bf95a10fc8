"""``sottovoce serve``: the service, with its page."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import click

from translate.cli.options import configured
from translate.config import Config

__all__ = ["serve"]


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on (default 127.0.0.1: this machine only).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port of the page and the WebSocket (default 8765).")
@configured
def serve(host: str | None, port: int | None, config: Config) -> None:
    """Run the service: open the address it prints in a browser on this machine."""
    server = config.server
    server = replace(server, host=server.host if host is None else host, port=server.port if port is None else port)
    asyncio.run(_serve(replace(config, server=server)))


async def _serve(config: Config) -> None:
    from translate.backend import LocalBackend
    from translate.server.app import Address
    from translate.server.serve import serve as run

    def ready(address: Address) -> None:
        click.echo(f"Sottovoce is ready at {address.url} (recognition: {backend.model}). Ctrl-C stops it.")

    backend = LocalBackend(config)
    try:
        await run(config, backend, ready=ready)
    finally:
        backend.close()
