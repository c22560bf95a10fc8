"""The kiosk page in real Chromium: whole lines, no controls, never gives up."""

from __future__ import annotations

import io
import itertools
from typing import Any

import av
import numpy as np
import pytest

from tests.chromium import Display, on_all_displays, on_some_displays, shown_on, with_all_fonts
from tests.web.helpers import Opener, Page, say, shown, transcript, translation, wait_for_text, wait_in_page, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SENTENCE = "Nowadays people write messages on their computer screens and hardly ever come near a sharpener. "


def screen(open_page: Opener, server: Any, options: str, **more: Any) -> Page:
    server.source = "es"
    page = open_page(f"kiosk?{options}", ready=".kiosk-column", **{"viewport": {"width": 1280, "height": 720}, **more})
    wait_until(lambda: bool(server.heard) and bool(server.heard[-1].of("hello")), "the hello", page)
    page.wait_for_selector("#state[data-state=reading]", state="attached")
    return page


@on_all_displays
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
            const texts = [...pane.querySelectorAll('.committed')];
            const middles = texts.flatMap(text => [...text.getClientRects()].map(line => (line.top + line.bottom) / 2));
            const lines = middles.filter(y => y > frame.top && y < frame.bottom);
            // In pixels of the screen, of which Chromium's layout knows parts of 1/64.
            const pixels = (length) => Math.round(length * devicePixelRatio * 64) / 64;
            return [pixels(frame.height), lines.length, pixels(pane.scrollTop) % pixels(frame.height / 2)];
        })"""
    )
    height_en, lines_en, rest_en, height_es, lines_es, rest_es = cut
    assert height_en == height_es
    assert height_en % 2 == 0, "two lines, each of whole pixels"
    assert (lines_en, lines_es) == (2, 2)
    assert (rest_en, rest_es) == (0, 0), "no line is cut"
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_there_is_nothing_to_touch_and_the_cursor_goes_away(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en,es&lines=2")
    assert page.locator("button:visible, select:visible, dialog[open]").count() == 0
    wait_in_page(page, "getComputedStyle(document.body).cursor === 'none'")


LINE_TOPS = """() => {
    const pixels = (length) => Math.round(length * devicePixelRatio * 64) / 64;
    const pane = document.querySelector('.captions');
    const top = pane.getBoundingClientRect().top - pane.scrollTop;
    const lines = [...pane.querySelectorAll('.committed')].map(text => text.getClientRects()[0].top);
    return [pixels(parseFloat(getComputedStyle(pane.querySelector('.cell')).lineHeight)),
        pixels(pane.scrollTop), ...lines.map(line => pixels(line - top))];
}"""


def line_tops(page: Page) -> tuple[float, float, list[float]]:
    """In pixels of the screen: the height of a line, how far it is scrolled, and where each text begins."""
    height, scrolled, *tops = page.evaluate(LINE_TOPS)
    return height, scrolled, tops


def picture(page: Page) -> np.ndarray:
    """What is on the screen, as (row, column, RGBA); see-through where the page has no ground."""
    with av.open(io.BytesIO(page.screenshot(omit_background=True))) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgba")


@on_all_displays
def test_an_overlay_shows_whole_bars_and_nothing_of_a_hidden_line(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en&overlay=1&stay=3600")
    say(server, translation(1, f"{SENTENCE}{SENTENCE}And so on. {SENTENCE}", final=True))
    page.wait_for_selector(".cell")
    height, _, _ = line_tops(page)
    page.evaluate("document.querySelector('.cell').style.color = 'transparent'")
    opacity = picture(page)[:, :, 3]
    ends = [tuple(np.flatnonzero(row)[[0, -1]].tolist()) if row.any() else None for row in opacity]
    bars = [(span, len(list(rows))) for span, rows in itertools.groupby(ends) if span]
    assert [rows for _, rows in bars] == [height, height], f"two bars, each of one width from top to bottom: {bars}"
    assert len(set(opacity[opacity > 0].tolist())) == 1, "where bars overlap, they are darker"


ONLY_WHOLE_LINES = """() => document.querySelectorAll('.captions').forEach((pane) => {
    for (const row of [...pane.querySelectorAll('.row')].slice(0, -2)) row.style.display = 'none';
    for (const frame of [pane, pane.firstElementChild]) frame.style.overflow = 'visible';
})"""


def hold_against_whole_lines(page: Page) -> None:
    """The last two rows, of one line each, look as they do where nothing is hidden and nothing cuts them."""
    seen = picture(page).astype(int)
    page.evaluate(ONLY_WHOLE_LINES)
    rows = np.flatnonzero((seen != picture(page)).any(axis=(1, 2)))
    assert rows.tolist() == [], "rows of pixels in which a line is cut, or something of a hidden one is seen"


@on_all_displays
@pytest.mark.parametrize("options", ["", "&overlay=1&stay=3600"], ids=["screen", "overlay"])
def test_hidden_lines_leave_no_pixel_and_shown_ones_lack_none(open_page: Opener, server: Any, options: str) -> None:
    page = screen(open_page, server, f"to=en,es&lines=2{options}")
    for segment in range(4):
        say(server, translation(1, f"Ågjpqy {segment} Ö|", segment=segment, final=True))
        say(server, transcript(1, f"¿Éç {segment} Ñü?", segment=segment, final=True))
    wait_for_text(page, "es", [f"¿Éç {segment} Ñü?" for segment in range(4)], "#screen")
    hold_against_whole_lines(page)


@shown_on([Display("Noto", 1.25)])  # DejaVu lacks one of the scripts, and has the other no higher than Latin
@pytest.mark.parametrize(
    ("lang", "text", "options"), [("th", "ที่นี่ ปู่", ""), ("ur", "پاکستان میں", "&overlay=1&stay=3600")], ids=["th", "ur"]
)
def test_lines_are_as_high_as_the_letters_of_the_spoken_language(
    open_page: Opener, server: Any, lang: str, text: str, options: str
) -> None:
    page = screen(open_page, server, f"lines=2{options}", locale="ja-JP")
    for segment in range(4):
        say(server, transcript(1, text, segment=segment, final=True, lang=lang))
    wait_for_text(page, "spoken", [text] * 4, "#screen")
    hold_against_whole_lines(page)


@shown_on([Display("Noto", 1.25)])
def test_texts_that_become_shorter_leave_whole_lines(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en&mode=fast&lines=3")
    for segment in range(5):
        say(server, translation(1, "So it ends", f" or goes on: {SENTENCE * segment}End", segment=segment))
        say(server, translation(1, "So it ends", f" or goes on: {SENTENCE}End", segment=segment + 1))
        wait_in_page(page, "n => document.querySelectorAll('.tail')[n]?.textContent.endsWith('End')", segment + 1)
        for shorter in (segment, segment + 1):
            say(server, translation(2, "So it ends", segment=shorter))
            wait_in_page(page, "n => document.querySelectorAll('.tail')[n].textContent === ''", shorter)
            height, scrolled, tops = line_tops(page)
            assert height % 1 == scrolled % height == 0
            assert {(top - tops[0]) % height for top in tops} == {0}
        say(server, translation(3, "So it ends.", segment=segment, final=True))


@shown_on([Display("DejaVu")])
def test_a_window_that_goes_to_another_screen_has_whole_lines_there(open_page: Opener, server: Any) -> None:
    page = screen(open_page, server, "to=en&overlay=1&stay=3600")
    say(server, translation(1, SENTENCE, final=True))
    page.wait_for_selector(".cell")
    client = page.context.new_cdp_session(page)
    for scale, is_mobile in [(1.1, True), (1.25, False), (1.75, True)]:
        # The emulation tells a page of another scale when something else changes too; the size does not.
        size = {"width": 1280, "height": 720, "deviceScaleFactor": scale, "mobile": is_mobile}
        client.send("Emulation.setDeviceMetricsOverride", size)
        wait_in_page(page, "scale => Math.abs(devicePixelRatio - scale) < 0.001", scale)
        height = "parseFloat(getComputedStyle(document.querySelector('.cell')).lineHeight)"
        wait_in_page(page, f"(pixels => Math.abs(pixels - Math.round(pixels)) < 0.001)({height} * devicePixelRatio)")


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


@on_some_displays
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


@with_all_fonts
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
