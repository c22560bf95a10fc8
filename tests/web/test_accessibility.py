"""Every page against axe-core, light and dark, on a phone and on a desk; with large letters; under a thumb."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
import segno

from tests.chromium import with_all_fonts
from tests.web.helpers import Opener, Page, say, transcript, translation

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
PAGES = {
    "index": ("?room=hall", "#targets input"),
    "listen": ("listen?to=en", "#language option"),
    "kiosk": ("kiosk?to=en,es", ".kiosk-column"),
    "operate": ("operate", "#invite-form"),
    "talk": ("talk?to=en,es", "#near-language option"),
    "install": ("install", "#verdict"),
}
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}
LYING = {"width": 844, "height": 390}
DESK = {"width": 1280, "height": 800}


def fill(page: Page, server: Any, name: str) -> None:
    """Gives the page something to show."""
    if name in ("index", "talk"):
        page.click("#toggle")
        page.wait_for_selector("#state[data-state=live], #state[data-state=speech]")
    if name in ("index", "talk", "listen", "kiosk"):
        say(server, transcript(1, "Hoy en día", " las personas"))
        say(server, translation(1, "Today people", " write"))
        page.wait_for_selector(".cell[data-column=en]")
    if name == "operate":
        room = {"room": "hall", "source": "es", "speaking": True, "muted": True, "listeners": {"en": 2}}
        stages = {"asr": {"p50": 210, "p95": 380}, "mt": {"p50": 140, "p95": 260}}
        server.say("status", rooms=[room | {"behind_ms": {"asr": 900}, "latency": {"stages": stages}}], server={})
        server.say(
            "invite", role="listener", room="hall", url="https://x/", qr=segno.make("x").svg_data_uri(), token_id="a"
        )
        page.wait_for_selector("#invites img")


def serious(page: Page) -> list[str]:
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} - {node['failureSummary'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@with_all_fonts
@pytest.mark.parametrize("name", PAGES)
def test_no_serious_finding_in_any_dress(open_page: Opener, server: Any, name: str) -> None:
    server.source = "es"
    server.invite = {"url": "https://192.168.1.20:8766/listen#t=x", "qr": segno.make("x").svg_data_uri()}
    server.info = server.info | {"has_authority": True}
    path, ready = PAGES[name]
    page = open_page(path, ready=ready, viewport=PHONE, init=AXE, color_scheme="light")
    fill(page, server, name)
    page.wait_for_timeout(400)  # colours fade in
    assert serious(page) == []
    if name == "listen":
        page.click("#more")
        assert serious(page) == []
        page.click("#reading-close")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert small_targets(page) == []
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert serious(page) == []
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for size in (NARROW, LYING):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "wider than the screen"


def small_targets(page: Page) -> list[str]:
    """Visible controls with less than 44 CSS pixels in height; links in running text may be smaller (WCAG 2.5.8)."""
    return page.evaluate(
        """() => [...document.querySelectorAll('button, select, summary, .chip, .choice, a.primary, a.plain')]
            .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)
            .map(e => `${e.tagName} ${e.id || e.textContent.trim()} ${e.getBoundingClientRect().height}`)"""
    )
