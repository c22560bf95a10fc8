"""Pages on the narrowest screens with the largest letters: 320 CSS pixels, or a desktop at 400 %."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chromium import with_all_fonts
from tests.web.helpers import Opener

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

OUTSIDE = """() => [...document.querySelectorAll('body *')].filter((e) => {
    const hidden = '.unseen, .skip, [hidden], details:not([open]) > :not(summary)';
    if (!e.offsetHeight || e.closest(hidden)) return false;
    const { left, right } = e.getBoundingClientRect();
    return left < -1 || right > innerWidth + 1;
}).map((e) => `${e.tagName} ${e.id} ${e.textContent.trim().slice(0, 20)}`)"""
PAGES = {
    "": "#targets input",
    "listen": "#language option",
    "talk?to=en,es": "#near-language option",
    "install": "#get a",
}


@with_all_fonts
@pytest.mark.parametrize("path", PAGES)
def test_nothing_stands_outside_a_narrow_screen_with_large_letters(open_page: Opener, server: Any, path: str) -> None:
    page = open_page(path, ready=PAGES[path], viewport={"width": 320, "height": 640}, locale="fr-FR")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    if path == "listen":
        page.click("#more")
    for language in ("fr", "pt"):
        page.select_option("#ui-language", language)
        page.wait_for_selector(f"html[lang={language}]")
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate(OUTSIDE) == []


@with_all_fonts
def test_the_bar_keeps_its_height_when_speakers_come_and_go(open_page: Opener, server: Any) -> None:
    page = open_page("listen", ready="#state[data-state=reading]", viewport={"width": 320, "height": 568})
    height = "document.querySelector('.bar').offsetHeight"
    reading = page.evaluate(height)
    server.say("end", position=1)
    page.wait_for_selector("#state[data-state=no_speaker]")
    assert page.evaluate(height) == reading
    assert reading < 80, "one row"
