"""What answers with a redirect gets neither a token nor sound to where it points."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from translate.audio import PushSource
from translate.errors import SottovoceError
from translate.remote import RemoteSpeaker, parse_room
from translate.remote.speaker import Talk
from translate.service.stats import NoServiceError, Stats


class Stranger(BaseHTTPRequestHandler):
    """Takes a note of whoever comes."""

    protocol_version = "HTTP/1.1"
    seen: list[str]

    def do_GET(self) -> None:
        type(self).seen.append(f"{self.path} {dict(self.headers)}")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not on the terminal of the tests."""


class Turncoat(Stranger):
    """Sends whoever comes to the stranger."""

    status: int
    to: str

    def do_GET(self) -> None:
        type(self).seen.append(self.path)
        self.send_response(type(self).status)
        self.send_header("Location", type(self).to + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture(params=[301, 302, 303, 307, 308])
def hosts(request: pytest.FixtureRequest) -> Iterator[tuple[str, type[Turncoat], type[Stranger]]]:
    stranger = type("OneStranger", (Stranger,), {"seen": []})
    with HTTPServer(("127.0.0.1", 0), stranger) as other:
        turncoat = type(
            "OneTurncoat", (Turncoat,),
            {"seen": [], "status": request.param, "to": f"http://localhost:{other.server_port}"},
        )  # fmt: skip
        with HTTPServer(("127.0.0.1", 0), turncoat) as server:
            threads = [threading.Thread(target=one.serve_forever) for one in (other, server)]
            for thread in threads:
                thread.start()
            yield f"http://127.0.0.1:{server.server_port}", turncoat, stranger
            for one in (other, server):
                one.shutdown()
            for thread in threads:
                thread.join()


def test_an_operator_s_token_stays(hosts: tuple[str, type[Turncoat], type[Stranger]]) -> None:
    url, turncoat, stranger = hosts
    with pytest.raises(NoServiceError, match=f"redirects to {turncoat.to}/stats; give that address"):
        Stats(f"{url}/operate#t=secret").ask()
    assert turncoat.seen == ["/stats"]
    assert stranger.seen == []


async def test_a_speaker_s_token_and_sound_stay(hosts: tuple[str, type[Turncoat], type[Stranger]]) -> None:
    url, turncoat, stranger = hosts
    source = PushSource(limit_ms=1000)
    await source.feed(0, np.zeros(1600, "<i2").tobytes())
    turncoat.to = turncoat.to.replace("http:", "ws:")  # the library follows no other
    speaker = RemoteSpeaker(source, parse_room(f"{url}/?room=hall#t=secret"), Talk("en"), tls=None)
    with pytest.raises(SottovoceError, match=f"redirects to {turncoat.to}/ws; give that address"):
        async with asyncio.timeout(20):
            _ = [event async for event in speaker]
    assert len(turncoat.seen) == 1
    assert stranger.seen == []
