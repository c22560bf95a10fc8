"""A speaker's page when devices come and go, and what it keeps from being lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.web.helpers import Opener, say, start, transcript, translation, wait_in_page, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

TRACKS = """
    const real = MediaDevices.prototype.getUserMedia;
    globalThis.tracks = [];
    MediaDevices.prototype.getUserMedia = async function (wish) {
        const stream = await real.call(this, wish);
        tracks.push(...stream.getTracks());
        return stream;
    };
"""
UNPLUG = "() => tracks.forEach(track => { track.stop(); track.dispatchEvent(new Event('ended')); })"


def test_an_unplugged_microphone_ends_the_talk_with_its_last_words_and_is_told(open_page: Opener, server: Any) -> None:
    page = open_page(init=TRACKS)
    start(page)
    wait_until(lambda: len(server.heard[-1].frames) > 10, "sound", page)
    page.evaluate(UNPLUG)
    page.wait_for_selector('#state[data-state="idle"]')
    assert "disconnected" in page.inner_text("#notice")
    assert server.heard[-1].of("end")
    page.select_option("#ui-language", "de")
    page.wait_for_selector("html[lang=de]")
    assert "getrennt" in page.inner_text("#notice")
    start(page)
    assert page.is_hidden("#notice")


def test_two_people_are_told_as_well(open_page: Opener, server: Any) -> None:
    page = open_page("talk?to=en,es", ready="#near-language option", init=TRACKS)
    start(page)
    page.evaluate(UNPLUG)
    page.wait_for_selector('#state[data-state="idle"]')
    assert "disconnected" in page.inner_text("#notice")


def test_a_capture_that_fails_lets_go_of_the_microphone(open_page: Opener, server: Any) -> None:
    broken = "AudioWorklet.prototype.addModule = () => Promise.reject(new Error('no worklet'));"
    page = open_page(init=TRACKS + broken)
    page.click("#toggle")
    page.wait_for_selector("#problem:not([hidden])")
    assert "no worklet" in page.inner_text("#problem-detail")
    assert page.evaluate("tracks.map(track => track.readyState)") == ["ended"]
    assert page.inner_text("#toggle") == "Start"


def test_sound_that_the_system_halts_goes_on(open_page: Opener, server: Any) -> None:
    spied = """
        const Real = AudioContext;
        globalThis.AudioContext = class extends Real { constructor() { super(); globalThis.context = this; } };
    """
    page = open_page(init=spied)
    start(page)
    page.evaluate("context.suspend()")
    wait_in_page(page, "context.state === 'running'")
    before = len(server.heard[-1].frames)
    wait_until(lambda: len(server.heard[-1].frames) > before + 10, "sound again", page)


LOCKS = """
    globalThis.locks = 0;
    WakeLock.prototype.request = async () => {
        locks += 1;
        return {released: false, release: async () => { locks -= 1; }};
    };
"""


def test_a_talk_is_not_closed_by_mistake_and_the_screen_stays_on(open_page: Opener, server: Any) -> None:
    page = open_page(init=LOCKS)
    asked = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert page.evaluate(asked) is False
    start(page)
    assert page.evaluate(asked) is True
    assert page.evaluate("locks") == 1
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
    assert page.evaluate(asked) is False
    assert page.evaluate("locks") == 0


def test_the_speaker_takes_the_transcript_away_too(open_page: Opener, server: Any) -> None:
    page = open_page(permissions=["microphone", "clipboard-read", "clipboard-write"])
    page.click("#transcript summary")
    page.click("#transcript [data-export=srt]")
    assert "Nothing" in page.inner_text("#transcript-hint")
    start(page)
    say(server, transcript(1, "Buenos días.", final=True, start_ms=2000, end_ms=3500))
    say(server, translation(1, "Good morning.", final=True))
    wait_in_page(page, "document.querySelector('.cell[data-column=en]')?.textContent === 'Good morning.'")
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
    assert page.locator("#transcript-language option").all_inner_texts() == ["Spoken · Spanish", "English"]
    saved = {}
    for column in ("spoken", "en"):
        page.select_option("#transcript-language", column)
        with page.expect_download() as download:
            page.click("#transcript [data-export=srt]")
        assert download.value.suggested_filename.endswith(f".{column}.srt")
        saved[column] = Path(download.value.path()).read_text("utf-8")
    assert saved["spoken"] == "1\n00:00:00,000 --> 00:00:01,500\nBuenos días.\n"
    assert saved["en"] == "1\n00:00:00,000 --> 00:00:01,500\nGood morning.\n"
    page.click("#transcript [data-copy]")
    page.wait_for_selector("#transcript-hint:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == "Good morning.\n"


def test_languages_that_will_be_spoken_can_be_named(open_page: Opener, server: Any) -> None:
    page = open_page(locale="de-DE")
    page.select_option("#source", "auto")
    page.click("#allowed-field summary")
    for code in ("es", "en"):
        page.click(f"#allowed label:has([value={code}])")
    start(page)
    hello = server.heard[-1].of("hello")[0]
    assert (hello["source"], sorted(hello["allowed_sources"])) == ("auto", ["en", "es"])
    assert page.is_disabled("#allowed [value=es]")
    page.click("label.chip:has([name=target][value=de])")
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
    page.reload()
    page.wait_for_selector("#allowed input", state="attached")
    assert page.locator("#allowed input:checked").count() == 2, "remembered, also after a change in a talk"
    page.select_option("#source", "es")
    assert page.is_hidden("#allowed-field")
    start(page)
    assert "allowed_sources" not in server.heard[-1].of("hello")[0]
