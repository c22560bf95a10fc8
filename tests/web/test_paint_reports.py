"""A page reports as painted what is on its screen, and nothing else: the service's figures are made of that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.helpers import Opener, say, transcript, translation, wait_for_text, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.mark.parametrize("path", ["listen?room=hall&to=de", "kiosk?room=hall&to=de"])
def test_what_is_read_in_another_language_is_not_painted(open_page: Opener, server: Any, path: str) -> None:
    server.source = "es"
    page = open_page(path, ready="#state", permissions=[])
    wait_until(lambda: bool(server.heard) and bool(server.heard[-1].of("ping")), "the clock", page)
    sent: list[int] = []
    german = [translation(rev, text, lang="de") for rev, text in ((1, "Guten"), (2, "Guten Tag"))]
    for event in (transcript(1, "Buenos días"), *german):
        say(server, event, to="hall")
        sent.append(server._seq)
    wait_for_text(page, "de", ["Guten Tag"], "main")
    heard = server.heard[-1]
    wait_until(lambda: sent[-1] in [report["event_seq"] for report in heard.of("painted")], "the painting", page)
    assert {report["event_seq"] for report in heard.of("painted")} <= set(sent[1:])
