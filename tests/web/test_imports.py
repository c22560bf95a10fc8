"""Modules of the pages import one way: every folder knows only those below it, and no module is part of a circle."""

from __future__ import annotations

import graphlib
import os
import re
from pathlib import Path

JS = Path(__file__).parents[2] / "web" / "js"
ALLOWED = {
    "wire": set(),
    "strings": {"wire"},
    "captions": {"wire", "strings"},
    "audio": {"wire", "captions"},
    "views": {"wire", "strings", "captions", "audio"},
    "pages": {"wire", "strings", "captions", "audio", "views"},
}
"""Folders that the modules of a folder may import from, beside their own; types in comments count too."""
_PATH = re.compile(r"""['"](\.{1,2}/[^'"\n]*\.js)['"]""")


def imports() -> dict[str, set[str]]:
    """Every module under ``web/js`` and what it names: imports, exports, types, worklets."""
    found = {}
    for file in sorted(JS.rglob("*.js")):
        names = _PATH.findall(file.read_text("utf-8"))
        found[file.relative_to(JS).as_posix()] = {
            Path(os.path.normpath(file.parent / name)).relative_to(JS).as_posix() for name in names
        }
    return found


def test_what_is_imported_exists() -> None:
    known = imports()
    assert len(known) > 50
    assert sum(map(len, known.values())) > 150, "the expression that finds imports finds them"
    assert {(file, name) for file, names in known.items() for name in names if name not in known} == set()


def test_folders_know_only_those_below() -> None:
    known = imports()
    assert {file.split("/")[0] for file in known} == set(ALLOWED)
    wrong = [
        f"{file} -> {name}"
        for file, names in known.items()
        for name in sorted(names)
        if name.split("/")[0] not in ALLOWED[file.split("/")[0]] | {file.split("/")[0]}
    ]
    assert wrong == []


def test_no_circle() -> None:
    graphlib.TopologicalSorter(imports()).prepare()  # names the circle


def test_a_page_is_imported_by_nobody() -> None:
    entries = {
        name for html in JS.parent.glob("*.html") for name in re.findall(r'src="js/([^"]+)"', html.read_text("utf-8"))
    }
    assert len(entries) > 5
    assert entries & set().union(*imports().values()) == set()
