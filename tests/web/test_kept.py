"""What a reader's browser keeps, when it is not what this version of the page would have written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.helpers import Opener, say, translation, wait_for_text

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SEAT = {"session": "s", "resume": "r", "last_seq": 1}


@pytest.mark.parametrize(
    "kept",
    [
        {"seat": SEAT, "texts": "text"},
        {"seat": SEAT, "texts": {"logs": ["log-1"], "segments": [{"number": 0, "cells": {"en": "Hello."}}]}},
        {"seat": SEAT, "texts": {"logs": ["log-1"], "segments": [None]}},
    ],
    ids=["no texts", "other cells", "no segment"],
)
def test_a_page_opens_whatever_an_earlier_version_left(open_page: Opener, server: Any, kept: Any) -> None:
    init = "".join(
        f"{storage}.setItem({key!r}, {json.dumps(json.dumps(value))});"
        for storage, key, value in [
            ("sessionStorage", "sottovoce.read.hall", kept),
            ("localStorage", "sottovoce.reading", {"size": "huge", "lane": 7}),
            ("localStorage", "sottovoce.invitation", "x"),
            ("localStorage", "sottovoce.theme", {}),
        ]
    )
    page = open_page("listen?room=hall", init=init, ready="#state[data-state=reading]", locale="en-GB")
    say(server, translation(1, "Hello.", final=True))
    wait_for_text(page, "en", ["Hello."])
