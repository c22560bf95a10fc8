"""Where the service keeps what must survive a restart and nobody else may read: keys, tokens, known servers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from translate.atomic import replacing
from translate.errors import StateError
from translate.paths import expanded, state_home

__all__ = [
    "SYSTEM_STATE",
    "give_to_owner",
    "is_for_another",
    "lan_folder",
    "of_system",
    "private_folder",
    "read_private",
    "state_folder",
    "write_private",
]

SYSTEM_STATE: Final = Path("/var/lib/sottovoce")
"""Of the service that systemd runs."""


def state_folder() -> Path:
    """``$SOTTOVOCE_STATE``, else for root that of the service of this machine if one is installed, else
    ``$XDG_STATE_HOME/sottovoce``, else ``~/.local/state/sottovoce``; may not exist."""
    if own := os.environ.get("SOTTOVOCE_STATE"):
        return expanded(own)
    if (system := of_system(SYSTEM_STATE)) is not None:
        return system
    return state_home() / "sottovoce"


def lan_folder() -> Path:
    """Where the certificate authority, certificates and tokens are kept."""
    return state_folder() / "lan"


def of_system(folder: Path) -> Path | None:
    """``folder`` of the service of this machine, if it is there and root asks: what an administrator's command makes
    or looks at (a link, a model) is the service's, not root's own."""
    return folder if _is_root() and folder.is_dir() else None


def is_for_another(folder: Path) -> bool:
    """Whether this machine has a service, with its state in ``folder``, that this user's commands pass by."""
    return os.path.lexists(folder) and of_system(folder) is None and not os.environ.get("SOTTOVOCE_STATE")


def private_folder(folder: Path) -> Path:
    """Makes ``folder`` (mode 0700) if it is missing, and takes away what others could do in it. What root makes belongs
    to the owner of what it lies in.

    Raises:
        StateError: it cannot be made or belongs to somebody else.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_root():
                owner = folder.parent.stat()
                os.chown(folder, owner.st_uid, owner.st_gid, follow_symlinks=False)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise StateError(_why(folder, error)) from error
    return folder


def read_private(path: Path) -> bytes | None:
    """The content of a private file; ``None``: there is none.

    Raises:
        StateError: it cannot be read, or others may read it (a key that others may have read is no secret).
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            content = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(_why(path, error)) from error
    if mode & 0o077:
        raise StateError(f"{path} may be read by others (mode {mode:o}); make it private (chmod 600) or remove it")
    return content


def write_private(path: Path, content: bytes) -> None:
    """Replaces ``path`` by a file with mode 0600, at once or not at all.

    Raises:
        StateError: the disk is full or the folder cannot be written.
    """
    private_folder(path.parent)
    try:
        with replacing(path, mode=0o600, durable=True) as file:
            give_to_owner(path.parent, file.fileno())
            file.write(content)
    except OSError as error:
        raise StateError(_why(path, error)) from error


def give_to_owner(folder: Path, number: int) -> None:
    """Gives an open file that root has made to the owner of ``folder``.

    Else the service, which is not root, could not read what an administrator's command has written.
    """
    if _is_root():
        owner = folder.stat()
        os.fchown(number, owner.st_uid, owner.st_gid)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0  # Windows has none


def _why(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"cannot use {path}: {reason.lower()}; set SOTTOVOCE_STATE to a folder of your own that can be written"
