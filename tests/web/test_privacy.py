"""What the pages themselves do so that a browser tells nobody else what is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from translate.resources import web_folder

PAGES = sorted(web_folder().glob("*.html"))
ELSEWHERE = re.compile(r"""(?:https?:)?//(?!www\.w3\.org/)[\w.-]+\.\w+""")


def test_there_are_pages() -> None:
    assert {"index.html", "listen.html", "kiosk.html", "operate.html", "talk.html", "install.html"} <= {
        page.name for page in PAGES
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_browser_is_asked_not_to_have_the_captions_translated_by_its_maker(page: Path) -> None:
    """Chrome offers it where a language is not the reader's, and sends the text of the page to Google."""
    text = page.read_text("utf-8")
    assert re.search(r"<html\b[^>]*\btranslate=\"no\"", text)
    assert '<meta name="google" content="notranslate">' in text


def code() -> dict[Path, str]:
    """The files of the pages, without comments."""
    files = [path for kind in ("html", "css", "js", "webmanifest", "svg") for path in web_folder().rglob(f"*.{kind}")]
    return {path: re.sub(r"/\*.*?\*/|^\s*//.*$", "", path.read_text("utf-8"), flags=re.S | re.M) for path in files}


LEAVES = re.compile(
    r"RTCPeerConnection|WebTransport|window\.open|\blocation\.(assign|replace)|\blocation(\.href)?\s*=[^=]"
)


def test_no_script_does_what_no_policy_can_forbid() -> None:
    """WebRTC, opening a window and leaving the page reach any host, whatever the pages' policy says."""
    assert len(code()) > 40
    assert {path.name: found[0] for path, text in code().items() if (found := LEAVES.search(text))} == {}


def test_nothing_in_the_pages_names_another_host() -> None:
    assert {path.name: found for path, text in code().items() if (found := ELSEWHERE.findall(text))} == {}
