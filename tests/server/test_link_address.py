"""Where links and QR codes lead when a reverse proxy or a name of one's own stands before the service."""

from __future__ import annotations

import pytest

from translate.errors import ConfigError
from translate.remote.address import parse_room
from translate.server.access.link_address import LinkAddress
from translate.server.access.links import Links


@pytest.mark.parametrize(
    ("text", "host", "base"),
    [
        ("Captions.Church.example", "Captions.Church.example", None),
        ("192.168.1.5", "192.168.1.5", None),
        ("fd00::2", "fd00::2", None),
        ("captions.example.org:8443", "captions.example.org", "https://captions.example.org:8443/"),
        ("[fd00::2]:8443", "fd00::2", "https://[fd00::2]:8443/"),
        ("https://captions.example.org", "captions.example.org", "https://captions.example.org/"),
        ("https://captions.example.org:443/", "captions.example.org", "https://captions.example.org/"),
        ("https://example.org/sottovoce", "example.org", "https://example.org/sottovoce/"),
        ("http://box.lan:8080/a/b/", "box.lan", "http://box.lan:8080/a/b/"),
    ],
)
def test_a_host_a_port_or_a_url(text: str, host: str, base: str | None) -> None:
    assert LinkAddress.parse(text) == LinkAddress(host, base)


@pytest.mark.parametrize(
    "text",
    [
        "", "two words", "-x.org", "ftp://x.org/", "https://", "x.org:99999", "x.org:0", "x.org/path", "https://a b/",
        "https://x.org/?a=b", "https://x.org/#t", "https://me:secret@x.org/", "https://x.org/../y z", "http://[::1",
    ],
)  # fmt: skip
def test_what_is_none_of_these_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"server\.link_host: .* such as https://"):
        LinkAddress.parse(text)


def test_links_of_everybody_lead_through_the_proxy() -> None:
    links = Links(lambda: "example.org", 8766, 8765, "https://example.org/sottovoce/")
    assert links.url("listener", None, "T") == "https://example.org/sottovoce/listen#t=T"
    assert links.url("speaker", "hall", "T") == "https://example.org/sottovoce/?room=hall#t=T"
    plain = Links(lambda: "box.lan", 8766, 8765, "http://box.lan/")
    assert plain.url("listener", None, "T") == "http://box.lan/listen#t=T"
    assert plain.url("speaker", None, "T") == "https://box.lan:8766/#t=T", "speaking needs HTTPS"


@pytest.mark.parametrize(
    ("link", "websocket"),
    [
        ("https://example.org/sottovoce/?room=hall#t=T", "wss://example.org:443/sottovoce/ws"),
        ("https://example.org/sottovoce/listen#t=T", "wss://example.org:443/sottovoce/ws"),
        ("http://127.0.0.1:8765/#t=T", "ws://127.0.0.1:8765/ws"),
        ("http://127.0.0.1:8765", "ws://127.0.0.1:8765/ws"),
    ],
)
def test_a_remote_speaker_finds_the_service_under_the_path(link: str, websocket: str) -> None:
    assert parse_room(link).websocket == websocket
