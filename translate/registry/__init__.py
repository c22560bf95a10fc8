"""Models: which there are, where they lie on this machine, and whether they are whole. Only a pull is ever online."""

from translate.registry.catalog import Catalog, FileSpec, HubSource, Kind, ModelSpec, default_catalog, load_catalog
from translate.registry.resolve import (
    Origin,
    Place,
    Registry,
    ResolvedModel,
    default_registry,
    ensure_intact,
    installed_translations,
    resolve,
)
from translate.registry.store import Store, cache_folder

__all__ = [
    "Catalog",
    "FileSpec",
    "HubSource",
    "Kind",
    "ModelSpec",
    "Origin",
    "Place",
    "Registry",
    "ResolvedModel",
    "Store",
    "cache_folder",
    "default_catalog",
    "default_registry",
    "ensure_intact",
    "installed_translations",
    "load_catalog",
    "resolve",
]
