"""The page's own logic, without a browser: node's test runner over ``*.test.mjs``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("script", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name.split(".")[0])
def test_module(script: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed (20 or newer)")
    done = subprocess.run([node, "--test", str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "# pass 0\n" not in done.stdout
