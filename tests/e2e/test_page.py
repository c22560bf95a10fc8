"""The page in real Chromium, on the real service: a microphone speaks German, a sample speaks Spanish."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PATIENCE_S = 90


def wait_in_page(page: Any, true: str) -> None:
    """Waits for a JavaScript condition; Playwright's own ``wait_for_function`` needs eval, which the policy forbids."""
    end = time.monotonic() + PATIENCE_S
    while not page.evaluate(true):
        assert time.monotonic() < end, f"waited {PATIENCE_S} s for {true}; the page says:\n{page.inner_text('body')}"
        page.wait_for_timeout(100)


def committed(page: Any, selector: str) -> str:
    return " ".join(page.locator(f"{selector} .committed").all_text_contents())


def delays(page: Any) -> list[list[str]]:
    """Rows of every table of the delay panel."""
    return page.evaluate(
        "[...document.querySelectorAll('#latency-lanes tr')].map(row => [...row.cells].map(cell => cell.textContent))"
    )


def test_a_microphone_is_captioned(open_page: Callable[..., Any], clips: Any, words: Any, wer: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.select_option("#source", "de")
    for chosen in page.locator("#targets input:checked").all():
        chosen.evaluate("input => input.click()")  # captions only
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')
    wait_in_page(page, "document.querySelector('.cell.spoken .committed')?.textContent.length > 3")
    assert page.get_attribute("#toggle", "data-phase") == "running", "captions come while it listens"
    # Nearly all words of the clip, however they are heard; the microphone is silent after it.
    most = len(clips["fleurs_de_004"].transcript.split()) - 3
    said = "[...document.querySelectorAll('.cell.spoken .committed')].map(e => e.textContent).join(' ')"
    wait_in_page(page, f"{said}.trim().split(/\\s+/).length >= {most}")
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
    assert wer(clips["fleurs_de_004"].transcript, committed(page, ".cell.spoken")) < 0.4
    assert set("".join(page.locator(".tail").all_text_contents())) == set(), "nothing is left provisional"
    assert page.locator(".cell.spoken").first.get_attribute("lang") == "de"
    wait_in_page(page, "document.querySelectorAll('#latency-lanes table').length === 1")
    stages = {name: (last, median) for name, last, median in delays(page)[1:]}
    assert {"Microphone → server", "Recognition", "Server → this screen", "Microphone to screen"} <= set(stages)
    assert all(figure.endswith("ms") for figures in stages.values() for figure in figures)
    assert page.inner_text("#latency-summary").endswith("s to the screen")
    assert "Höhle" in page.locator("#announcer").text_content(), "a screen reader hears it"


def test_a_sample_is_captioned_and_translated(open_page: Callable[..., Any], clips: Any, words: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    assert page.is_checked("#targets input[value=en]")
    page.click("button[data-sample=es]")
    page.wait_for_selector('#state[data-state="sample"]')
    page.wait_for_selector('#state[data-state="idle"]', timeout=PATIENCE_S * 1000)
    clip = clips["fleurs_es_005"]
    spoken, english = committed(page, ".cell.spoken"), committed(page, ".cell[data-column=en]")
    assert len(words(spoken) & words(clip.transcript)) >= 12, spoken
    assert len(words(english) & words(clip.english)) >= 4, english
    assert page.locator("#headings div").all_inner_texts() == ["Spoken · Spanish", "English"]
    wait_in_page(page, "document.querySelectorAll('#latency-lanes table').length === 2")
    assert "Translation" in [row[0] for row in delays(page)]
    assert page.is_hidden("#problem")


def test_a_hundred_languages_are_found_and_named(open_page: Callable[..., Any]) -> None:
    page = open_page(locale="ca-ES")
    groups = page.evaluate(
        "[...document.querySelectorAll('#source optgroup')].map(g => [g.label, [...g.children].map(o => o.value)])"
    )
    (common, first), (more, rest) = groups
    assert (common, more) == ("Common", "More")
    assert {"en", "es", "de", "ca"} <= set(first)
    assert len(rest) > 60
    assert page.evaluate("document.querySelector('#source').options[0].value") == "auto"
    names = dict(page.evaluate("[...document.querySelectorAll('#source option')].map(o => [o.value, o.textContent])"))
    assert [code for code, name in names.items() if code == name] == [], "languages without a name"
    page.select_option("#ui-language", "de")
    page.wait_for_selector("#source optgroup[label=Häufig]", state="attached")
