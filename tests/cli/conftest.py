"""The program itself, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import translate

ROOT = Path(translate.__file__).parent.parent
FAST = ("--from", "en", "--model", "whisper-tiny.en")
"""The smaller of the embedded models."""


def environment(**more: str) -> dict[str, str]:
    """That of a user who has set nothing but where models are."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("SOTTOVOCE_", "PYTHON"))}
    cache = {name: value for name, value in os.environ.items() if name == "SOTTOVOCE_CACHE"}
    return plain | cache | {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": "/dev/null/none"} | more


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "translate", *map(str, arguments)]


def run_program(
    *arguments: str | Path, stdin: bytes | int = b"", env: dict[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run to the end; output as text."""
    given: dict[str, Any] = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    ran = subprocess.run(
        command(*arguments), env=environment(**(env or {})), timeout=120, check=False, **given, **pipes
    )
    return subprocess.CompletedProcess(
        ran.args, ran.returncode, (ran.stdout or b"").decode(), (ran.stderr or b"").decode()
    )


@contextmanager
def started_program(*arguments: str | Path, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run beside the test; ended with it."""
    process = subprocess.Popen(
        command(*arguments), env=environment(**(env or {})), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    return run_program


@pytest.fixture(scope="session")
def start() -> Callable[..., Any]:
    return started_program


@pytest.fixture(scope="session")
def refused() -> Callable[..., str]:
    """Runs what must fail with one line on standard error and nothing on standard output; returns the line."""

    def refuse(status: int, *arguments: str | Path, **more: Any) -> str:
        ran = run_program(*arguments, **more)
        assert (ran.returncode, ran.stdout) == (status, ""), ran.stderr
        (line,) = ran.stderr.splitlines()
        assert line.startswith("sottovoce: ")
        return line

    return refuse


@pytest.fixture(scope="session")
def fast() -> tuple[str, ...]:
    return FAST
