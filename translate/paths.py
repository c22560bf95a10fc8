"""Folders of the user: where they are, and what a user without a home folder has instead."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from translate.errors import ConfigError

__all__ = ["cache_home", "config_home", "expanded", "state_home", "user_folder"]

_NOWHERE: Final = Path("/nonexistent")
"""The home folder that Debian gives to users who have none. It does not exist, so writing there fails with a
message that names the setting for another place; what only reads finds nothing and goes on."""


def cache_home() -> Path:
    """``$XDG_CACHE_HOME``, else ``~/.cache``; see :func:`user_folder`."""
    return user_folder("XDG_CACHE_HOME", ".cache")


def config_home(environment: Mapping[str, str] | None = None) -> Path:
    """``$XDG_CONFIG_HOME``, else ``~/.config``; see :func:`user_folder`."""
    return user_folder("XDG_CONFIG_HOME", ".config", environment)


def state_home() -> Path:
    """``$XDG_STATE_HOME``, else ``~/.local/state``; see :func:`user_folder`."""
    return user_folder("XDG_STATE_HOME", ".local/state")


def user_folder(variable: str, under_home: str, environment: Mapping[str, str] | None = None) -> Path:
    """The folder in the XDG variable ``variable``, else ``under_home`` in the home folder; it need not exist.

    A user without HOME and without an entry in the list of users, as containers have them, gets a folder that does not
    exist and cannot be made. A HOME that is empty or relative counts as none: what is kept would lie wherever a command
    is run.
    """
    given = (os.environ if environment is None else environment).get(variable, "")
    # The XDG specification: a relative path is invalid and must be ignored.
    if given and Path(given).is_absolute():
        return Path(given)
    return _home() / under_home


def expanded(path: str | os.PathLike[str]) -> Path:
    """``path`` with ``~`` replaced by the home folder.

    Raises:
        ConfigError: there is none, or nobody of the name after ``~``.
    """
    first, *rest = Path(path).parts or (".",)
    if first == "~" and (home := _home()) != _NOWHERE:
        return home.joinpath(*rest)
    try:
        if first == "~":
            raise RuntimeError("no home folder")
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{path}: there is no such home folder; write the whole path") from error


def _home() -> Path:
    try:
        home = Path.home()
        if not home.is_absolute() or os.environ.get("HOME") == "":
            import pwd  # where HOME is used, there is one

            home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except (RuntimeError, KeyError):  # nobody whom the machine knows
        return _NOWHERE
    return home if home.is_absolute() else _NOWHERE
