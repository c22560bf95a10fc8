"""One helper replaces files whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from translate.atomic import replacing
from translate.resources import models_folder


@pytest.mark.parametrize("single_writer", [False, True])
def test_the_old_content_stays_until_the_new_is_whole(tmp_path: Path, single_writer: bool) -> None:
    path = tmp_path / "settings"
    path.write_bytes(b"old")
    with replacing(path, durable=True, single_writer=single_writer) as file:
        file.write(b"ne")
        file.flush()
        assert path.read_bytes() == b"old"
        file.write(b"w")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_after_an_error_nothing_has_changed_and_nothing_is_left(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "settings"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), replacing(path) as file:  # noqa: PT012
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "stamps"
    with replacing(path) as first, replacing(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first", "the last to finish wins"


def test_a_single_writer_overwrites_what_a_killed_one_left(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.pt.part").write_bytes(b"a longer rest of a killed process")
    with replacing(tmp_path / "checkpoint.pt", single_writer=True) as file:
        file.write(b"new")
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_link_is_replaced_and_nobody_else_may_read_a_secret(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"untouched")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with replacing(tmp_path / "link", mode=0o600) as file:
        file.write(b"secret")
    assert (tmp_path / "target").read_bytes() == b"untouched"
    assert (tmp_path / "link").stat().st_mode & 0o777 == 0o600


def test_nothing_else_replaces_files_by_itself() -> None:
    root = models_folder().parent
    renames = re.compile(r"\b(part|temporary|new|tmp|Path\(name\))\.(replace|rename)\(|os\.(replace|rename)\(|mkstemp")
    paths = [*root.glob("translate/**/*.py"), *root.glob("models/**/*.py")]
    found = [str(path.relative_to(root)) for path in paths if renames.search(path.read_text("utf-8"))]
    assert found == ["translate/atomic.py"]
