"""``sottovoce live --room`` as it is run: what it refuses, in one line, before anything is started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

TALK = ("--from", "es", "--file", Path(__file__).parents[1] / "data" / "audio" / "thorsten_gt_01.flac")


@pytest.mark.parametrize("url", ["hall", "ftp://host/#t=SECRET", "https://host:0x1/#t=SECRET"])
def test_what_is_no_link_is_refused_without_repeating_it(refused, url: str) -> None:
    line = refused(2, "live", "--room", url, *TALK)
    assert "https://HOST:8766" in line
    assert "SECRET" not in line


def test_nobody_there(refused) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        for scheme in ("http", "https"):
            line = refused(1, "live", "--room", f"{scheme}://127.0.0.1:{unused.getsockname()[1]}/#t=SECRET", *TALK)
            assert "nobody listens there" in line
            assert "SECRET" not in line


def test_a_file_that_is_not_there_is_found_before_anybody_is_called(refused, tmp_path: Path) -> None:
    assert "missing.wav" in refused(2, "live", "--room", "http://127.0.0.1:1/", "--file", tmp_path / "missing.wav")


def test_options_of_rooms_go_with_a_room(refused) -> None:
    for option in (("--accept-new",), TALK[2:]):
        assert "--room" in refused(2, "live", *option)


def test_an_authority_that_is_none(refused, tmp_path: Path) -> None:
    room = ("--room", "https://127.0.0.1:1/", *TALK, "--authority")
    assert "missing.crt" in refused(2, "live", *room, tmp_path / "missing.crt")
    (tmp_path / "text.crt").write_text("no certificate")
    assert "cannot be used" in refused(2, "live", *room, tmp_path / "text.crt")
