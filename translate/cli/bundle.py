"""``sottovoce bundle``: everything for a machine without a network, in one archive."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from translate.errors import ConfigError

__all__ = ["bundle"]

_OUT = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command(short_help="Pack everything for a machine without a network.")
@click.argument("out", type=_OUT, metavar="OUT.tar")
@click.option("--wheels", type=_FOLDER, metavar="FOLDER", help="Wheels of Sottovoce and all that it needs.")
@click.option("--download", is_flag=True, help="Fetch the wheels with pip: the only step that uses a network.")
@click.option("--model", "models", metavar="NAME", multiple=True, help="A model of this machine to put in, too.")
def bundle(out: Path, wheels: Path | None, download: bool, models: tuple[str, ...]) -> None:
    """Put wheels, models, units and an installer into OUT.tar (or .tar.gz, .tar.xz), with a hash of every file.

    The bundle fits machines of this kind with this version of Python. There: tar xf OUT.tar, then
    sottovoce-VERSION/install.sh, which checks the hashes first.
    """
    if (wheels is not None) == download:
        raise ConfigError("give the wheels with --wheels FOLDER, or have them fetched with --download")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {out}: there is no folder {out.absolute().parent}")
    from translate.registry import default_registry
    from translate.service.bundle import bundle_into, downloaded_wheels

    with downloaded_wheels() if wheels is None else contextlib.nullcontext(wheels) as folder:
        made = bundle_into(out, folder, models, default_registry())
    click.echo(f"{made.path}: {made.files} files, {made.size_bytes / 1e6:.0f} MB")
    click.echo(f"SHA-256 {made.sha256}")
