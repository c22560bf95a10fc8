"""Whoever speaks sees who reads along."""

from __future__ import annotations

from typing import Any

import pytest
import segno

from tests.web.helpers import Opener, Page, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

URL = "https://192.168.1.20:8766/listen?room=hall#t=bDpt.Q2Zr"


def wait_for_line(page: Page, text: str) -> None:
    wait_until(lambda: page.inner_text("#audience") == text, text, page)


def test_the_speaker_sees_how_many_read_which_language(open_page: Opener, server: Any) -> None:
    server.invite = {"url": URL, "qr": segno.make(URL).svg_data_uri()}
    page = open_page("?room=hall", viewport={"width": 390, "height": 844})
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')
    assert "audience" in server.heard[-1].of("hello")[0]["capabilities"]
    assert page.is_hidden("#audience"), "not told yet"
    server.say("audience", listeners={})
    wait_for_line(page, "Nobody reads")
    server.say("audience", listeners={"en": 12, "": 1})
    wait_for_line(page, "Reading along: English 12 · As spoken 1")
    page.select_option("#ui-language", "es")
    wait_for_line(page, "Leen ahora: inglés 12 · Tal como se habla 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
    assert page.is_hidden("#audience")


def test_alone_on_one_machine_nobody_is_not_worth_saying(open_page: Opener, server: Any) -> None:
    page = open_page()
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')
    server.say("audience", listeners={"en": 1})
    wait_for_line(page, "Reading along: English 1")
    server.say("audience", listeners={})
    page.wait_for_selector("#audience", state="hidden")
