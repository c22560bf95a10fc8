"""The kiosk page in real Chromium: whole lines, no controls, never gives up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.helpers import Opener, Page, say, shown, transcript, translation, wait_for_text, wait_in_page, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SENTENCE = "Nowadays people write messages on their computer screens and hardly ever come near a sharpener. "


def screen(open_page: Opener, server: Any, options: str, **more: Any) -> Page:
    server.source = "es"
    page = open_page(f"kiosk?{options}", ready=".kiosk-pane", **{"viewport": {"width": 1280, "height": 720}, **more})
    wait_until(lambda: bool(server.heard) and bool(server.heard[-1].of("hello")), "the hello", page)
    page.wait_for_selector("#state[data-state=reading]", state="attached")
    return page


def test_two_languages_in_whole_lines(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en,es&lines=2")
    hello = server.heard[0].of("hello")[0]
    assert (hello["role"], hello["targets"], hello["mode"]) == ("listener", ["en", "es"], "calm")
    for segment in range(4):
        say(server, translation(1, SENTENCE, segment=segment, final=True))
        say(server, transcript(1, f"Frase {segment}.", segment=segment, final=True))
    wait_for_text(page, "es", [f"Frase {segment}." for segment in range(4)], "#screen")
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.captions')].flatMap(pane => {
            const frame = pane.getBoundingClientRect();
            const text = document.createRange();
            text.selectNodeContents(pane);
            const middles = [...text.getClientRects()].map(line => (line.top + line.bottom) / 2);
            const lines = middles.filter(y => y > frame.top && y < frame.bottom);
            return [pane.clientHeight, lines.length, pane.scrollTop % (pane.clientHeight / 2)];
        })"""
    )
    height_en, lines_en, rest_en, height_es, lines_es, rest_es = cut
    assert height_en == height_es
    assert (lines_en, lines_es) == (2, 2)
    assert (rest_en, rest_es) == (0, 0), "no line is cut"
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.locator("button:visible, select:visible, dialog[open]").count() == 0
    wait_in_page(page, "getComputedStyle(document.body).cursor === 'none'")


def test_an_overlay_is_see_through_and_empty_in_silence(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en&overlay=1&size=8&stay=1")
    say(server, translation(1, "Hello there"))
    wait_for_text(page, "en", ["Hello there"], "#screen")
    for element in ("html", "body", "#screen", ".captions"):
        ground = page.evaluate("e => getComputedStyle(document.querySelector(e)).backgroundColor", element)
        assert ground == "rgba(0, 0, 0, 0)", element
    assert page.evaluate("getComputedStyle(document.querySelector('.cell')).fontSize") == f"{720 * 0.08:g}px"
    assert page.is_hidden("#state")
    wait_in_page(page, "getComputedStyle(document.querySelector('#screen')).opacity === '0'")
    say(server, translation(2, "Hello there again"))
    wait_in_page(page, "getComputedStyle(document.querySelector('#screen')).opacity === '1'")


def test_it_comes_back_after_every_refusal_and_keeps_what_stood_there(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en")
    say(server, translation(1, "Here."))
    wait_for_text(page, "en", ["Here."], "#screen")
    server.refuse = (4400, "cannot translate de to en")
    server.close(1001, "restarting")
    # The first refusal may mean the seat; the second one means the language.
    wait_until(lambda: server.heard[-1].of("hello")[:1] and not server.heard[-1].of("hello")[0]["targets"], "[]", page)
    server.refuse, server.available = None, ["fr"]
    wait_until(lambda: bool(server.heard[-1].of("ping")), "the way back", page, 30)
    assert server.heard[-1].of("hello")[0]["targets"] == [], "at least what is spoken"
    assert shown(page, "en", "#screen") == ["Here."]
    assert page.locator("dialog[open], [role=alert]").count() == 0


def test_words_of_an_overlay_stay_where_they_are_when_they_are_committed(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en&overlay=1&mode=fast&align=left&size=6")
    place = """(() => {
        const text = document.createRange();
        const walker = document.createTreeWalker(document.querySelector('.cell'), NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf('there');
            if (at < 0) continue;
            text.setStart(walker.currentNode, at);
            text.setEnd(walker.currentNode, at + 5);
            return [text.getBoundingClientRect().x, text.getBoundingClientRect().y].map(Math.round);
        }
    })()"""
    say(server, translation(1, "Hello", " out there friend"))
    wait_for_text(page, "en", ["Hello out there friend"], "#screen")
    before = page.evaluate(place)
    say(server, translation(2, "Hello out there", " friends"))
    wait_for_text(page, "en", ["Hello out there friends"], "#screen")
    assert page.evaluate(place) == before
    say(server, translation(3, "Hello out there friends", final=True))
    wait_for_text(page, "en", ["Hello out there friends"], "#screen")
    assert page.evaluate(place) == before


def test_it_says_what_is_wrong_below_the_lines_and_never_over_a_picture(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en&mode=fast")
    say(server, translation(1, SENTENCE, final=True))
    before = page.locator(".captions").bounding_box()
    server.say("notice", code="device_lost", message="gone", retryable=True)
    server.say("lag", stage="recognition", behind_ms=12_400)
    page.wait_for_selector("#notice:visible >> text=/microphone is gone.*12 s behind/s")
    assert page.locator(".captions").bounding_box() == before
    notice = page.locator("#notice").bounding_box()
    assert notice["y"] > before["y"] + before["height"] - 1
    server.say("notice", code="device_back", message="back", retryable=True)
    server.say("lag", stage="recognition", behind_ms=0)
    page.wait_for_selector("#notice", state="hidden")
    overlay = screen(open_page, server, "to=en&overlay=1")
    server.say("notice", code="device_lost", message="gone", retryable=True)
    wait_in_page(overlay, "document.querySelector('#notice').textContent !== ''")
    assert not overlay.is_visible("#notice")
