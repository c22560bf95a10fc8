"""Where links and QR codes lead when a reverse proxy or a name of one's own stands before the service."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest

from translate.config import Config, ServerConfig
from translate.errors import ConfigError, SottovoceError
from translate.remote import trust
from translate.remote.address import parse_room
from translate.server.access.link_address import LinkAddress
from translate.server.access.links import Links
from translate.server.network import Network
from translate.server.tls import discovery
from translate.server.tls.discovery import Announcement
from translate.server.tls.machine_names import Names
from translate.service.screen import start_page
from translate.service.stats import Stats


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


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://example.org/sottovoce/operate#t=T", "https://example.org/sottovoce/stats"),
        ("https://example.org/sottovoce/", "https://example.org/sottovoce/stats"),
        ("http://127.0.0.1:8765/", "http://127.0.0.1:8765/stats"),
        ("127.0.0.1:8765", "http://127.0.0.1:8765/stats"),
        ("http://127.0.0.1:8765/operate?room=a#t=T", "http://127.0.0.1:8765/stats"),
    ],
)
def test_statistics_are_asked_for_under_the_path(url: str, asked: str) -> None:
    assert Stats(url)._request.full_url == asked


def test_a_screen_looks_for_the_service_under_the_path() -> None:
    assert "new URL('healthz', page)" in start_page("https://example.org/sottovoce/kiosk#t=T")


def test_the_authority_of_an_unknown_service_is_asked_for_under_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Connection:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def request(self, _method: str, path: str) -> None:
            asked.append(path)
            raise OSError("that is all")

        def close(self) -> None:
            pass

    monkeypatch.setattr("http.client.HTTPSConnection", Connection)
    for url in ("https://example.org/sottovoce/#t=T", "https://example.org/#t=T"):
        with pytest.raises(SottovoceError, match="cannot reach"):
            trust._authority_of(parse_room(url))
    assert asked == ["/sottovoce/authority.crt", "/authority.crt"]


@pytest.mark.parametrize(
    ("announced", "url"),
    [
        (None, "https://192.168.1.5:8766/"),
        ("https://example.org/sottovoce/", "https://example.org/sottovoce/"),
        ("http://example.org/", "https://192.168.1.5:8766/"),
        ("https://example.org/\x1b[31m", "https://192.168.1.5:8766/"),
        ("https://me@example.org/", "https://192.168.1.5:8766/"),
        (f"https://example.org/{'a' * 200}/", "https://192.168.1.5:8766/"),
    ],
)
def test_an_announcement_names_the_address_of_links(announced: str | None, url: str) -> None:
    names = Names("kiosk", "kiosk", (ipaddress.ip_interface("192.168.1.5/24"),))
    assert discovery._found(Announcement("Kiosk", names, 8766, None, "AB:CD", announced).info()).url == url


def test_pages_behind_the_proxy_may_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path))
    server = ServerConfig(link_host="https://Captions.example.org/sottovoce/", origins=("https://other.example",))
    network = Network(Config(server=server))
    assert network.origins() == ("https://other.example", "https://captions.example.org")
    assert "captions.example.org" in network.hosts()
    assert Network(Config(server=replace(server, link_host="box.lan"))).origins() == server.origins
