"""The service announced by mDNS and found again, over the loopback interface."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import socket
import sys
import warnings
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate import __version__
from translate.server.tls.discovery import SERVICE, Announcement, Announcer, find
from translate.server.tls.machine_names import Names, look

HERE = ["127.0.0.1"]
NAMES = Names("kiosk", "kiosk", (ipaddress.ip_interface("192.168.1.5/24"), ipaddress.ip_interface("fd00::5/64")))
FINGERPRINT = "AB:" * 31 + "CD"
ANNOUNCED = Announcement("Saint Mary's, 2.0", NAMES, 8766, 8765, FINGERPRINT)


async def test_what_is_announced_is_found_until_it_goes() -> None:
    announcer = Announcer(HERE)
    await announcer.announce(ANNOUNCED)
    (found,) = await find(2.5, HERE)
    assert found.name == "Saint Mary's, 2 0", "one label"
    assert (found.host, found.addresses) == ("kiosk.local", ("192.168.1.5", "fd00::5"))
    assert (found.secure_port, found.plain_port, found.version) == (8766, 8765, __version__)
    assert found.authority == FINGERPRINT.replace(":", "").lower()
    assert found.url == "https://192.168.1.5:8766/"
    await announcer.close()
    assert await find(0.5, HERE) == []


async def test_a_changed_address_is_announced() -> None:
    announcer = Announcer(HERE)
    await announcer.announce(ANNOUNCED)
    await announcer.announce(replace(ANNOUNCED, plain_port=None, names=replace(NAMES, interfaces=NAMES.interfaces[1:])))
    (found,) = await find(2.5, HERE)
    assert (found.addresses, found.plain_port, found.url) == (("fd00::5",), None, "https://[fd00::5]:8766/")
    await announcer.close()


async def test_answers_to_single_askers_pass_no_router() -> None:
    announcer = Announcer(HERE)
    await announcer.announce(ANNOUNCED)
    assert announcer._zeroconf is not None
    engine = announcer._zeroconf.zeroconf.engine
    held = [one.transport.get_extra_info("socket") for one in (*engine.senders, *engine.readers)]
    assert held
    for one in held:
        assert one.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 1
        if one.family == socket.AF_INET6:
            assert one.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) == 1
    await announcer.close()


@given(st.text(max_size=200))
def test_any_name_makes_one_label(name: str) -> None:
    info = replace(ANNOUNCED, name=name).info()
    label = info.name.removesuffix(f".{SERVICE}")
    assert "." not in label
    assert label.isprintable()
    assert 0 < len(label.encode()) < 60


async def test_without_a_network_nothing_breaks(caplog: pytest.LogCaptureFixture) -> None:
    announcer = Announcer(["192.0.2.254"])
    with warnings.catch_warnings(action="ignore"):  # zeroconf leaves a socket to the garbage collector
        await announcer.announce(ANNOUNCED)
        gc.collect()
    assert "cannot announce the service" in caplog.text
    await announcer.close()
    await Announcer().announce(replace(ANNOUNCED, names=replace(NAMES, interfaces=())))
    with pytest.raises(OSError, match="no network interface is up"):
        await find(0.2, [])


async def test_the_command_lists_them() -> None:
    announcer = Announcer()  # on the network: the command knows no other place to look
    if not look().addresses:
        pytest.skip("this machine has no network address but loopback")
    await announcer.announce(replace(ANNOUNCED, name="Found by the test", names=look()))
    ran = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "translate", "find", "--json", "--timeout", "2", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await ran.communicate()
    assert "Found by the test" in [one["name"] for one in json.loads(out)]
    await announcer.close()
