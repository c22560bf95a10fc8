"""Whoever is outside imports from ``translate.inference``, and nobody reaches into its files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import translate.inference

PACKAGE = Path(translate.inference.__file__).parent
ROOT = PACKAGE.parent.parent


_IMPORT = re.compile(r"^\s*(?:from|import) (translate\.inference\.\S+)", re.MULTILINE)


def test_nobody_outside_imports_one_of_its_files() -> None:
    outside = [
        path
        for folder in (ROOT / "translate", ROOT / "models", ROOT / "packaging")
        for path in folder.rglob("*.py")
        if PACKAGE not in path.parents
    ]
    assert len(outside) > 100
    reaching = {
        f"{path.relative_to(ROOT)}: {name}" for path in outside for name in _IMPORT.findall(path.read_text("utf-8"))
    }
    assert reaching == set()


def test_every_public_name_is_there() -> None:
    for name in translate.inference.__all__:
        assert getattr(translate.inference, name).__name__ == name


def test_what_the_child_imports_before_it_has_set_up_its_libraries_brings_none_of_them() -> None:
    """And the service whose engines live in a child does not load CTranslate2 itself."""
    lists = (
        "import sys, translate.inference.child; print('numpy' in sys.modules);"
        "import translate.inference.engines, translate.pipeline.session; print('ctranslate2' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", lists], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.split() == ["False", "False"]
