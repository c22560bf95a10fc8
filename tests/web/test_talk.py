"""The conversation page in real Chromium: one device, and two."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.helpers import Opener, Page, say, shown, transcript, translation, wait_for_text, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def converse(open_page: Opener, server: Any, path: str = "talk?room=desk&to=en,es", **options: Any) -> Page:
    options = {"viewport": {"width": 390, "height": 844}, **options}
    return open_page(path, ready="#near-language option", **options)


def hellos(server: Any, role: str) -> list[dict[str, Any]]:
    return [hello for heard in server.heard for hello in heard.of("hello") if hello["role"] == role]


def test_two_people_at_one_device_each_read_their_own_language(open_page: Opener, server: Any) -> None:
    page = converse(open_page, server)
    page.click("#toggle")
    page.wait_for_selector("#state[data-state=live]")
    hello = hellos(server, "speaker")[0]
    assert hello["room"] == "desk"
    assert (hello["source"], hello["allowed_sources"], hello["targets"]) == ("auto", ["en", "es"], ["en", "es"])
    say(server, transcript(1, "Good morning.", lang="en", final=True))
    say(server, translation(1, "Buenos días.", lang="es", final=True))
    say(server, translation(1, "Good morning.", lang="en", final=True))
    say(server, transcript(1, "Tengo una cita.", segment=1, final=True))
    say(server, translation(1, "I have an appointment.", segment=1, final=True))
    wait_for_text(page, "en", ["Good morning.", "I have an appointment."], "#near-rows")
    wait_for_text(page, "es", ["Buenos días.", "Tengo una cita."], "#far-rows")
    assert page.locator("#near-rows .own").all_inner_texts() == ["Good morning."]
    turned = "getComputedStyle(document.querySelector('#far')).rotate"
    assert page.evaluate(turned) == "180deg"
    page.click("#turn")
    assert page.evaluate(turned) == "none"


def test_a_button_gives_the_word_and_takes_it_back(open_page: Opener, server: Any) -> None:
    page = converse(open_page, server)
    assert page.inner_text("#far-speak") == "Hablo: Español", "in the words of whoever is to press it"
    page.click("#far-speak")
    page.wait_for_selector("#state[data-state=live]")
    assert hellos(server, "speaker")[0]["source"] == "es"
    page.click("#near-speak")
    page.click("#near-speak")
    heard = server.heard[-1]
    wait_until(lambda: len(heard.of("set")) == 2, "two changes", page)
    assert [message["source"] for message in heard.of("set")] == ["en", "auto"]
    assert page.get_attribute("#auto", "aria-pressed") == "true"
    assert page.is_disabled("#near-language")
    page.click("#toggle")
    page.wait_for_selector("#state[data-state=idle]")
    assert page.is_enabled("#near-language")


def test_two_devices_speak_and_listen_crosswise(open_page: Opener, server: Any) -> None:
    first = converse(open_page, server, "talk?room=desk&side=a&to=en")
    second = converse(open_page, server, "talk?room=desk&side=b&to=es", locale="es-ES")
    wait_until(lambda: len(hellos(server, "listener")) == 2, "two listeners", first)
    assert [(h["room"], h["targets"]) for h in hellos(server, "listener")] == [("desk.b", ["en"]), ("desk.a", ["es"])]
    first.click("#toggle")
    first.wait_for_selector("#state[data-state=live]")
    (speaker,) = hellos(server, "speaker")
    assert (speaker["room"], speaker["source"], speaker["targets"]) == ("desk.a", "en", [])
    say(server, transcript(1, "Good morning.", lang="en", final=True), to="desk.a")
    say(server, translation(1, "Buenos días.", lang="es", final=True), to="desk.a")
    say(server, transcript(1, "Tengo una cita.", final=True), to="desk.b")
    say(server, translation(1, "I have an appointment.", final=True), to="desk.b")
    wait_for_text(first, "both", ["Good morning.", "I have an appointment."], "#near-rows")
    wait_for_text(second, "both", ["Buenos días."], "#near-rows")
    first.click("#partner summary")
    link = first.inner_text("#partner .address")
    assert link == f"{server.url}talk?room=desk&side=b"
    assert shown(second, "both", "#near-rows") == ["Buenos días."]
