"""The package is found where it lies, in a checkout and in an installed wheel, and ``sys.path`` stays as it was."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from translate.resources import models_folder, web_folder

_PROGRAM = """
import sys
before = list(sys.path)
from translate.cli.distil import distil
assert distil.main(["--help"], standalone_mode=False) in (0, None)
assert sys.path == before, "sys.path was changed"
"""


def _laid_out_as_in_a_wheel(site: Path) -> None:
    """Lay the package out as an installed wheel does: ``models`` inside ``translate/_bundled`` and nowhere else."""
    root = models_folder().parent
    bundled = site / "translate" / "_bundled"
    bundled.mkdir(parents=True)
    for part in (root / "translate").iterdir():
        (bundled.parent / part.name).symlink_to(part)
    for folder in (models_folder(), web_folder()):
        (bundled / folder.name).symlink_to(folder)


def test_an_installed_wheel_runs_the_recipe_beside_a_foreign_package_called_models(tmp_path: Path) -> None:
    _laid_out_as_in_a_wheel(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.stderr == ""
    assert ran.stdout.startswith("usage: sottovoce distil ")


def test_no_command_recipe_or_test_changes_the_search_path() -> None:
    root = models_folder().parent
    paths = [
        path
        for pattern in ("translate/cli/*.py", "models/**/*.py", "tests/**/conftest.py")
        for path in root.glob(pattern)
    ]
    changing = [path for path in paths if re.search(r"sys\.path(\.\w+\(|\[.*\] *=| *\+?= )", path.read_text("utf-8"))]
    assert paths
    assert changing == []
