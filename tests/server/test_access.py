"""A service that other devices can reach: who comes in by which way, on real sockets, and what the pages are told."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from translate.config import Config, Limits, ServerConfig
from translate.errors import StateError
from translate.protocol import Control
from translate.server import AddressError, Server
from translate.server.access.links import qr_for_page, qr_for_terminal


async def fetch(host: str, port: int, path: str, *, trust: ssl.SSLContext | None = None, more: str = "") -> Any:
    """Status, headers and body."""
    reader, writer = await asyncio.open_connection(host, port, ssl=trust)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n{more}\r\n".encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


async def refusal(client: Any, role: str, **hello: Any) -> str:
    """The message with which a client is sent away."""
    await client.say_hello(role, **hello)
    message = await client.next()
    assert (type(message).__name__, message.code) == ("Failure", "not_allowed"), message
    assert await client.closed() == 4401
    return message.message


@pytest.mark.parametrize("role", ["listener", "speaker", "operator"])
async def test_with_its_token_everybody_comes_in_over_https(start_lan, lan_address, role: str) -> None:
    lan = await start_lan()
    client = await lan.client_at(lan_address, secure=True)
    hello = await client.hello(role, token=lan.token(role, "main"))
    assert hello.role == role


async def test_no_token_or_a_wrong_one_and_nobody_comes_in(start_lan, lan_address) -> None:
    lan = await start_lan()

    async def tried(role: str, **hello: Any) -> str:
        return await refusal(await lan.client_at(lan_address, secure=True), role, **hello)

    assert "a token is needed" in await tried("listener")
    assert "not valid" in await tried("listener", token="aaaaaaaa." + "A" * 22)
    assert "for reading, not for speaking" in await tried("speaker", source="en", token=lan.token("listener"))
    assert "for speaking, not for operating" in await tried("operator", token=lan.token("speaker"))
    assert "another room" in await tried("listener", room="hall", token=lan.token("operator", "main"))
    assert "expired" in await tried("listener", token=lan.token("listener", valid_s=-1))
    local = await lan.client()
    assert "a token is needed" in await refusal(local, "listener"), "not even on this machine"
    assert lan.server.stats()["speakers"] == 0


async def test_a_revoked_token_ends_its_connections_and_cannot_be_replayed(start_lan) -> None:
    lan = await start_lan()
    token, kept = lan.token("listener"), lan.token("listener")
    client, other = await lan.client(), await lan.client()
    await client.hello(token=token)
    await other.hello(token=kept)
    operator = await lan.client()
    await operator.hello("operator", token=lan.token("operator"))
    await operator.say(Control(action="revoke", token_id=token.partition(".")[0]))
    assert await client.closed() == 4401
    assert "withdrawn" in await refusal(await lan.client(), "listener", token=token)
    again = await start_lan()  # a restart: another server with the same folder
    assert "withdrawn" in await refusal(await again.client(), "listener", token=token)
    await (await again.client()).hello(token=kept)
    assert other.socket.close_code is None


async def test_over_plain_http_from_elsewhere_only_listeners_come(start_lan, lan_address) -> None:
    lan = await start_lan(plain_listeners=True)
    listener = await lan.client_at(lan_address, secure=False)
    await listener.hello(token=lan.token("listener", "main"))
    speaker = await lan.client_at(lan_address, secure=False)
    told = await refusal(speaker, "speaker", source="en", token=lan.token("speaker"))
    assert f"https://{lan_address}:{lan.secure_port}/" in told
    local = await lan.client_at("127.0.0.1", secure=False)
    await local.hello("speaker", source="en", targets=("de",), token=lan.token("speaker"))
    await local.speak(4)
    assert (await listener.until(lambda m: getattr(m, "final", False))).committed == "w1 w2 w3 w4"


async def test_without_plain_listeners_the_plain_port_is_this_machine_s(start_lan, lan_address) -> None:
    lan = await start_lan()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(lan_address, lan.port)


async def test_links_and_codes_work_and_are_the_same_after_a_restart(start_lan, lan_address) -> None:
    first = await start_lan()
    ports = {"port": first.port, "secure_port": first.secure_port}
    before = await first.server.network.start_links()
    await first.server.stop()
    again = await start_lan(**ports)
    assert await again.server.network.start_links() == before
    roles = {"speaker": before.speak.url, "listener": before.listen.url, "operator": before.operate}
    for role, url in roles.items():
        address, token = urllib.parse.urlsplit(url), urllib.parse.urlsplit(url).fragment.removeprefix("t=")
        client = await again.client_at(address.hostname, secure=address.scheme == "https")
        await client.hello(role, token=token)
    assert urllib.parse.urlsplit(before.here).hostname == "127.0.0.1"
    assert urllib.parse.urlsplit(before.listen.url)[:3] == ("https", f"{lan_address}:{again.secure_port}", "/listen")
    assert before.listen.url not in repr(before)


def test_a_decoder_reads_the_codes() -> None:
    zxingcpp = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed")
    import numpy as np

    url = "https://192.168.100.123:8766/listen?room=hall.2#t=abcdefgh.0123456789012345678901"
    text = qr_for_terminal(url, 80)
    rows = [line.removeprefix("\x1b[38;5;16;48;5;231m").removesuffix("\x1b[0m") for line in text.splitlines()]
    dark = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    cells = np.array([[dark[block][half] for block in row] for row in rows for half in (0, 1)])
    image = np.kron(255 - 255 * cells, np.ones((4, 4))).astype(np.uint8)
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [url]
    assert not image[:16].min() < 255, "a white border"
    assert qr_for_terminal(url, len(rows[0]) - 1) is None
    assert qr_for_page(url).startswith("data:image/svg+xml")


async def test_pages_by_name_and_by_view(start_lan, web: Path) -> None:
    for name in ("listen", "kiosk", "operate", "talk", "install"):
        (web / f"{name}.html").write_text(name)
    lan = await start_lan()
    for name in ("listen", "kiosk", "operate", "talk", "install"):
        for path in (f"/{name}", f"/{name}?room=hall&to=de,en", f"/?view={name}", f"/index.html?room=a&view={name}"):
            assert (await fetch("localhost", lan.secure_port, path, trust=lan.trust))[2] == name.encode()
    page = (web / "index.html").read_bytes()
    for path in ("/", "/speak", "/?view=speak", "/?view=../../etc/passwd", "/?view=", "/?" + "view=x&" * 500):
        assert (await fetch("127.0.0.1", lan.port, path))[2] == page
    assert (await fetch("127.0.0.1", lan.port, "/listen/"))[0] == 404
    assert (await fetch("127.0.0.1", lan.port, "/listen.html/../../state/lan/token.key"))[0] == 404


async def test_what_pages_are_told_about_the_service(start_lan, start, lan_address) -> None:
    lan = await start_lan(name="Saint Mary's")
    for host, port, trust in ((lan_address, lan.secure_port, lan.trust), ("127.0.0.1", lan.port, None)):
        status, headers, body = await fetch(host, port, "/info", trust=trust)
        info = json.loads(body)
        assert (status, headers["content-type"]) == (200, "application/json")
        assert info["secure_url"] == f"https://{lan_address}:{lan.secure_port}/"
        assert (info["name"], info["has_authority"], info["tokens"]) == ("Saint Mary's", True, True)
        assert "strict-transport-security" not in headers, "other services have the same host name"
    alone = await start()
    info = json.loads((await fetch("127.0.0.1", alone.port, "/info"))[2])
    assert (info["has_authority"], info["tokens"], "secure_url" in info) == (False, False, False)
    assert (await fetch("127.0.0.1", alone.port, "/authority.crt"))[0] == 404


async def test_a_speaker_can_invite_before_the_talk_and_nobody_else(start_lan, start, lan_address) -> None:
    lan = await start_lan(plain_listeners=True)

    async def asked(token: str | None, room: str = "hall", port: int = lan.secure_port, trust: Any = lan.trust) -> Any:
        more = "" if token is None else f"Authorization: Bearer {token}\r\n"
        status, _, body = await fetch(lan_address, port, f"/invite?room={room}", trust=trust, more=more)
        return status, json.loads(body) if status == 200 else body.decode()

    status, answer = await asked(lan.token("speaker", "hall"))
    assert status == 200
    assert answer["invite"]["qr"] == qr_for_page(answer["invite"]["url"])
    url = urllib.parse.urlsplit(answer["invite"]["url"])
    token = urllib.parse.parse_qs(url.fragment)["t"][0]
    listener = await lan.client_at(lan_address, secure=True)
    assert (await listener.hello("listener", room="hall", token=token)).role == "listener"
    assert "a token is needed" in (await asked(None))[1]
    assert (await asked(lan.token("speaker", "hall"), port=lan.port, trust=None))[0] == 401, "not over plain HTTP"
    for role, room in (("listener", "hall"), ("speaker", "other")):
        assert (await asked(lan.token(role, room)))[0] == 401
    for room in ("..%2Fetc", "%00", "a%20b", "x" * 65, "y" * 2000):
        assert (await asked(lan.token("speaker", "hall"), room))[0] == 400
    wrong = [(await asked("aaaaaaaa." + "A" * 22))[0] for _ in range(40)]
    assert (wrong[0], wrong[-1]) == (401, 429)
    alone = await start()
    assert (await fetch("127.0.0.1", alone.port, "/invite?room=hall"))[2] == b"{}"


async def test_the_authority_s_certificate_is_there_to_install(start_lan) -> None:
    lan = await start_lan()
    status, headers, body = await fetch("127.0.0.1", lan.port, "/authority.crt")
    assert (status, headers["content-type"]) == (200, "application/x-x509-ca-cert")
    trust = ssl.create_default_context(cadata=body)
    _, headers, profile = await fetch("localhost", lan.secure_port, "/authority.mobileconfig", trust=trust)
    assert headers["content-type"] == "application/x-apple-aspen-config"
    assert b"com.apple.security.root" in profile


@pytest.mark.parametrize("path", ["/stats", "/metrics"])
async def test_statistics_are_for_this_machine_and_for_operators(start_lan, lan_address, path: str) -> None:
    lan = await start_lan(plain_listeners=True)
    assert (await fetch("127.0.0.1", lan.port, path))[0] == 200
    for more in ("", f"Authorization: Bearer {lan.token('speaker')}\r\n", "Authorization: Basic YTpi\r\n",
                 "Authorization: Bearer\r\n"):  # fmt: skip
        status, headers, _ = await fetch(lan_address, lan.secure_port, path, trust=lan.trust, more=more)
        assert (status, headers["www-authenticate"]) == (401, "bearer")
    bearer = f"Authorization: Bearer {lan.token('operator')}\r\n"
    assert (await fetch(lan_address, lan.secure_port, path, trust=lan.trust, more=bearer))[0] == 200
    assert (await fetch(lan_address, lan.port, path, more=bearer))[0] == 401, "a token in clear text is none"


async def test_pages_of_other_origins_are_kept_out(start_lan, lan_address) -> None:
    lan = await start_lan()
    own = f"https://{lan_address}:{lan.secure_port}"
    await (await lan.client_at(lan_address, secure=True, origin=own)).hello(token=lan.token("listener"))
    for origin in ("https://evil.example", f"https://{lan_address}:1", f"http://{lan_address}", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            await lan.client_at(lan_address, secure=True, origin=origin)
    with pytest.raises(InvalidStatus, match="403"):
        await lan.client_at("127.0.0.1", secure=False, origin="http://localhost:3000")


async def test_the_wrong_protocol_on_a_port_hurts_nobody(start_lan) -> None:
    lan = await start_lan()
    reader, writer = await asyncio.open_connection("127.0.0.1", lan.secure_port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(5):
        assert b"200" not in await reader.read()
    writer.close()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await fetch("127.0.0.1", lan.port, "/", trust=lan.trust)
    for port, trust in ((lan.port, None), (lan.secure_port, lan.trust)):
        assert (await fetch("localhost", port, "/healthz", trust=trust))[0] == 200


async def test_handshakes_that_are_not_finished_give_way(start_lan) -> None:
    lan = await start_lan(limits=Limits(resume_ms=0, hello_ms=1000, unfinished=8, unfinished_per_address=4))
    idle = [await asyncio.open_connection("127.0.0.1", lan.secure_port, local_addr=("127.0.0.2", 0)) for _ in range(20)]
    client = await lan.client_at("localhost", secure=True)
    await client.hello(token=lan.token("listener"))
    async with asyncio.timeout(5):
        assert [await reader.read() for reader, _ in idle] == [b""] * 20
        while lan.server.network.waiting:  # noqa: ASYNC110  # the server has nothing to wait for
            await asyncio.sleep(0.01)
    for _, writer in idle:
        writer.close()


async def test_no_token_is_logged(start_lan, caplog) -> None:
    caplog.set_level(logging.DEBUG, logger="translate")
    lan = await start_lan()
    good, bad = lan.token("listener"), lan.token("listener", valid_s=-1)
    await (await lan.client()).hello(token=good)
    await refusal(await lan.client(), "listener", token=bad)
    bearer = f"Authorization: Bearer {lan.token('operator')}\r\n"
    await fetch("localhost", lan.secure_port, "/stats", trust=lan.trust, more=bearer)
    said = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("websockets.client"))
    assert bad.partition(".")[0] in said, "what was refused can be told by its name"
    for secret in (good, bad, bearer.split()[-1]):
        assert secret.partition(".")[2] not in said


async def test_a_port_in_use_is_one_clear_line_and_leaves_nothing_open(start_lan, backend, web) -> None:
    lan = await start_lan()
    taken = ServerConfig(port=0, secure_port=lan.secure_port, lan=True, announce=False)
    with pytest.raises(AddressError, match=f"port {lan.secure_port} on all addresses is in use"):
        await Server(Config(server=taken), backend, web=web).start()


async def test_one_port_for_both_is_one_clear_line(backend, web, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    both = ServerConfig(port=port, secure_port=port, lan=True, announce=False)
    with pytest.raises(AddressError, match=f"port {port} on all addresses is in use"):
        await Server(Config(server=both), backend, web=web).start()
    with socket.create_server(("127.0.0.1", port)):
        pass  # nothing was left open


def test_a_state_folder_that_cannot_be_used_is_one_clear_line(backend, web, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path / "file"))
    with pytest.raises(StateError, match="set SOTTOVOCE_STATE to a folder of your own") as refused:
        Server(Config(server=ServerConfig(lan=True)), backend, web=web)
    assert "\n" not in str(refused.value)


async def test_an_open_port_without_lan_asks_for_tokens_too(start_lan, lan_address) -> None:
    exposed = await start_lan(lan=False, host=lan_address)
    client = await exposed.client_at(lan_address, secure=False)
    assert "a token is needed" in await refusal(client, "listener")
    links = await exposed.server.network.start_links()
    assert links.speak is None
    token = links.listen.url.partition("#t=")[2]
    await (await exposed.client_at(lan_address, secure=False)).hello(token=token)
