"""The listener's page in real Chromium: phones of different languages in one room."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.chromium import on_some_displays
from tests.web.helpers import (
    Opener,
    Page,
    say,
    shown,
    transcript,
    translation,
    wait_for_text,
    wait_in_page,
    wait_until,
)
from translate.protocol import schema_of

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "permissions": []}


def listen(open_page: Opener, server: Any, path: str = "listen?room=hall", **options: Any) -> Page:
    server.source = "es"
    before = len(server.heard)
    page = open_page(path, ready="#language option", **{**PHONE, **options})
    wait_until(lambda: len(server.heard) > before and bool(server.heard[-1].of("hello")), "the hello", page)
    page.wait_for_selector("#state:not([data-state=connecting])", state="attached")
    return page


def test_three_readers_read_three_languages(open_page: Opener, server: Any) -> None:
    german = listen(open_page, server, locale="de-AT")
    english = listen(open_page, server, "listen?room=hall&to=en#t=secret", locale="fr-FR")
    spoken = listen(open_page, server, locale="ja-JP")
    hellos = [heard.of("hello")[0] for heard in server.heard]
    assert [hello["targets"] for hello in hellos] == [["de"], ["en"], []]
    assert {(hello["role"], hello["room"]) for hello in hellos} == {("listener", "hall")}
    assert [hello.get("token") for hello in hellos] == [None, "secret", None]
    contract = Draft202012Validator(schema_of("client"))
    for heard in server.heard:
        for message in heard.messages:
            contract.validate(message)
    say(server, transcript(1, "Buenos días"), to="hall")
    say(server, translation(1, "Good morning", " to"), to="hall")
    say(server, translation(1, "Guten Morgen", lang="de"), to="hall")
    wait_for_text(german, "de", ["Guten Morgen"])
    wait_for_text(english, "en", ["Good morning to"])
    wait_for_text(spoken, "spoken", ["Buenos días"])
    assert german.evaluate("document.documentElement.lang") == "de"
    assert not german.is_visible(".cell[data-column=es]")


def test_language_tails_source_and_letters_change_at_any_time(open_page: Opener, server: Any) -> None:
    page = listen(open_page, server, locale="en-GB")
    for message in (
        transcript(1, "Hoy", " en"),
        translation(1, "Today", " people"),
        translation(1, "Heute", lang="de"),
    ):
        say(server, message)
    wait_for_text(page, "en", ["Today people"])
    page.select_option("#language", "de")
    wait_for_text(page, "de", ["Heute"])
    assert shown(page, "en") == []
    page.select_option("#language", "spoken")
    wait_for_text(page, "spoken", ["Hoy en"])
    page.select_option("#language", "es")
    wait_for_text(page, "es", ["Hoy en"])
    page.select_option("#language", "en")
    page.click("#more")
    page.click("label:has([name=source])")
    page.click("label:has([name=calm])")
    before = page.evaluate("getComputedStyle(document.querySelector('.cell[data-column=en]')).fontSize")
    page.click("#larger")
    page.click("#reading-close")
    wait_for_text(page, "en", ["Today"])
    assert shown(page, "spoken") == ["Hoy"]
    assert page.evaluate("getComputedStyle(document.querySelector('.cell[data-column=en]')).fontSize") > before
    sets = [{k: v for k, v in m.items() if k in ("targets", "mode")} for m in server.heard[-1].of("set")]
    assert sets == [{"targets": ["de"]}, {"targets": []}, {"targets": ["es"]}, {"targets": ["en"]}, {"mode": "calm"}]
    page.reload()
    wait_until(lambda: len(server.heard) == 2 and bool(server.heard[1].of("hello")), "the second hello", page)
    hello = server.heard[1].of("hello")[0]
    assert (hello["targets"], hello["mode"]) == (["en"], "calm")


def test_a_drop_and_a_restart_lose_nothing_and_repeat_nothing(open_page: Opener, server: Any) -> None:
    page = listen(open_page, server, locale="en-GB")
    say(server, translation(2, "One.", final=True))
    say(server, translation(1, "Two", segment=1))
    wait_for_text(page, "en", ["One.", "Two"])
    server.drop()
    wait_until(lambda: len(server.heard) == 2 and bool(server.heard[1].of("hello")), "the way back", page)
    hello = server.heard[1].of("hello")[0]
    assert hello["resume"] == "resume-session-1"
    assert hello["last_seq"] >= 3
    say(server, translation(2, "One.", final=True))
    say(server, translation(2, "Two and", segment=1))
    wait_for_text(page, "en", ["One.", "Two and"])
    server.log, server.session = "log-2", None
    server.drop()
    wait_until(lambda: len(server.heard) == 3 and bool(server.heard[2].of("hello")), "the restarted server", page)
    page.wait_for_selector("#state[data-state=no_speaker]", state="attached")
    server.session = "session-3"
    server.greet()
    say(server, translation(1, "Afresh"))
    wait_for_text(page, "en", ["One.", "Two and", "Afresh"])
    page.reload()
    wait_for_text(page, "en", ["One.", "Two and", "Afresh"])


def test_the_next_speaker_is_read_without_a_touch(open_page: Opener, server: Any) -> None:
    page = listen(open_page, server, locale="en-GB")
    say(server, translation(1, "Goodbye.", segment=4, final=True))
    server.say("end", position=1)
    page.wait_for_selector("#state[data-state=no_speaker]", state="attached")
    server.session = "session-2"
    server.greet()
    say(server, translation(1, "Hello.", segment=5))
    wait_for_text(page, "en", ["Goodbye.", "Hello."])
    assert page.get_attribute("#state", "data-state") == "reading"
    assert len(server.heard) == 1


def test_a_language_that_this_talk_lacks_is_told_and_read_as_spoken(open_page: Opener, server: Any) -> None:
    page = listen(open_page, server, locale="de-DE")
    server.available = ["en"]
    server.session = "session-2"
    server.greet()
    page.wait_for_selector("#notice:not([hidden])")
    assert "Deutsch" in page.inner_text("#notice")
    say(server, transcript(1, "Hoy"))
    wait_for_text(page, "spoken", ["Hoy"])
    server.available = ["en", "de"]
    server.greet()
    say(server, translation(1, "Heute", lang="de"))
    wait_for_text(page, "de", ["Heute"])
    assert page.is_hidden("#notice")


@on_some_displays
def test_words_on_the_screen_do_not_move(open_page: Opener, server: Any) -> None:
    text = "Nowadays people write messages on their computer screens and hardly ever come near a sharpener."
    words = text.split(" ")
    page = listen(open_page, server, locale="en-GB")
    say(server, translation(1, "Before.", segment=0, final=True))
    places = """() => {
        const text = document.createRange();
        return [...document.querySelectorAll('.cell[data-column=en] .committed')].flatMap(cell =>
            [...cell.childNodes].flatMap(node => {
                text.selectNodeContents(node);
                return [...text.getClientRects()].map(({x, y}) => [Math.round(x), Math.round(y)]);
            }));
    }"""
    before: list[Any] = []
    heights: list[float] = []
    for n in range(1, len(words) + 1):
        # Tails of changing length, now and then none.
        tail = " " + " ".join(words[n : n + (0, 5, 2)[n % 3]])
        say(server, translation(n, " ".join(words[:n]), tail.rstrip(), segment=1))
        wait_in_page(page, "n => document.querySelectorAll('.cell')[1]?.children[0].childNodes.length === n", n)
        now = page.evaluate(places)
        assert now[: len(before)] == before
        before = now
        heights.append(page.evaluate("document.querySelectorAll('.cell')[1].offsetHeight"))
    assert heights == sorted(heights)


def test_what_is_taken_away_is_what_was_read(open_page: Opener, server: Any, tmp_path: Path) -> None:
    page = listen(open_page, server, locale="en-GB", permissions=["clipboard-read", "clipboard-write"])
    say(server, transcript(1, "Buenos días.", final=True, start_ms=2000, end_ms=3500))
    say(server, translation(1, "Good <b>morning</b>.", final=True))
    say(server, transcript(1, "Gracias", " a", segment=1, start_ms=4000, end_ms=5000))
    say(server, translation(1, "Thank you", " all", segment=1))
    wait_for_text(page, "en", ["Good <b>morning</b>.", "Thank you all"])
    page.click("#more")
    files = {}
    for ending in ("txt", "srt", "vtt"):
        with page.expect_download() as download:
            page.click(f"[data-export={ending}]")
        assert re.fullmatch(rf"hall-[\d-]+\.en\.{ending}", download.value.suggested_filename)
        files[ending] = Path(download.value.path()).read_text("utf-8")
    assert files["txt"] == "Good <b>morning</b>.\n\nThank you\n"
    assert files["srt"].startswith("1\n00:00:00,000 --> 00:00:01,500\nGood <b>morning</b>.\n\n2\n00:00:02,000 -->")
    assert "00:00:00.000 --> 00:00:01.500\nGood &lt;b&gt;morning&lt;/b&gt;.\n" in files["vtt"]
    page.click("#copy")
    page.wait_for_selector("#transcript-hint:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == files["txt"]
    page.click("#forget")
    assert shown(page, "en") == []
    assert "morning" not in json.dumps(page.evaluate("({...sessionStorage, ...localStorage})"))
    say(server, translation(2, "Thank you all", segment=1))
    wait_for_text(page, "en", [" all".strip()])


def test_final_sentences_are_read_aloud_by_the_device_alone(open_page: Opener, server: Any) -> None:
    voices = """
        const said = [];
        const voices = [{lang: 'en-GB', localService: false}, {lang: 'en-GB', localService: true, name: 'own'}];
        Object.defineProperty(globalThis, 'speechSynthesis', {value: {
            getVoices: () => voices, addEventListener: () => {}, cancel: () => {},
            speak: (one) => { said.push([one.text, one.voice.name]); setTimeout(() => one.onend(), 5); },
        }});
        globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
        globalThis.said = said;
    """
    page = listen(open_page, server, locale="en-GB", init=voices)
    say(server, translation(1, "Unheard.", final=True))
    wait_for_text(page, "en", ["Unheard."])
    page.click("#more")
    page.click("label:has([name=aloud])")
    say(server, translation(1, "First. Sec", "ond perhaps", segment=1))
    say(server, translation(2, "First. Second.", segment=1, final=True))
    wait_in_page(page, "said.length === 2")
    assert page.evaluate("said") == [["First.", "own"], ["Second.", "own"]]
    page.keyboard.press("Escape")
    page.select_option("#language", "de")
    page.click("#more")
    assert page.is_disabled("[name=aloud]"), "no voice for German here"


def test_markup_in_speech_and_notices_is_text(open_page: Opener, server: Any) -> None:
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>&amp;"
    page = listen(open_page, server, locale="en-GB")
    say(server, translation(1, nasty, nasty))
    server.say("notice", code="x", message=nasty, retryable=True)
    page.wait_for_selector("#notice:not([hidden])")
    assert page.text_content(".cell[data-column=en]") == nasty + nasty
    assert page.text_content("#notice") == nasty
    assert page.locator("main img, main script").count() == 0
    assert "owned" not in page.title()


def test_right_to_left_is_written_right_to_left(open_page: Opener, server: Any) -> None:
    server.available = ["ar"]
    page = listen(open_page, server, "listen?to=ar", locale="en-GB")
    say(server, translation(1, "صباح الخير", lang="ar"))
    server.source = "auto"
    server.greet()
    wait_for_text(page, "ar", ["صباح الخير"])
    cell = page.locator(".cell[data-column=ar]")
    assert cell.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert cell.get_attribute("lang") == "ar"


def test_a_refused_invitation_is_told_in_words(open_page: Opener, server: Any) -> None:
    server.refuse = (4401, "this token has expired")
    page = listen(open_page, server, "listen#t=old")
    page.wait_for_selector("#problem:not([hidden])")
    assert "does not let you in" in page.inner_text("#problem")
    assert "#t=" not in page.inner_text("body")


def test_the_page_can_be_installed(open_page: Opener, server: Any) -> None:
    page = listen(open_page, server, "listen?room=hall#t=secret")
    client = page.context.new_cdp_session(page)
    manifest = client.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert json.loads(manifest["data"])["display"] == "standalone"
    errors = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in errors] == ["in-incognito"], "as every page of a test is"
    page.goto(server.url + "listen")  # as the installed page starts: without its invitation
    wait_until(lambda: len(server.heard) == 2 and bool(server.heard[1].of("hello")), "the second hello", page)
    hello = server.heard[1].of("hello")[0]
    assert (hello["room"], hello["token"]) == ("hall", "secret")


def test_who_comes_late_reads_from_the_end_and_scrolls_back_in_order(open_page: Opener, server: Any) -> None:
    page = listen(open_page, server, locale="en-GB")
    texts = [{"type": kind, **fields} for n in range(150) for kind, fields in (
        transcript(1, f"Frase {n}.", segment=n, final=True), translation(1, f"Sentence {n}.", segment=n, final=True)
    ) if n != 70]  # fmt: skip
    for start in range(0, len(texts), 100):
        server.say("snapshot", segments=texts[start : start + 100], last_seq=1)
    say(server, translation(1, "And on.", segment=150))
    say(server, translation(1, "Sentence 70.", segment=70, final=True))
    wait_for_text(page, "en", [*(f"Sentence {n}." for n in range(150)), "And on."])
    assert (
        page.evaluate("(e => e.scrollHeight - e.scrollTop - e.clientHeight)(document.querySelector('#captions'))") < 2
    )
    assert page.locator("#announcer p").all_text_contents() == ["And on."], "what is old is not announced"
    page.evaluate("document.querySelector('#captions').scrollTop = 100")
    page.wait_for_timeout(100)
    say(server, translation(2, "And on and on.", segment=150))
    page.wait_for_selector("#jump:not([hidden])")
    assert page.evaluate("document.querySelector('#captions').scrollTop") == 100
    page.tap("#jump")
    assert page.is_hidden("#jump")


STANDING = """() => [...document.querySelectorAll('.cell[data-column=en]')].map(
    cell => Math.round(cell.getBoundingClientRect().top))"""


@on_some_displays
def test_a_final_text_shorter_than_its_tail_moves_no_line(open_page: Opener, server: Any) -> None:
    page = listen(open_page, server, locale="en-GB", viewport={"width": 320, "height": 480})
    long_tail = " and then some more words that nobody ever said in the end"

    def standing(messages: list[Any], last: str) -> list[int]:
        for message in messages:
            say(server, message)
        wait_in_page(page, "t => document.querySelector('#rows').textContent.endsWith(t)", last)
        page.wait_for_timeout(100)
        places: list[int] = page.evaluate(STANDING)
        return places

    for segment in range(6):
        say(server, translation(1, "Sentences that fill the screen.", segment=segment, final=True))
    before = standing([translation(1, "The end of it", long_tail, segment=6)], long_tail)
    after = standing([translation(2, "The end of it.", segment=6, final=True)], "of it.")
    assert after == before, "the last one"
    below = "(e => e.scrollHeight - e.scrollTop - e.clientHeight)(document.getElementById('captions'))"
    assert page.evaluate(below) < 2
    say(server, translation(1, "One that takes its time", long_tail, segment=7))
    before = standing([translation(1, "Next.", segment=8)], "Next.")
    say(server, translation(2, "One that takes its time.", segment=7, final=True))
    after = standing([], "Next.")
    assert after == before, "one with another below it"
    say(server, translation(2, "Next.", segment=8, final=True))
    for segment in range(9, 18):
        before = page.evaluate(STANDING)
        say(server, translation(1, "More.", segment=segment, final=True))
        wait_in_page(page, "n => document.querySelectorAll('.cell[data-column=en]').length === n", segment + 1)
        page.wait_for_timeout(50)
        moved = {was - now for was, now in zip(before[-3:], page.evaluate(STANDING)[-4:-1], strict=True)}
        assert max(moved) - min(moved) <= 1, "all that is read moves as one"
    assert page.evaluate("document.querySelectorAll('.cell[style*=min-height]').length") == 0, "nothing is held unseen"


def test_who_may_not_come_in_reads_why_and_nothing_covers_it(open_page: Opener, server: Any) -> None:
    server.refuse = (4401, "this token is not valid")
    page = open_page("listen?room=hall#t=old", ready="#problem:not([hidden])", viewport={"width": 360, "height": 640})
    assert "does not let you in" in page.inner_text("#problem")
    assert page.text_content("#state-text") == "Not connected", "the server was reached, and said no"
    top = """() => [...document.querySelectorAll('#problem p, #problem button')].filter(e => e.offsetHeight).map(e => {
        const {x, y, width, height} = e.getBoundingClientRect();
        return e.contains(document.elementFromPoint(x + width / 2, y + Math.min(8, height / 2)));
    })"""
    assert page.evaluate(top) == [True] * 4
    assert page.evaluate("document.querySelector('#problem > div').offsetWidth") > 240, "the text has room"
