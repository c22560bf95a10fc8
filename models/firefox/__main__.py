"""``python -m models.firefox GIT_DIR DUMP.json > models/firefox.json``; nothing is asked over the network."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .entry import named, written
from .records import read_records
from .repository import read_repository

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list to standard output, and what is left out of it to standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m models.firefox",
        description="Write the list of Firefox's translation models that ships as models/firefox.json.",
    )
    parser.add_argument("git_dir", type=Path, help="git directory of a clone of mozilla/firefox-translations-models")
    parser.add_argument("dump", type=Path, help="Firefox's defaults/settings/main/translations-models.json")
    parser.add_argument("--revision", default="HEAD", help="of the clone; what it is now becomes the pinned commit")
    given = parser.parse_args(arguments)
    try:
        commit, entries = read_repository(given.git_dir, given.revision)
        records = read_records(given.dump)
        released = records.hashes()
        only_there, left_out = records.missing_from({entry.pair for entry in entries})
    except subprocess.CalledProcessError as error:
        print(f"git ended with status {error.returncode}", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, StopIteration) as error:
        print(f"cannot make the list: {error}", file=sys.stderr)
        return 1
    for entry in entries:
        if entry.files[0][2] not in released:  # metadata.json is written by hand
            print(f"note: no Firefox has the model {entry.folder}; its hash is not confirmed", file=sys.stderr)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    sys.stdout.write(written(named([*entries, *only_there]), commit=commit, records=records.timestamp))
    print(f"{len(entries)} of the repository at {commit[:12]}, {len(only_there)} of the dump alone", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
