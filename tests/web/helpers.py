"""What the tests of all pages say and wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Page = Any
Opener = Callable[..., Page]
Message = tuple[str, dict[str, Any]]


def transcript(
    rev: int, committed: str, tail: str = "", *, segment: int = 0, final: bool = False, lang: str = "es", **more: Any
) -> Message:
    fields = {"segment": segment, "rev": rev, "lang": lang, "committed": committed, "tail": tail, "final": final}
    return "transcript", fields | more


def translation(
    rev: int, committed: str, tail: str = "", *, segment: int = 0, lang: str = "en", final: bool = False
) -> Message:
    fields = {"segment": segment, "rev": rev, "lang": lang, "committed": committed, "tail": tail, "final": final}
    return "translation", fields


def say(server: Any, message: Message, to: str | None = None) -> None:
    kind, fields = message
    server.say(kind, to=to, **fields)


def wait_until(true: Callable[[], bool], what: str, page: Page, seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        page.wait_for_timeout(50)


def wait_in_page(page: Page, true: str, arg: Any = None) -> None:
    """Waits for a JavaScript condition; Playwright's own ``wait_for_function`` needs eval, which the policy forbids."""
    wait_until(lambda: bool(page.evaluate(true, arg)), true, page)


def shown(page: Page, column: str, within: str = "#rows") -> list[str]:
    """What a reader sees of a column, row by row."""
    return [text for text in page.locator(f"{within} .cell[data-column={column}]:visible").all_inner_texts() if text]


def wait_for_text(page: Page, column: str, texts: list[str], within: str = "#rows") -> None:
    wait_until(lambda: shown(page, column, within) == texts, f"{texts}, not {shown(page, column, within)}", page)


def start(page: Page, source: str | None = None) -> None:
    """Begins to speak on the speaker's page; ``source``: chosen before."""
    if source is not None:
        page.select_option("#source", source)
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')


def stop(page: Page) -> None:
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')
