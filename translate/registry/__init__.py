"""Models: which there are, where they lie on this machine, and whether they are whole. Only a pull is ever online."""

from translate.registry.catalog import Catalog, default_catalog, load_catalog
from translate.registry.found import Origin, Place, ResolvedModel
from translate.registry.resolve import Registry, default_registry, ensure_intact, installed_translations, resolve
from translate.registry.serving import Serving, preference, serving
from translate.registry.spec import FileSpec, HubSource, Kind, ModelSpec, Quality, WebSource
from translate.registry.store import Store, cache_folder

__all__ = [
    "Catalog",
    "FileSpec",
    "HubSource",
    "Kind",
    "ModelSpec",
    "Origin",
    "Place",
    "Quality",
    "Registry",
    "ResolvedModel",
    "Serving",
    "Store",
    "WebSource",
    "cache_folder",
    "default_catalog",
    "default_registry",
    "ensure_intact",
    "installed_translations",
    "load_catalog",
    "preference",
    "resolve",
    "serving",
]
