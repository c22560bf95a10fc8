"""Firefox's own list of models: the dump of its Remote Settings collection ``translations-models``.

It lies in each Firefox (``browser/omni.ja``: ``defaults/settings/main/translations-models.json``) and names the files
as the browser gets them, not compressed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from translate.errors import LanguageError
from translate.languages import canonical

from .entry import NEEDED, Entry, role_of

__all__ = ["Records", "read_records"]

_RELEASE = re.compile(r"\d+(\.\d+)*")
"""Of everybody's Firefox; those with an ``a`` are for testers."""
_LARGEST_BYTES = (("tiny", 26_000_000), ("base-memory", 44_000_000))
"""What tells the architecture, since these records do not; no ``base`` (43 MB) is among those only here."""


class Records:
    """The records, by language pair as they write it."""

    def __init__(self, timestamp: int, releases: dict[tuple[str, str], dict[str, dict[str, Any]]]) -> None:
        self.timestamp = timestamp
        """Of the newest record, in milliseconds: the version of the list."""
        self._releases = releases

    def hashes(self) -> frozenset[str]:
        """SHA-256 of every file."""
        return frozenset(
            record["attachment"]["hash"]
            for releases in self._releases.values()
            for files in releases.values()
            for record in files.values()
        )

    def missing_from(self, known: set[tuple[str, str]]) -> tuple[list[Entry], list[str]]:
        """The newest release of each pair that is not ``known``, and what is left out, with the reason."""
        entries: list[Entry] = []
        left_out: list[str] = []
        for (source, target), all_releases in sorted(self._releases.items()):
            releases = [release for release in all_releases if _RELEASE.fullmatch(release)]
            pair = f"{source} to {target}"
            try:
                codes = canonical(source), canonical(target)
            except LanguageError as error:
                left_out.append(f"{pair}: {str(error).partition(';')[0]}")
                continue
            if codes in known or not releases:
                if "Hant" in pair:  # another script under the same code
                    left_out.append(f"{pair}: its code is that of simplified Chinese here")
                continue
            newest = max(releases, key=lambda release: [int(part) for part in release.split(".")])
            entries.append(_entry(codes, all_releases[newest]))
            known.add(codes)
        return entries, left_out


def read_records(path: Path) -> Records:
    """The records of a dump.

    Raises:
        OSError, ValueError, KeyError: it cannot be read.
    """
    dump = json.loads(path.read_text("utf-8"))
    releases: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for record in dump["data"]:
        pair = record["fromLang"], record["toLang"]
        files = releases.setdefault(pair, {}).setdefault(record["version"], {})
        if record["name"] in files and not record.get("filter_expression"):
            files.pop(record["name"])  # one of all systems before one of some
        files.setdefault(record["name"], record)
    return Records(dump["timestamp"], releases)


def _entry(pair: tuple[str, str], records: dict[str, dict[str, Any]]) -> Entry:
    needed = sorted((name for name in records if role_of(name) in NEEDED), key=lambda n: NEEDED.index(role_of(n)))
    attached = {name: records[name]["attachment"] for name in needed}
    rows = [[name, at["size"], at["hash"], at["location"]] for name, at in attached.items()]
    if role_of(needed[0]) != "model" or len(needed) not in (3, 4):
        raise ValueError(f"the release of {pair} is not complete: {', '.join(needed)}")
    model_bytes = attached[needed[0]]["size"]
    return Entry(
        pair=pair,
        architecture=next(name for name, largest in _LARGEST_BYTES if model_bytes <= largest),
        vocabulary=None,
        dev=None,
        devtest=None,
        folder=None,
        files=rows,
    )
