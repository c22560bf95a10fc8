"""The service that is soaked: ``sottovoce serve`` in a process of its own, and what that process holds (Linux)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from translate.bench.soak import Usage
from translate.config import Config
from translate.config.values import toml
from translate.errors import SottovoceError
from translate.usage import descendants

__all__ = ["Service", "serving", "settings"]

_READY: Final = re.compile(rb"http://127\.0\.0\.1:(\d+)/")
_START_S: Final = 180.0
_STOP_S: Final = 20.0
_PROC: Final = Path("/proc")


class Service:
    """The running service.

    Args:
        pid: of its process.
        port: of its pages.
    """

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port

    async def stats(self) -> dict[str, Any]:
        """What ``/stats`` says. Raises SottovoceError when nobody answers."""
        try:
            async with asyncio.timeout(30):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(b"GET /stats HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % self.port)
                answer = await reader.read()
                writer.close()
            stats: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
            return stats
        except (OSError, TimeoutError, ValueError) as error:
            raise SottovoceError(f"the service does not answer: {error}") from error

    def own(self) -> Usage:
        """What the service's process holds."""
        return _usage([self.pid])

    def others(self) -> Usage:
        """What the processes hold that it has started."""
        return _usage(descendants(self.pid))


@asynccontextmanager
async def serving(config: Config, log: Path | None = None) -> AsyncIterator[Service]:
    """Starts ``sottovoce serve`` with ``config`` on a free port of this machine, and stops it.

    Args:
        log: file for what it says on standard error; ``None``: as ours.

    Raises:
        SottovoceError: it does not start, or does not stop as it should.
    """
    with tempfile.TemporaryDirectory(prefix="sottovoce-soak-") as folder:
        file = Path(folder) / "config.toml"
        file.write_text(settings(replace(config, server=replace(config.server, port=0, lan=False))), "utf-8")
        with (log or Path(os.devnull)).open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "translate", "serve", "--config", str(file),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors if log is not None else None,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )  # fmt: skip
        try:
            assert process.stdout is not None
            port = await asyncio.wait_for(_port(process.stdout), _START_S)
            yield Service(process.pid, port)
        except TimeoutError as error:
            raise SottovoceError(f"the service was not ready within {_START_S:.0f} s") from error
        finally:
            status = await _stop(process)
    if status:
        raise SottovoceError(f"the service ended with status {status}")


async def _port(output: asyncio.StreamReader) -> int:
    async for said in output:
        if found := _READY.search(said):
            return int(found[1])
    raise SottovoceError("the service ended before it was ready")


async def _stop(process: asyncio.subprocess.Process) -> int:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        return await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        process.kill()
        return await process.wait()


def settings(config: Config) -> str:
    """``config`` as a settings file; what is ``None`` stays as it is without one."""
    lines = []
    for group in fields(config):
        lines.append(f"[{group.name}]")
        values = getattr(config, group.name)
        lines += [f"{f.name} = {toml(v)}" for f in fields(values) if (v := getattr(values, f.name)) is not None]
    return "\n".join(lines) + "\n"


def _usage(pids: Iterable[int]) -> Usage:
    total = [0, 0, 0, 0]
    for pid in pids:
        try:
            words = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            handles = sum(1 for _ in (_PROC / str(pid) / "fd").iterdir())
        except OSError:  # it has ended
            continue
        # Fields of proc(5), counted from the third: 14 utime, 15 stime, 20 num_threads, 24 rss.
        now = (int(words[21]), handles, int(words[17]), int(words[11]) + int(words[12]))
        total = [a + b for a, b in zip(total, now, strict=True)]
    pages, handles, threads, ticks = total
    return Usage(pages * os.sysconf("SC_PAGE_SIZE"), handles, threads, ticks / os.sysconf("SC_CLK_TCK"))
