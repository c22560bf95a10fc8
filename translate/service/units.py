"""systemd units: what they say, where they belong, and putting them there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from translate.atomic import replacing
from translate.errors import SottovoceError
from translate.paths import user_folder
from translate.resources import packaging_folder

__all__ = ["Part", "Scope", "ServiceError", "Systemd", "Unit", "program", "units"]

Scope = Literal["system", "user"]
Part = Literal["server", "microphone", "display"]

_NAMES: dict[Part, str] = {
    "server": "sottovoce.service",
    "microphone": "sottovoce-microphone.service",
    "display": "sottovoce-display.service",
}
_AGAIN = "sottovoce-again.timer"
"""Starts a service that was given up once more."""
_NO_NAMES = Path("/etc/sottovoce/nsswitch.conf")
"""Has the C library of units that look up no names ask no resolver."""


class ServiceError(SottovoceError):
    """The service cannot be installed, removed or asked here."""

    code = "service"


@dataclass(frozen=True, slots=True)
class Unit:
    """One file for systemd."""

    path: Path
    """Where it belongs."""
    text: str


def program() -> Path:
    """The command that runs now, by its full path.

    Raises:
        ServiceError: it was not started by a command that stays where it is.
    """
    candidates = (Path(sys.argv[0]), Path(sys.executable).parent / "sottovoce")
    for path in candidates:
        if path.name == "sottovoce" and path.is_file():
            return path.absolute()
    raise ServiceError(
        "there is no command `sottovoce` beside this Python; install Sottovoce into a virtual environment"
    )


def units(command: Path, parts: Sequence[Part], scope: Scope, options: str = "") -> list[Unit]:
    """The files for ``parts``.

    Args:
        command: full path of ``sottovoce``.
        options: of ``sottovoce serve``, such as ``--lan``.

    Raises:
        ServiceError: systemd could not start the command from there, or a part is for the system only.
    """
    if scope == "user" and set(parts) != {"server"}:
        raise ServiceError("microphone and display are services of the system: leave out --user")
    if scope == "system" and command.is_relative_to("/home") | command.is_relative_to("/root"):
        raise ServiceError(
            f"the service may not look into home folders, and {command} is in one; "
            "install into /opt/sottovoce (see: sottovoce bundle), or use --user"
        )
    return list(_units(command, parts, scope, options))


def _units(command: Path, parts: Sequence[Part], scope: Scope, options: str) -> Iterator[Unit]:
    for part in parts:
        template = "sottovoce-user.service" if scope == "user" else _NAMES[part]
        text = (packaging_folder() / template).read_text("utf-8")
        text = text.replace("@PROGRAM@", _quoted(command)).replace(" @OPTIONS@", f" {options}" if options else "")
        yield Unit(_folder(scope) / _NAMES[part], text)
    if scope == "system" and "server" in parts:
        yield Unit(_folder(scope) / _AGAIN, (packaging_folder() / _AGAIN).read_text("utf-8"))
    if scope == "system":
        yield Unit(_NO_NAMES, (packaging_folder() / "nsswitch.conf").read_text("utf-8"))
    if "display" in parts:
        text = (packaging_folder() / "sottovoce.sysusers").read_text("utf-8")
        yield Unit(Path("/etc/sysusers.d/sottovoce.conf"), text)


def _quoted(command: Path) -> str:
    text = str(command).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if " " in text else text


def _folder(scope: Scope) -> Path:
    if scope == "system":
        return Path("/etc/systemd/system")
    return user_folder("XDG_CONFIG_HOME", ".config") / "systemd" / "user"


class Systemd:
    """Files and orders for the manager of ``scope``.

    Args:
        root: put files under this folder and give no orders, for images and tests; ``None``: this machine.
    """

    def __init__(self, scope: Scope, root: Path | None = None) -> None:
        self._scope = scope
        self._root = root

    def check(self) -> None:
        """Raises ServiceError where systemd does not run, or where the rights for it are missing."""
        if self._root is not None:
            return
        if not Path("/run/systemd/system").is_dir():
            raise ServiceError(
                "systemd does not run this machine; start `sottovoce serve` with what does, "
                "or write the files elsewhere with --root FOLDER"
            )
        if self._scope == "system" and os.geteuid() != 0:
            raise ServiceError("a service of the system needs root: put sudo before it, or use --user")

    def put(self, unit: Unit) -> Path:
        """Write a file, whole or not at all. Raises ServiceError."""
        path = self._path(unit)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, single_writer=True) as file:
                os.fchmod(file.fileno(), 0o644)  # services that are not root read some of them
                file.write(unit.text.encode())
        except OSError as error:
            raise ServiceError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
        return path

    def remove(self, unit: Unit) -> Path | None:
        """Delete a file; ``None``: it was not there. Raises ServiceError."""
        path = self._path(unit)
        try:
            path.unlink()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceError(f"cannot remove {path}: {(error.strerror or str(error)).lower()}") from error
        return path

    def here(self) -> list[str]:
        """Which of our services are installed."""
        folder = self._path(Unit(_folder(self._scope), ""))
        return [name for name in _NAMES.values() if (folder / name).is_file()]

    def order(self, *words: str, check: bool = True) -> str:
        """What ``systemctl`` with ``words`` says. Raises ServiceError when it refuses and ``check`` is set."""
        if self._root is not None:
            return ""
        return _run(["systemctl", *(["--user"] if self._scope == "user" else []), *words], check=check)

    def make_users(self) -> None:
        """Have the users of the files made."""
        if self._root is None and shutil.which("systemd-sysusers"):
            _run(["systemd-sysusers"], check=True)

    def _path(self, unit: Unit) -> Path:
        return unit.path if self._root is None else self._root / unit.path.relative_to("/")


def _run(command: Sequence[str], *, check: bool) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError:
        raise ServiceError(f"there is no {command[0]} here") from None
    except subprocess.TimeoutExpired:
        raise ServiceError(f"{' '.join(command)} does not answer; see: journalctl -u sottovoce") from None
    if check and ran.returncode:
        reason = (ran.stderr or ran.stdout).strip().splitlines() or [f"exit status {ran.returncode}"]
        raise ServiceError(f"{' '.join(command)}: {reason[0]}")
    return ran.stdout
