"""What the speaker's page says when it cannot begin."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.helpers import Opener

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.mark.parametrize(
    ("code", "said"),
    [(1013, "no place for another speaker"), (4404, "not installed"), (4409, "Somebody else is speaking")],
)
def test_refusals_are_told_in_words(open_page: Opener, server: Any, code: int, said: str) -> None:
    server.refuse = (code, "the server's own sentence")
    page = open_page()
    page.click("#toggle")
    page.wait_for_selector("#problem:not([hidden])")
    text = page.inner_text("#problem")
    assert said in text
    assert "the server's own sentence" in text
    page.wait_for_selector('#state[data-state="idle"]')
    page.click("#problem-close")
    assert not page.is_visible("#problem")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NotAllowedError", "blocked for this page"),
        ("NotFoundError", "No microphone"),
        ("NotReadableError", "Another program"),
    ],
)
def test_microphone_problems_are_told_in_words(open_page: Opener, server: Any, name: str, said: str) -> None:
    page = open_page(
        init=f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{name}'));"
    )
    page.click("#toggle")
    page.wait_for_selector("#problem:not([hidden])")
    assert said in page.inner_text("#problem")
    assert page.inner_text("#toggle") == "Start"
    assert server.heard == []


def test_an_insecure_page_says_where_to_go(open_page: Opener) -> None:
    page = open_page(init="Object.defineProperty(globalThis, 'isSecureContext', {value: false});")
    page.click("#toggle")
    page.wait_for_selector("#problem:not([hidden])")
    assert "http://localhost" in page.inner_text("#problem")
