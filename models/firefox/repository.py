"""Mozilla's repository of models: a clone with LFS pointers in place of the large files, which it names by SHA-256."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translate.languages import canonical

from .entry import NEEDED, Entry, role_of

__all__ = ["read_repository"]

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n")
_FILE = re.compile(r"models/([a-z-]+)/([A-Za-z_-]+)/([^/]+)")
_SCORES = "evaluation/bleu-results.json"


@dataclass(frozen=True, slots=True)
class _Clone:
    """The files of one commit."""

    git_dir: Path
    commit: str
    blobs: dict[str, str]

    def read(self, paths: list[str]) -> dict[str, bytes]:
        """The content of each file, by one process of git."""
        asked = "".join(f"{self.blobs[path]}\n" for path in paths).encode()
        rest = _git(self.git_dir, "cat-file", "--batch", given=asked)
        found = {}
        for path in paths:
            head, _, rest = rest.partition(b"\n")
            size = int(head.split()[2])
            found[path], rest = rest[:size], rest[size + 1 :]
        return found


def read_repository(git_dir: Path, revision: str) -> tuple[str, list[Entry]]:
    """The commit of ``revision``, and every pair and architecture in it.

    Raises:
        ValueError: a file is not what the repository's rules say; the message names it.
        subprocess.CalledProcessError: git finds no such clone or revision.
    """
    commit = _git(git_dir, "rev-parse", f"{revision}^{{commit}}").decode().strip()
    tree = _git(git_dir, "ls-tree", "-r", "--format=%(objectname) %(path)", commit).decode().splitlines()
    clone = _Clone(git_dir, commit, {path: blob for blob, _, path in (line.partition(" ") for line in tree)})
    folders: dict[tuple[str, str], dict[str, bytes]] = {}
    for path, data in clone.read([path for path in clone.blobs if _FILE.fullmatch(path)]).items():
        match = _FILE.fullmatch(path)
        assert match
        folders.setdefault((match[1], match[2]), {})[match[3]] = data
    scores = json.loads(clone.read([_SCORES])[_SCORES])
    entries = (_entry(*place, files, scores) for place, files in sorted(folders.items()))
    return commit, list(entries)


def _entry(architecture: str, folder: str, files: dict[str, bytes], scores: dict[str, Any]) -> Entry:
    about = json.loads(files.pop("metadata.json"))
    where = f"models/{architecture}/{folder}"
    # Some say zh-Hans in metadata.json; folder, files and tables say zh.
    pair = tuple(code.removesuffix("-Hans") for code in (about["sourceLanguage"], about["targetLanguage"]))
    if "".join(pair) != folder or about["architecture"] != architecture:
        raise ValueError(f"{where}/metadata.json is of {pair} {about['architecture']}")
    rows = []
    for name, role, (size, sha256) in _pointers(files, where):
        stated = (about["byteSize"], about["hash"]) if role == "model" else (None, None)
        rows.append([name, *stated, size, sha256])
    source, target = pair
    sizes = about["modelConfig"]["dim-vocabs"]
    table = scores.get(f"{source}-{target}", {})
    return Entry(
        pair=(canonical(source), canonical(target)),
        architecture=architecture,
        vocabulary=sizes if any(row[0].startswith("srcvocab.") for row in rows) else sizes[:1],
        dev=table.get("flores-dev", {}).get(f"bergamot-{architecture}") or None,  # 0: not evaluated
        devtest=table.get("flores-test", {}).get(f"bergamot-{architecture}") or None,
        folder=where,
        files=rows,
    )


def _pointers(files: dict[str, bytes], where: str) -> Iterator[tuple[str, str, tuple[int, str]]]:
    """Name without ``.gz``, role, and (size, SHA-256) of each file that a translation needs, the model first."""
    found = []
    for name, data in files.items():
        role = role_of(name)
        pointer = _POINTER.fullmatch(data)
        if pointer is None or not name.endswith(".gz"):
            raise ValueError(f"{where}/{name} is no LFS pointer to a gzip file")
        if role in NEEDED:
            found.append((name.removesuffix(".gz"), role, (int(pointer[2]), pointer[1].decode())))
    yield from sorted(found, key=lambda row: NEEDED.index(row[1]))


def _git(git_dir: Path, *words: str, given: bytes = b"") -> bytes:
    command = ["git", "--git-dir", str(git_dir), *words]
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout
