"""The operator's page in real Chromium."""

from __future__ import annotations

from typing import Any

import pytest
import segno

from tests.web.helpers import Opener, Page, wait_in_page, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

URL = "https://192.168.1.20:8766/listen?room=hall#t=bDpt.Q2Zr"
STAGES = {"receive": 12, "vad": 3, "asr_wait": 60, "asr": 210, "mt_wait": 5, "mt": 140, "send": 2, "paint": 28}
COST = {
    "speech_s": 754.2, "cpu_s_per_hour": 1800, "wh_per_hour": 5.0, "is_measured": False, "languages": 2,
    "elsewhere": [
        {"name": "<b>Cloud</b>", "currency": "EUR", "per_hour": 2.5, "translates": True},
        {"name": "Ears", "currency": "EUR", "per_hour": 0.25, "translates": False},
    ],
}  # fmt: skip
SERVER = {"sessions": 1, "connections": 7, "uptime_s": 3_725.0, "rss_bytes": 500 * 2**20}


def room(name: str, **more: Any) -> dict[str, Any]:
    stages = {stage: {"p50": ms, "p95": 2 * ms} for stage, ms in STAGES.items()}
    latency = {"capture_sent_ms": {"p50": 840, "p95": 1410}, "stages": stages}
    latency["capture_painted_ms"] = {"p50": 872, "p95": 1460}
    told = {"room": name, "source": "es", "speaking": True, "muted": False, "listeners": {"en": 3, "": 1}}
    return told | {"behind_ms": {"asr": 0, "mt.en": 2300}, "latency": latency} | more


def operate(open_page: Opener, server: Any, **options: Any) -> Page:
    page = open_page("operate?room=hall#t=key", ready="#invite-form", **options)
    page.wait_for_selector("#state[data-state=operating]")
    hello = server.heard[-1].of("hello")[0]
    assert (hello["role"], hello["room"], hello["token"]) == ("operator", "hall", "key")
    return page


def controls(server: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in m.items() if k not in ("seq", "t_ms", "type")} for m in server.heard[-1].of("control")]


def test_rooms_listeners_delays(open_page: Opener, server: Any) -> None:
    page = operate(open_page, server)
    quiet = {"room": "empty", "speaking": False, "muted": False, "listeners": {}, "behind_ms": {}, "latency": {}}
    server.say("status", rooms=[room("hall"), quiet], server=SERVER)
    page.wait_for_selector("article[data-room=hall]")
    text = page.inner_text("article[data-room=hall]")
    assert "0.87 s" in text
    for said in ("Speaker connected", "English 3", "As spoken 1", "Spanish", "Translation English 2.30 s", "0.84 s"):
        assert said in text
    rows = page.locator("article[data-room=hall] tbody th").all_inner_texts()
    assert rows[0] == "Microphone → server"
    assert rows[-1] == "Server → screen"
    assert len(rows) == len(STAGES)
    whole = page.inner_text("article[data-room=hall] tfoot")
    assert whole.split("\t") == ["Microphone to screen", "872 ms", "1,460 ms"]
    widths = page.evaluate("[...document.querySelectorAll('.part')].map(e => e.getBoundingClientRect().width)")
    whole = sum(widths)
    assert [width / whole for width in widths] == pytest.approx([ms / 460 for ms in STAGES.values()], abs=0.01)
    assert "Nobody reads" in page.inner_text("article[data-room=empty]")
    assert page.locator("article[data-room=empty] button:enabled").count() == 0
    assert "1:02 h" in page.inner_text("#server")
    server.say("status", rooms=[room("hall", muted=True, conditions=["muted", "device_lost"])], server=SERVER)
    page.wait_for_selector("article[data-room=hall] [data-state=muted]")
    assert (
        page.inner_text("article[data-room=hall] .card-alert") == "The speaker’s microphone is gone. It is waited for."
    )
    server.say("status", rooms=[room("hall")], server=SERVER)
    page.wait_for_selector("article[data-room=hall] .card-alert", state="hidden")
    assert page.locator("article[data-room]").count() == 1


def test_the_cost_of_an_hour_beside_prices_of_others(open_page: Opener, server: Any) -> None:
    page = operate(open_page, server, viewport={"width": 390, "height": 844})
    server.say("status", rooms=[room("hall")], server=SERVER | {"cost": None})
    page.wait_for_selector("article[data-room=hall]")
    assert not page.is_visible("#cost"), "too little was said"
    server.say("status", rooms=[room("hall")], server=SERVER | {"cost": COST})
    page.wait_for_selector("#cost")
    text = page.inner_text("#cost")
    for said in ("1,800 s (0.50 cores busy)", "5.0 Wh (estimated)", "12 min", "2.50 EUR", "0.25 EUR"):
        assert said in text
    assert "Ears (recognition only)" in text
    assert "<b>Cloud</b>" in text, "as text"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.select_option("#ui-language", "de")
    wait_in_page(page, "document.querySelector('#cost').innerText.includes('1.800 s (0,50 Kerne beschäftigt)')")


def test_muting_takes_one_press_and_ending_a_talk_two(open_page: Opener, server: Any) -> None:
    page = operate(open_page, server, viewport={"width": 390, "height": 844})
    server.say("status", rooms=[room("hall")], server=SERVER)
    page.click("text=Mute")
    page.click("text=End the talk")
    server.say("status", rooms=[room("hall", muted=True)], server=SERVER)
    page.wait_for_selector("text=Press again to end")
    page.wait_for_selector("text=Unmute")
    wait_until(lambda: len(controls(server)) == 1, "the muting", page)
    page.click("text=Press again to end")
    page.click("text=Unmute")
    wait_until(lambda: len(controls(server)) == 3, "three actions", page)
    assert controls(server) == [
        {"action": "mute", "room": "hall"},
        {"action": "stop", "room": "hall"},
        {"action": "unmute", "room": "hall"},
    ]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_invitations_are_made_shown_and_revoked(open_page: Opener, server: Any) -> None:
    page = operate(open_page, server)
    page.select_option("#invite-role", "speaker")
    page.click("#invite-form button")
    wait_until(lambda: bool(controls(server)), "the wish", page)
    assert controls(server) == [{"action": "invite", "role": "speaker", "room": "hall", "valid_s": 28800}]
    qr = segno.make(URL).svg_data_uri()
    fields = {"role": "speaker", "room": "hall", "url": URL, "qr": qr, "token_id": "k3v9", "expires_s": 1.8e9}
    server.say("invite", **fields)
    page.wait_for_selector("#invites img")
    wait_in_page(page, "document.querySelector('#invites img').naturalWidth > 0")
    assert URL in page.inner_text("#invites")
    server.say("invite", **fields | {"qr": "https://example.org/track.png", "url": "<b>x</b>"})
    page.wait_for_selector("#invites article:nth-child(2)")
    assert page.locator("#invites img").count() == 1, "a picture from elsewhere is not asked for"
    assert page.locator("#invites b").count() == 0
    page.locator("text=Revoke").last.click()
    wait_until(lambda: len(controls(server)) == 2, "the revocation", page)
    assert controls(server)[1] == {"action": "revoke", "token_id": "k3v9"}
    assert page.locator("#invites img").count() == 0
    server.say("notice", code="no_invite", message="no way in", retryable=False)
    page.wait_for_selector("#notice:not([hidden])")
    assert "--lan" in page.inner_text("#notice")


def test_a_room_name_that_cannot_be_is_refused_by_the_form(open_page: Opener, server: Any) -> None:
    page = operate(open_page, server)
    page.fill("#invite-room", "<script>")
    page.click("#invite-form button")
    page.wait_for_timeout(200)
    assert controls(server) == []
