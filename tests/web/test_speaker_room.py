"""What the speaker's page has of rooms: the way in for others, the microphone, and the way to a secure page."""

from __future__ import annotations

from typing import Any

import pytest
import segno

from tests.web.helpers import Opener, say, start, transcript, translation, wait_for_text, wait_in_page, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

URL = "https://192.168.1.20:8766/listen?room=hall#t=bDpt.Q2Zr"

ASKED = """
    const real = MediaDevices.prototype.getUserMedia;
    globalThis.asked = [];
    MediaDevices.prototype.getUserMedia = function (wish) {
        asked.push(wish.audio.deviceId?.ideal ?? '');
        return real.call(this, wish);
    };
"""


def test_the_room_is_named_and_others_are_led_in(open_page: Opener, server: Any) -> None:
    server.invite = {"url": URL, "qr": segno.make(URL).svg_data_uri()}
    page = open_page("?room=hall#t=secret")
    assert "hall" in page.inner_text("header")
    assert page.is_hidden("#invite")
    start(page)
    hello = server.heard[-1].of("hello")[0]
    assert (hello["room"], hello["token"]) == ("hall", "secret")
    wait_in_page(page, "document.querySelector('#invite img')?.naturalWidth > 0")
    assert page.inner_text("#invite .address") == URL
    server.drop()
    wait_until(lambda: len(server.heard) == 2 and bool(server.heard[1].of("hello")), "the way back", page)
    assert page.locator("#invite img").count() == 1


def test_a_microphone_can_be_chosen_and_is_remembered(open_page: Opener, server: Any) -> None:
    page = open_page(init=ASKED)
    start(page)
    page.wait_for_selector("#microphone-field:not([hidden])")
    assert page.is_disabled("#microphone")
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
    names = page.locator("#microphone option").all_inner_texts()
    assert len(names) > 2
    assert all(names)
    page.select_option("#microphone", index=2)
    wanted = page.input_value("#microphone")
    start(page)
    assert page.evaluate("asked") == ["", wanted]
    page.reload()
    page.wait_for_selector("#microphone-field:not([hidden])")
    assert page.input_value("#microphone") == wanted


def test_a_page_that_is_not_secure_leads_to_the_one_that_is(open_page: Opener, server: Any) -> None:
    server.info = server.info | {"secure_url": "https://192.168.1.20:8766/"}
    page = open_page(
        "?room=hall#t=secret", init="Object.defineProperty(globalThis, 'isSecureContext', {value: false});"
    )
    page.wait_for_selector("#secure:not([hidden])")
    assert page.get_attribute("#secure-link", "href") == "https://192.168.1.20:8766/?room=hall#t=secret"


def test_sessions_of_one_room_stand_in_order(open_page: Opener, server: Any) -> None:
    page = open_page()
    start(page)
    say(server, transcript(1, "Uno.", segment=3, final=True))
    server.session = "session-2"
    server.drop()
    wait_until(lambda: len(server.heard) == 2 and bool(server.heard[1].of("hello")), "the next session", page)
    say(server, transcript(1, "Dos.", segment=4, final=True))
    say(server, translation(1, "One.", segment=3, final=True))
    wait_for_text(page, "en", ["One."])
    wait_for_text(page, "spoken", ["Uno.", "Dos."])
    assert page.locator("#rows > .row").first.locator(".cell:visible").all_inner_texts() == ["Uno.", "One."]


def test_muting_by_the_operator_is_told_in_words(open_page: Opener, server: Any) -> None:
    page = open_page(locale="de-DE")
    start(page)
    server.say("notice", code="muted", message="muted by the operator", retryable=False)
    page.wait_for_selector("#notice:not([hidden])")
    assert "stummgeschaltet" in page.inner_text("#notice")
    server.say("notice", code="unmuted", message="unmuted", retryable=False)
    page.wait_for_selector("#notice", state="hidden")
