"""HTTPS with an authority of one's own: real sockets whose only trusted root it is, and renewal by the test's clock."""

from __future__ import annotations

import asyncio
import ipaddress
import plistlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st
from ifaddr import IP, Adapter

from tests.forgery import forged
from tests.loop_turns import loop_turns
from translate.config import Config, ServerConfig
from translate.errors import ConfigError, StateError
from translate.server.network import Network
from translate.server.tls.authority import CA_DAYS, LEAF_DAYS, Authority
from translate.server.tls.certificates import RENEW, Certificates
from translate.server.tls.lan import Lan
from translate.server.tls.machine_names import Names, look
from translate.server.tls.profile import mobileconfig

START = datetime(2030, 1, 1, tzinfo=UTC)


def names_at(*addresses: str, host: str = "kiosk", full: str = "kiosk") -> Names:
    return Names(host, full, tuple(ipaddress.ip_interface(address) for address in addresses))


class World:
    """A machine whose clock and addresses the test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime.now(UTC)
        self.names = names_at("192.168.1.5/24", "fd00::5/64")

    def certificates(self) -> Certificates:
        return Certificates(self.folder, look=lambda: self.names, clock=lambda: self.now)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "lan")


@asynccontextmanager
async def serving(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def trusting(authority: Authority) -> ssl.SSLContext:
    """A client that trusts nobody else."""
    return ssl.create_default_context(cadata=authority.der)


async def certificate_at(port: int, name: str, trust: ssl.SSLContext) -> x509.Certificate:
    """What the server shows to a client that believes to be at ``name``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=name)
    assert await reader.readline() == b"hello\n"
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return x509.load_der_x509_certificate(shown)


async def test_who_trusts_the_authority_trusts_every_name_and_address(world: World) -> None:
    certificates = world.certificates()
    async with serving(certificates.context) as port:
        for name in ("localhost", "kiosk", "kiosk.local", "127.0.0.1", "192.168.1.5", "fd00::5"):
            shown = await certificate_at(port, name, trusting(certificates.authority))
            assert shown.not_valid_after_utc - shown.not_valid_before_utc <= timedelta(days=90)
        for name in ("192.168.1.6", "kiosk.example.com", "example.com"):
            with pytest.raises(ssl.SSLCertVerificationError):
                await certificate_at(port, name, trusting(certificates.authority))
        with pytest.raises(ssl.SSLCertVerificationError):
            await certificate_at(port, "localhost", ssl.create_default_context())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_refused(world: World, version: ssl.TLSVersion) -> None:
    certificates = world.certificates()
    async with serving(certificates.context) as port:
        old = trusting(certificates.authority)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = version
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await certificate_at(port, "localhost", old)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await certificate_at(port, "localhost", old)


async def test_new_connections_get_a_new_certificate_before_the_old_one_ends(world: World) -> None:
    certificates = world.certificates()
    trust = trusting(certificates.authority)
    async with serving(certificates.context) as port:
        first = await certificate_at(port, "localhost", trust)
        old_reader, old_writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="kiosk")
        world.now = first.not_valid_after_utc - RENEW - timedelta(minutes=1)
        await certificates.refresh()
        assert await certificate_at(port, "localhost", trust) == first, "no sooner than need be"
        world.now += timedelta(minutes=2)
        await certificates.refresh()
        shown = await _shown(port)
        assert shown.not_valid_after_utc > first.not_valid_after_utc + timedelta(days=LEAF_DAYS - RENEW.days - 1)
        assert await old_reader.readline() == b"hello\n", "who is there already goes on"
        old_writer.close()
        await old_writer.wait_closed()


async def addresses_at(port: int) -> list[str]:
    names = (await _shown(port)).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(address) for address in names.get_values_for_type(x509.IPAddress)]


async def _shown(port: int) -> x509.Certificate:
    """What is shown to a client that does not look at dates, as the test's clock is not the system's."""
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    return await certificate_at(port, "localhost", careless)


async def test_a_new_address_is_in_the_certificate_without_a_restart(world: World) -> None:
    certificates = world.certificates()
    trust = trusting(certificates.authority)
    async with serving(certificates.context) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await certificate_at(port, "10.1.2.3", trust)
        world.names = names_at("10.1.2.3/8")
        await certificates.refresh()
        assert await certificate_at(port, "10.1.2.3", trust)
        with pytest.raises(ssl.SSLCertVerificationError):
            await certificate_at(port, "192.168.1.5", trust)


async def test_a_certificate_is_renewed_without_holding_up_the_loop_and_again_after_a_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = world.certificates()
    world.names = names_at("10.1.2.3/8")
    load = ssl.SSLContext.load_cert_chain

    def failing(*_: object) -> None:
        raise OSError("no more descriptors")

    def slowly(context: ssl.SSLContext, *files: Path) -> None:
        time.sleep(0.08)
        load(context, *files)

    async with serving(certificates.context) as port, loop_turns():
        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", failing)
        with pytest.raises(OSError, match="no more descriptors"):
            await certificates.refresh()
        assert await addresses_at(port) == ["127.0.0.1", "::1", "192.168.1.5", "fd00::5"]
        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", slowly)
        await certificates.refresh()
        assert "10.1.2.3" in await addresses_at(port)


async def test_an_unexpected_failure_is_logged_and_does_not_end_the_looks(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def look() -> Names:
        if failures:
            raise failures.pop()
        return world.names

    certificates = world.certificates()
    failures = [ValueError("an adapter without an address")]
    certificates._look = look
    lan = Lan(ServerConfig(lan=True, announce=False), certificates, look_s=0.01)
    lan.start(8766, None)
    world.names = names_at("10.1.2.3/8")
    async with asyncio.timeout(2):
        while lan.link_host != "10.1.2.3":  # noqa: ASYNC110  # nothing to wait for
            await asyncio.sleep(0.01)
    await lan.stop()
    assert "an adapter without an address" in caplog.text


async def test_a_service_that_runs_looks_by_itself(world: World, caplog: pytest.LogCaptureFixture) -> None:
    certificates = world.certificates()
    lan = Lan(ServerConfig(lan=True, announce=False), certificates, look_s=0.01)
    lan.start(8766, None)
    assert lan.link_host == "192.168.1.5"
    (world.folder / "server.pem").unlink()
    world.folder.rename(world.folder.with_name("away"))
    world.folder.write_text("in the way")
    world.names = names_at("10.1.2.3/8")
    async with serving(certificates.context) as port:
        while "the certificate stays as it was" not in caplog.text:  # noqa: ASYNC110  # nothing to wait for
            await asyncio.sleep(0.01)
        assert await certificate_at(port, "192.168.1.5", trusting(certificates.authority)), (
            "it goes on with what it has"
        )
        world.folder.unlink()
        while str(world.names.addresses[0]) not in await addresses_at(port):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await lan.stop()
    assert lan.link_host == "10.1.2.3"


def test_a_restart_changes_nothing(world: World) -> None:
    """Not the authority, which devices trust; not the certificate, which people have told browsers to accept."""
    first = world.certificates()
    before = (world.folder / "server.pem").read_bytes()
    world.now += timedelta(days=LEAF_DAYS - RENEW.days - 2)
    assert world.certificates().authority.fingerprint == first.authority.fingerprint
    assert (world.folder / "server.pem").read_bytes() == before
    world.now += timedelta(days=365)
    assert world.certificates().authority.fingerprint == first.authority.fingerprint
    assert (world.folder / "server.pem").read_bytes() != before


def test_an_authority_about_to_end_is_replaced(world: World, caplog: pytest.LogCaptureFixture) -> None:
    first = world.certificates().authority
    world.now += timedelta(days=CA_DAYS - LEAF_DAYS + 1)
    second = world.certificates().authority
    assert second.fingerprint != first.fingerprint
    assert "devices have to trust the new one" in caplog.text


def test_keys_are_private_and_the_authority_s_is_in_nothing_that_is_sent(world: World) -> None:
    authority = world.certificates().authority
    assert world.folder.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in world.folder.iterdir()} == {
        "authority.pem": 0o600, "server.pem": 0o600,
    }  # fmt: skip
    key = serialization.load_pem_private_key((world.folder / "authority.pem").read_bytes(), None)
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    for sent in (authority.der, mobileconfig(authority), (world.folder / "server.pem").read_bytes()):
        assert secret not in sent
    (world.folder / "authority.pem").chmod(0o640)
    with pytest.raises(StateError, match=r"authority\.pem may be read by others"):
        world.certificates()


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_authority_is_named_and_a_damaged_certificate_replaced(world: World, content: bytes) -> None:
    world.certificates()
    (world.folder / "server.pem").write_bytes(content)
    assert world.certificates().context
    assert (world.folder / "server.pem").read_bytes() != content
    (world.folder / "authority.pem").write_bytes(content)
    with pytest.raises(StateError, match=r"authority\.pem is damaged; remove it"):
        world.certificates()


async def test_a_stolen_key_cannot_vouch_for_a_public_site(world: World, tmp_path: Path) -> None:
    certificates = world.certificates()
    for name in ("www.example.com", "kiosk.example.com", "8.8.8.8", "2606:4700::1111"):
        path = tmp_path / "forged.pem"
        path.write_bytes(forged(world.folder, name))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        async with serving(context) as port:
            with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
                await certificate_at(port, name, trusting(certificates.authority))


async def test_a_name_that_links_use_is_in_the_certificate(start_lan: Callable) -> None:
    lan = await start_lan(link_host="Captions.church.example")
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", lan.secure_port, ssl=lan.trust, server_hostname="captions.church.example"
    )
    writer.write(b"GET /info HTTP/1.1\r\nHost: captions.church.example\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    assert b" 200 " in answer.splitlines()[0]
    assert b'"secure_url": "https://Captions.church.example:' in answer
    writer.close()


@pytest.mark.parametrize("name", ["a b", "x/y", "-x", "", "ü.local", "a..b", "[::1]"])
def test_a_name_for_links_is_checked(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"server\.link_host"):
        Network(Config(server=ServerConfig(lan=True, link_host=name)))


def test_a_public_address_of_the_machine_may_be_vouched_for_with_its_neighbours_only(tmp_path: Path) -> None:
    authority = Authority.create(names_at("203.0.113.7/16", "2001:db8:1:2::7/48"), START)
    inside = names_at("203.0.113.200/16", "2001:db8:1:2::99/48", "192.168.7.7/24")
    assert authority.vouchable(inside)[1][2:] == inside.addresses
    outside = names_at("203.0.114.1/16", "2001:db8:1:3::1/48", host="other", full="other")
    assert authority.vouchable(outside) == (("localhost",), authority.vouchable(inside)[1][:2])


def test_the_profile_for_apple_devices_carries_the_certificate_and_replaces_itself(world: World) -> None:
    authority = world.certificates().authority
    profile = plistlib.loads(mobileconfig(authority))
    (payload,) = profile["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == authority.der
    assert profile["PayloadType"] == "Configuration"
    assert mobileconfig(authority) == mobileconfig(world.certificates().authority)
    other = plistlib.loads(mobileconfig(Authority.create(world.names, START)))
    assert other["PayloadUUID"] != profile["PayloadUUID"]


def _adapter(name: str, *ips: str) -> Adapter:
    faces = [ipaddress.ip_interface(ip) for ip in ips]
    return Adapter(name, name, [
        IP(str(face.ip) if face.version == 4 else (str(face.ip), 0, 1), face.network.prefixlen, name) for face in faces
    ])  # fmt: skip


def test_links_name_the_address_that_others_reach() -> None:
    adapters = [
        _adapter("lo", "127.0.0.1/8", "::1/128"),
        _adapter("docker0", "172.17.0.1/16"),
        _adapter("eth0", "fe80::1/64", "10.0.0.4/8", "fd00::4/64"),
        _adapter("wlan0", "192.168.1.5/24"),
    ]
    found = look(lambda: adapters, lambda: ["192.168.1.5"])
    assert [str(a) for a in found.addresses] == ["192.168.1.5", "10.0.0.4", "fd00::4", "172.17.0.1"]
    assert found.link_host == "192.168.1.5"
    assert look(lambda: adapters, lambda: ["172.17.0.1"]).link_host == "172.17.0.1"
    assert look(lambda: adapters[:1], list).link_host == "localhost"


@settings(max_examples=25)
@given(st.lists(st.ip_addresses(), max_size=60))
def test_any_addresses_make_a_certificate(addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> None:
    found = look(lambda: [_adapter("eth0", *(f"{a}/{a.max_prefixlen}" for a in addresses))], list)
    assert len(found.addresses) <= 32
    authority = Authority.create(found, START)
    names = authority.issue(found, START).x509.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.IPAddress)) >= set(found.addresses)


async def test_a_phone_on_bad_wifi_gets_the_whole_file(start_lan: Callable, web: Path) -> None:
    """It takes longer for a file than the closing handshake of a WebSocket, or of TLS, is waited for."""
    (web / "big.wav").write_bytes(bytes(800_000))
    lan = await start_lan()

    def fetch_slowly() -> int:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", lan.secure_port))
        with lan.trust.wrap_socket(raw, server_hostname="localhost") as client:
            client.sendall(b"GET /big.wav HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            got = 0
            while chunk := client.recv(8192):
                got += len(chunk)
                time.sleep(0.02)
        return got

    assert await asyncio.to_thread(fetch_slowly) > 800_000
