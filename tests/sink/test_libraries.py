"""Every library that we load has been asked whether it calls out: the tables of docs/SECURITY.md are whole and true."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import translate

ROOT = Path(translate.__file__).parent.parent
SECURITY = (ROOT / "docs" / "SECURITY.md").read_text("utf-8").split("\n## Every library, examined\n")[1]
MARKS = Path(__file__).with_name("marks.txt").read_text("ascii").split("\n")[:-1]
HEADER = "package | loaded by us"


def rows(header: str) -> list[list[str]]:
    """The cells of the table whose first line begins with ``header``."""
    lines = SECURITY.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {header}"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("| "):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def asked() -> dict[str, str]:
    """Packages that have a row, with the version that was looked at."""
    return {name: version for row in rows(HEADER) for name, version in re.findall(r"`([\w-]+)` ([\d.]+)", row[0])}


def named(requirement: str) -> tuple[str, frozenset[str]]:
    parsed = Requirement(requirement)
    return re.sub(r"[-_.]+", "-", parsed.name).lower(), frozenset(parsed.extras)


def closure(name: str, extras: frozenset[str]) -> set[str]:
    """What pip installs for a distribution on this machine, itself included."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, extras)]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        for text in importlib.metadata.requires(one[0]) or []:
            marker = Requirement(text).marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in (one[1] or {""})):
                waiting.append(named(text))
    return {name for name, _ in found}


def library_name(path: Path) -> str:
    """Without hash, version and platform: those change with every build."""
    stem = path.name.split(".so")[0]
    return re.sub(r"(-[0-9a-f]{8}|\.abi3|\.cpython-[\w-]+)+$", "", stem) + ".so"


LOADING = """
import importlib, json, pkgutil, sys
import translate
translate.prepare_process()
for module in pkgutil.walk_packages(translate.__path__, "translate."):
    if module.name != "translate.__main__":
        importlib.import_module(module.name)
# What commands import only when they run.
import huggingface_hub.file_download, huggingface_hub.hf_api, httpx2, sacrebleu, jiwer
from translate import Engines, FileSource, Session, Translation
import asyncio
async def heard(clip):
    config = translate.load_config(flags={"asr": {"model": "whisper-tiny.en"}})
    return [e async for e in Session(FileSource(clip), spoken="en", targets=["es"], config=config)]
assert asyncio.run(heard(sys.argv[1]))
with open("/proc/self/maps") as maps:
    print(json.dumps(sorted({line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line})))
"""


@pytest.fixture(scope="module")
def loaded(clips: dict[str, Any]) -> list[tuple[str, Path]]:
    """Native libraries of packages, with the package, that a process holds which has imported all of us and has heard,
    recognised and translated a clip."""
    ran = subprocess.run([sys.executable, "-c", LOADING, str(clips["fleurs_en_007"].path)], cwd=ROOT,
                         capture_output=True, text=True, check=False, timeout=200)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    paths = {Path(name).resolve() for name in json.loads(ran.stdout.splitlines()[-1])}
    found = []
    for name in closure("sottovoce", frozenset({"embedded"})):
        for file in importlib.metadata.files(name) or []:
            if ".so" in file.name and (path := Path(str(file.locate())).resolve()) in paths:
                found.append((name, path))
    return found


def test_every_package_has_a_row() -> None:
    missing = closure("sottovoce", frozenset({"embedded"})) - {"sottovoce"} - set(asked())
    assert missing == set(), "ask them what they send, write and keep, and give them a row in docs/SECURITY.md"


def test_every_pin_is_the_version_that_was_asked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["embedded"])]
    pinned = {
        need.name: str(need.specifier).removeprefix("==")
        for need in needed
        if str(need.specifier).startswith("==") and (need.marker is None or need.marker.evaluate())
    }
    assert len(pinned) > 15
    assert {name: version for name, version in pinned.items() if asked().get(name) != version} == {}


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="the list is of these wheels")
def test_no_library_that_we_load_has_marks_of_a_collector(loaded: list[tuple[str, Path]]) -> None:
    known: dict[tuple[str, str], set[str]] = {}
    for libraries, marks, _ in rows("library | marks"):
        package, names = libraries.split(": ")
        for name in re.findall(r"`([^`]+)`", names):
            known[package.strip("`"), name] = set(re.findall(r"`([^`]+)`", marks))
    assert len(loaded) > 80, "the libraries were found"
    unknown = {
        f"{package}: {library_name(path)}": sorted(marks)
        for package, path in loaded
        if (marks := marks_in(path) - known.get((package, library_name(path)), set()))
    }
    assert unknown == {}, "find out what they are, and list them in docs/SECURITY.md"


def marks_in(path: Path) -> set[str]:
    content = path.read_bytes().lower()
    return {mark for mark in MARKS if mark.encode("ascii") in content}


def test_what_is_not_loaded_is_full_of_marks() -> None:
    """The control: the libraries that call home are found by these marks."""
    for name, at_least in (("onnxruntime", 10), ("hf-xet", 5)):
        files = [file for file in importlib.metadata.files(name) or [] if ".so" in file.name]
        assert files
        assert len(set().union(*(marks_in(Path(str(file.locate()))) for file in files))) >= at_least, name


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.long
def test_they_are_not_loaded(loaded: list[tuple[str, Path]]) -> None:
    assert {"ctranslate2", "av", "numpy", "tokenizers", "sentencepiece"} <= {package for package, _ in loaded}
    assert {"onnxruntime", "hf-xet"} & {package for package, _ in loaded} == set()
