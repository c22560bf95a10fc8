"""A whole room on the real service: a browser's microphone speaks German; phones, a screen and an operator follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PATIENCE_S = 90
PHONE = {"width": 390, "height": 844}
Opener = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, running_service: Any) -> Iterator[Opener]:
    """Opens a page of the service; a console error, a policy violation or another host fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opener(path: str, ready: str, **options: Any) -> Any:
        context = browser.new_context(**{"permissions": ["microphone"], "locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        own = (running_service.url, running_service.url.replace("http", "ws", 1), "blob:", "data:")
        page.on("request", lambda asked: asked.url.startswith(own) or complaints.append(asked.url))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective));"
        )
        page.goto(running_service.url + path)
        page.wait_for_selector(ready, state="attached")
        return page

    yield opener
    for context in contexts:
        context.close()
    cut_by_the_test = "ERR_INTERNET_DISCONNECTED"
    assert [line for line in complaints if cut_by_the_test not in line] == []


def until(page: Any, true: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s for {what}; the page says:\n{page.inner_text('body')}"
        page.wait_for_timeout(100)


def read(page: Any, column: str) -> str:
    """What stands committed in a column, as a reader sees it."""
    return " ".join(page.locator(f".cell[data-column={column}]:visible .committed").all_text_contents()).strip()


def nearly_all(clips: Any) -> int:
    """Words that show that the microphone's clip is through, however they are heard."""
    return len(clips["fleurs_de_004"].transcript.split()) - 3


def test_one_speaks_and_everybody_reads(visit: Opener, clips: Any, words: Any, wer: Any) -> None:
    operator = visit("operate", "#invite-form", viewport=PHONE)
    english = visit("listen?room=hall", "#language option", viewport=PHONE, locale="en-US")
    german = visit("listen?room=hall&to=de", "#language option", viewport=PHONE)
    spoken = visit("listen?room=hall", "#language option", viewport=PHONE, locale="ja-JP")
    kiosk = visit("?view=kiosk&room=hall&to=de,en", ".kiosk-column", viewport={"width": 1280, "height": 720})
    for page in (english, german, spoken, kiosk):
        page.wait_for_selector("#state[data-state=no_speaker]", state="attached")
    speaker = visit("?room=hall", "#targets input", viewport={"width": 1280, "height": 800})
    speaker.select_option("#source", "de")
    speaker.click("#toggle")
    speaker.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')
    until(german, lambda: len(read(german, "de").split()) >= nearly_all(clips), "the last words in German")
    # An operator sees who reads what, without counting; muting is told to the speaker.
    card = operator.locator("article[data-room=hall]")
    until(operator, lambda: "German 2" in card.inner_text(), "the listeners of each language")
    text = card.inner_text()
    assert "English 2" in text, "a phone and the kiosk"
    assert "Speaker connected" in text
    until(operator, lambda: card.locator("tbody th").count() >= 4, "the delays of each stage")
    card.get_by_role("button", name="Mute").click()
    speaker.wait_for_selector("#notice:has-text('muted')")
    english.wait_for_selector("#notice:has-text('muted')")
    # Wi-Fi that drops and comes back.
    sockets: list[Any] = []
    english.on("websocket", lambda socket: sockets.append(socket))
    english.context.set_offline(True)
    english.wait_for_selector("#state[data-state=returning]", state="attached")
    english.context.set_offline(False)
    until(english, lambda: sockets and english.get_attribute("#state", "data-state") == "reading", "the way back")
    card.get_by_role("button", name="End the talk").click()
    card.get_by_role("button", name="Press again").click()
    speaker.wait_for_selector('#state[data-state="idle"]')
    for page in (english, german, spoken, kiosk):
        page.wait_for_selector("#state[data-state=no_speaker]", state="attached")
    # All say the same, and the same as the speaker's own page.
    said = read(speaker, "spoken")
    assert wer(clips["fleurs_de_004"].transcript, said) < 0.4
    until(german, lambda: read(german, "de") == said, f"{said!r}, not {read(german, 'de')!r}")
    until(spoken, lambda: read(spoken, "spoken") == said, f"{said!r}, not {read(spoken, 'spoken')!r}")
    until(kiosk, lambda: read(kiosk, "de") == said, f"{said!r}, not {read(kiosk, 'de')!r}")
    translated = read(speaker, "en")
    assert len(words(translated)) >= 4
    until(english, lambda: read(english, "en") == translated, f"{translated!r}, not {read(english, 'en')!r}")
    assert read(kiosk, "en") == translated
    # Who comes late reads what was said; who reloads reads it again.
    late = visit("listen?room=hall&to=de", "#language option", viewport=PHONE)
    until(late, lambda: read(late, "de") == said, "the whole talk")
    german.reload()
    until(german, lambda: read(german, "de") == said, "the transcript after a reload")


def test_two_people_at_one_device(visit: Opener, clips: Any) -> None:
    page = visit("talk?room=desk&to=de,en", "#near-language option", viewport=PHONE)
    page.click("#near-speak")
    page.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')
    own = "#near-rows .cell[data-column=de].own"
    until(
        page,
        lambda: len(" ".join(page.locator(own).all_inner_texts()).split()) >= nearly_all(clips),
        "the speaker's own words",
    )
    until(page, lambda: page.locator("#far-rows .cell[data-column=en]").count() > 0, "the other person's language")
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
    assert page.locator("#far-rows .cell[data-column=en] .committed").first.inner_text() != ""
