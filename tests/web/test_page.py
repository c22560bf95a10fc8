"""The speaker's page in real Chromium: captions, choices, keyboard, dress."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chromium import with_all_fonts
from tests.web.helpers import Opener, start, stop, transcript, translation, wait_in_page, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def test_committed_text_is_only_ever_added_to(open_page: Opener, server: Any) -> None:
    words = "Hoy en día, las personas escriben mensajes en las pantallas de sus computadoras.".split(" ")  # noqa: SIM905
    revisions = [(" ".join(words[:n]), " " + " ".join(words[n : n + 3])) for n in range(1, len(words))]
    page = open_page()
    start(page, "es")
    page.evaluate(
        """() => {
            window.rewritten = [];
            const note = (what, node) => node.parentElement?.closest('.committed') && window.rewritten.push(what);
            new MutationObserver((records) => {
                for (const record of records) {
                    if (record.type === 'characterData') note('changed', record.target);
                    const committed = record.target.nodeType === 1 && record.target.closest('.committed, .row');
                    if (committed && record.removedNodes.length) {
                        if (!record.target.closest('.tail, .gap')) window.rewritten.push('removed');
                    }
                }
            }).observe(document.getElementById('rows'), {subtree: true, childList: true, characterData: true});
        }"""
    )
    for rev, (committed, tail) in enumerate(revisions):
        server.say("transcript", **transcript(rev, committed, tail)[1])
        wait_in_page(page, "shown => document.querySelector('.cell.spoken')?.textContent === shown", committed + tail)
        assert page.text_content(".cell.spoken .committed") == committed
    pieces = page.evaluate("document.querySelector('.cell.spoken .committed').childNodes.length")
    assert pieces == len(revisions)
    assert page.evaluate("window.rewritten") == []
    style = "getComputedStyle(document.querySelector({!r}))"
    same = "(a, b) => a.font === b.font && a.letterSpacing === b.letterSpacing"
    assert page.evaluate(f"({same})({style.format('.tail')}, {style.format('.committed')})"), (
        "committing moves no letter"
    )
    assert page.evaluate(style.format(".tail") + ".textDecorationLine") == "underline"
    stop(page)


def test_a_speaker_is_not_shown_what_was_said_before(open_page: Opener, server: Any) -> None:
    page = open_page()
    start(page, "es")
    earlier = {"type": "transcript", "start_ms": 0, "end_ms": 1, **transcript(3, "Antes.", final=True)[1]}
    server.say("snapshot", segments=[earlier], last_seq=2)
    server.say("transcript", **transcript(1, "Hoy")[1])
    page.wait_for_selector(".cell.spoken")
    assert page.locator(".cell.spoken").all_text_contents() == ["Hoy"]
    stop(page)


def test_only_finished_sentences_are_announced(open_page: Opener, server: Any) -> None:
    page = open_page()
    start(page, "es")
    for kind, fields in [
        translation(1, "Today", " people"),
        translation(2, "Today people write.", " They"),
        translation(3, "Today people write. They", " do"),
    ]:
        server.say(kind, **fields)
    wait_in_page(page, "document.querySelector('.cell[data-column=en]')?.textContent.endsWith('They do')")
    assert page.locator("#announcer p").all_text_contents() == ["Today people write."]
    stop(page)


def test_markup_in_speech_is_text(open_page: Opener, server: Any) -> None:
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>&amp;"
    page = open_page()
    start(page, "es")
    server.say("transcript", **transcript(1, nasty, nasty)[1])
    server.say("notice", code="x", message=nasty, retryable=True)
    page.wait_for_selector("#notice:not([hidden])")
    assert page.text_content(".cell.spoken") == nasty + nasty
    assert page.text_content("#notice") == nasty
    assert page.locator("main img, main script").count() == 0
    assert page.title() == "Sottovoce"
    stop(page)


def test_keyboard_alone_is_enough(open_page: Opener, server: Any) -> None:
    page = open_page()

    def tab_to(element: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", element):
                outline = page.evaluate(
                    "(e => getComputedStyle(e.closest('.chip') ?? e).outlineStyle)(document.activeElement)"
                )
                assert outline == "solid", "focus is not visible"
                return
        raise AssertionError(f"{element} is not reached by Tab")

    tab_to("#source")
    page.keyboard.type("Span")
    tab_to("#targets input[value=de]")
    page.keyboard.press("Space")
    tab_to("#toggle")
    page.keyboard.press("Enter")
    page.wait_for_selector('#state[data-state="live"]')
    assert page.inner_text("#toggle") == "Stop"
    hello = server.heard[-1].of("hello")[0]
    assert (hello["source"], sorted(hello["targets"])) == ("es", ["de", "en"])
    page.keyboard.press("Space")
    page.wait_for_selector('#state[data-state="idle"]')
    assert server.heard[-1].of("end")


def test_choices_change_during_a_session(open_page: Opener, server: Any) -> None:
    page = open_page()
    start(page, "es")
    assert page.is_disabled("#source")
    server.say("transcript", **transcript(1, "Hoy", " en")[1])
    page.wait_for_selector(".tail:visible")
    page.click("#targets label:has(input[value=de])")
    page.click("label:has(input[value=calm])")
    heard = server.heard[-1]
    wait_until(lambda: len(heard.of("set")) == 2, "two changes", page)
    assert sorted(heard.of("set")[0]["targets"]) == ["de", "en"]
    assert heard.of("set")[1]["mode"] == "calm"
    assert page.locator("#headings div").all_inner_texts() == ["Spoken · Spanish", "English", "German"]
    assert not page.is_visible(".tail")
    stop(page)


@with_all_fonts
def test_the_view_sticks_to_the_end_unless_the_reader_scrolls_up(open_page: Opener, server: Any) -> None:
    page = open_page(viewport={"width": 360, "height": 640})
    start(page, "es")

    def say(first: int, count: int) -> None:
        for segment in range(first, first + count):
            server.say("transcript", **transcript(1, f"Frase {segment}. " * 4, segment=segment, final=True)[1])
        wait_in_page(page, "n => document.querySelectorAll('.cell.spoken').length === n", first + count)

    below = "(e => e.scrollHeight - e.scrollTop - e.clientHeight)(document.getElementById('captions'))"
    say(0, 12)
    assert page.evaluate(below) < 2
    page.evaluate("document.getElementById('captions').scrollTop = 50")
    page.wait_for_timeout(200)
    say(12, 2)
    assert page.evaluate("document.getElementById('captions').scrollTop") == 50
    page.click("#jump")
    assert page.evaluate(below) < 2
    assert not page.is_visible("#jump")
    # The smallest move of a finger is the reader's, too: text that comes meanwhile does not pull it back.
    page.hover("#captions")
    page.mouse.wheel(0, -20)
    wait_in_page(page, "(e => e.scrollHeight - e.scrollTop - e.clientHeight)(document.getElementById('captions')) > 10")
    page.wait_for_timeout(100)
    place = page.evaluate("document.getElementById('captions').scrollTop")
    say(14, 2)
    assert page.evaluate("document.getElementById('captions').scrollTop") == place
    page.mouse.wheel(0, 5000)
    page.wait_for_selector("#jump", state="hidden")
    say(16, 2)
    assert page.evaluate(below) < 2
    stop(page)


@with_all_fonts
@pytest.mark.parametrize(("width", "font"), [(360, "100%"), (360, "200%"), (1280, "100%"), (1280, "200%")])
def test_nothing_overflows_and_contrast_holds(open_page: Opener, server: Any, width: int, font: str) -> None:
    page = open_page(viewport={"width": width, "height": 740}, color_scheme="light")
    page.evaluate("size => { document.documentElement.style.fontSize = size; }", font)
    start(page, "es")
    server.say("transcript", **transcript(1, "Hoy en día, las personas", " escriben")[1])
    server.say("translation", **translation(1, "Today, people", " write")[1])
    page.wait_for_selector(".cell[data-column=en]")
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(50)
        ratios = page.evaluate(CONTRAST)
        assert len(ratios) == 7
        assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    stop(page)


CONTRAST = """() => {
    const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const luminance = (colour) => {
        const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = channels(colour).map((v) => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (channels(colour)[3] !== 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const names = ['.committed', '.spoken .committed', '.tail', '#state', '#toggle', '#level-word', '.chip span'];
    return Object.fromEntries(names.map((name) => {
        const element = document.querySelector(name);
        const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => b - a);
        return [name, (pair[0] + 0.05) / (pair[1] + 0.05)];
    }));
}"""


def test_theme_and_language_of_the_page_are_kept(open_page: Opener, server: Any) -> None:
    page = open_page(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    page.click("#theme")
    dark = page.evaluate(ground)
    assert dark != light
    page.select_option("#ui-language", "de")
    page.wait_for_selector("html[lang=de]")
    assert page.inner_text("#toggle") == "Start"
    assert page.inner_text("#settings-title") == "Sprachen"
    page.reload()
    page.wait_for_selector("#targets input", state="attached")
    assert page.evaluate(ground) == dark
    assert page.get_attribute("html", "lang") == "de"
    assert page.inner_text("label[for=source]") == "Gesprochen"
