"""Folders of the user: where they are, and what a user without a home folder has instead."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from translate.errors import ConfigError

__all__ = ["expanded", "user_folder"]

_NOWHERE: Final = Path("/nonexistent")
"""The home folder that Debian gives to users who have none. It does not exist, so writing there fails with a
message that names the setting for another place; what only reads finds nothing and goes on."""


def user_folder(variable: str, under_home: str, environment: Mapping[str, str] | None = None) -> Path:
    """The folder in the XDG variable ``variable``, else ``under_home`` in the home folder; it need not exist.

    A user without HOME and without an entry in the list of users, as containers have them, gets a folder that does not
    exist and cannot be made.
    """
    given = (os.environ if environment is None else environment).get(variable, "")
    # The XDG specification: a relative path is invalid and must be ignored.
    if given and Path(given).is_absolute():
        return Path(given)
    try:
        home = Path.home()
    except RuntimeError:
        home = _NOWHERE
    return home / under_home


def expanded(path: str | os.PathLike[str]) -> Path:
    """``path`` with ``~`` replaced by the home folder.

    Raises:
        ConfigError: there is none, or nobody of the name after ``~``.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{path}: there is no such home folder; write the whole path") from error
