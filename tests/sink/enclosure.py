"""Runs one use of the product where it can reach nobody but a sink; reports whom it tried to reach and what it wrote.

Usage: python -m tests.sink.enclosure REPORT.json USE SPEECH_S IDLE_S [NAME=VALUE...]

The use is a function of :mod:`.uses` or :mod:`.browsing`. The program runs in network and mount namespaces of its own,
with a HOME and a TMPDIR that are new and empty, and with no other variables but a PATH, a locale and the ones given;
``HOME=`` takes HOME away, and ``{scratch}`` in a value stands for a folder that is thrown away.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Place", "enclosed", "main", "unavailable"]

_OUTSIDE = "SOTTOVOCE_ENCLOSED"
_ROOT = Path(__file__).parent.parent.parent
_OURS = (_ROOT, Path(sys.prefix), Path(sys.base_prefix))
_SHARED = tuple(
    folder
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run")
    if not any(path.is_relative_to(folder) for path in _OURS)  # a checkout may lie in one
)
"""New and empty here: what is written there is found, and no daemon of the machine (a bus, nscd, systemd-resolved) can
be asked through a socket there, out of this network."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a use runs, and for how long."""

    environment: dict[str, str]
    scratch: Path
    """For what the use itself needs, away from HOME and TMPDIR."""
    folder: Path
    """Where the program starts: new and empty."""
    speech_s: float
    idle_s: float

    def command(self, *words: str) -> list[str]:
        """``sottovoce`` with ``words``."""
        return [sys.executable, "-m", "translate", *words]


def unavailable() -> str | None:
    """Why it cannot be done here; ``None``: it can."""
    if os.geteuid() != 0:
        return "namespaces with a device need root"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    missing = [tool for tool in ("unshare", "ip", "mount") if shutil.which(tool) is None]
    return f"missing: {', '.join(missing)} (apt install iproute2 util-linux)" if missing else None


def enclosed(
    use: str, report: Path, *, speech_s: float, idle_s: float, environment: Sequence[str] = (), root: Path
) -> subprocess.Popen[str]:
    """Start the use in namespaces of its own; it has written ``report`` when it ends with status 0."""
    command = [sys.executable, "-m", "tests.sink.enclosure", str(report), use, str(speech_s), str(idle_s)]
    return subprocess.Popen(
        ["unshare", "--net", "--mount", "--propagation", "private", *command, *environment],
        cwd=root, env=os.environ | {_OUTSIDE: "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    if os.environ.get(_OUTSIDE) != "1":
        raise SystemExit("start it with enclosed(): it changes the network and the mounts of where it runs")
    report, use, speech_s, idle_s, *given = arguments
    with Path(report).open("w", encoding="utf-8") as out:  # before the folders of the machine are hidden
        for folder in _SHARED:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
        found = _performed(use, float(speech_s), float(idle_s), given)
        json.dump(found, out, indent=1)


def _performed(use: str, speech_s: float, idle_s: float, given: Sequence[str]) -> dict[str, Any]:
    from tests.sink import browsing, uses
    from tests.sink.sink import NAME_SERVER, Sink

    with tempfile.TemporaryDirectory(prefix="sink-", dir="/tmp") as folder:
        scratch = Path(folder)
        home, temporary, here = scratch / "home", scratch / "tmp", scratch / "here"
        for path in (home, temporary, here):
            path.mkdir()
        _replace(Path("/etc/resolv.conf"), f"nameserver {NAME_SERVER}\noptions timeout:2 attempts:2\n", scratch)
        _replace(Path("/etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n", scratch)
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home), "TMPDIR": str(temporary)}
        for setting in given:
            name, _, value = setting.partition("=")
            environment |= {name: value.replace("{scratch}", folder)}
        if not environment["HOME"]:
            del environment["HOME"]
            _replace(Path("/etc/passwd"), "", scratch)  # nor an entry that names one
        before = {file for shared in _SHARED for file in _found(Path(shared), shared)}  # `mount` leaves a note
        sink = Sink()
        sink.start()
        started_s = time.monotonic()
        place = Place(environment, scratch, here, speech_s, idle_s)
        said = asyncio.run((getattr(uses, use, None) or getattr(browsing, use))(place))
        took_s = time.monotonic() - started_s
        left = _others()
        elsewhere = [
            file
            for shared in _SHARED
            for file in _found(Path(shared), shared)
            if file not in before and not file.startswith(f"{folder}/")
        ]
        return {
            "said": said,
            "took_s": took_s,
            "left": left,
            "asks": sink.close(),
            "files": [*_found(home, "~"), *_found(temporary, "$TMPDIR"), *_found(here, "."), *elsewhere],
        }


def _others() -> list[str]:
    """Command lines of the other processes in this network namespace, after a second to end."""
    time.sleep(1)
    ours, found = Path("/proc/self/ns/net").readlink(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name != str(os.getpid()) and (process / "ns" / "net").readlink() == ours:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:  # it has ended meanwhile
            continue
    return found


def _replace(path: Path, text: str, scratch: Path) -> None:
    """Everybody in this mount namespace reads ``text`` at ``path``."""
    ours = scratch / path.name
    ours.write_text(text, "ascii")
    subprocess.run(["mount", "--bind", str(ours), str(path.resolve())], check=True)


def _found(folder: Path, name: str) -> list[str]:
    """Every file below ``folder``, whatever its kind, and every folder in which nothing is."""
    return sorted(
        f"{name}/{path.relative_to(folder)}"
        for path in folder.rglob("*")
        if not path.is_dir() or path.is_symlink() or not any(path.iterdir())
    )


if __name__ == "__main__":
    main(sys.argv[1:])
