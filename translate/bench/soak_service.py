"""The service that is soaked: ``sottovoce serve`` in a process of its own, and what that process holds (Linux)."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from translate.config import Config
from translate.config.template import settings_file
from translate.errors import SottovoceError
from translate.service.stats import Stats
from translate.usage import Usage, descendants, usage_of

__all__ = ["Service", "serving"]

_READY: Final = re.compile(rb"http://127\.0\.0\.1:(\d+)/")
_START_S: Final = 180.0
_STOP_S: Final = 20.0
_ANSWER_S: Final = 30.0


class Service:
    """The running service.

    Args:
        pid: of its process.
        port: of its pages.
    """

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port
        self._stats = Stats(f"http://127.0.0.1:{port}/", timeout_s=_ANSWER_S)

    async def stats(self) -> dict[str, Any]:
        """What it says of itself. Raises NoServiceError when nobody answers."""
        return await asyncio.to_thread(self._stats.ask)

    def own(self) -> Usage:
        """What the service's process holds."""
        return usage_of([self.pid])

    def others(self) -> Usage:
        """What the processes hold that it has started."""
        return usage_of(descendants(self.pid))


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
        file.write_text(settings_file(replace(config, server=replace(config.server, port=0, lan=False))), "utf-8")
        with nullcontext() if log is None else log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "translate", "serve", "--config", str(file),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
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
