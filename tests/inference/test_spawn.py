"""The engines' process is a program of its own: it runs nothing of whoever embeds us, and takes nothing of a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from pathlib import Path
with Path("runs").open("a") as runs:
    runs.write("x")
from translate.inference import EngineProcess
from translate.inference.messages import Call, Load
process = EngineProcess({"any": Load("tests.inference.fake_engine:FakeEngine")})
print(process.call("any", Call("add", (2, 3))))
"""


def test_the_main_module_of_a_host_runs_once_and_needs_no_guard(tmp_path: Path) -> None:
    """And what lies in the working folder is not taken for a module of ours; the child ends with its parent."""
    (tmp_path / "host.py").write_text(PROGRAM)
    (tmp_path / "secrets.py").write_text("raise SystemExit('a module of the working folder was imported')")
    command = f"import sys, runpy; sys.path[:] = {sys.path!r}; runpy.run_path('host.py', run_name='__main__')"
    said = subprocess.run(
        [sys.executable, "-P", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (said.stdout, said.stderr, said.returncode) == ("5\n", "", 0)
    assert (tmp_path / "runs").read_text() == "x"
