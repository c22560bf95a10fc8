"""Packages that only the bench needs (extra ``bench``), imported when a figure needs them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from translate.errors import ConfigError

__all__ = ["optional", "required"]


def required(module: str) -> ModuleType:
    """The module.

    Raises:
        ConfigError: its package is not installed.
    """
    found = optional(module)
    if found is None:
        raise ConfigError(f"the bench needs the Python package of {module!r}: pip install 'sottovoce[bench]'")
    return found


def optional(module: str) -> ModuleType | None:
    """The module; ``None`` where its package is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and module.split(".")[0] != error.name.split(".")[0]:
            raise  # it is there, and broken
        return None
