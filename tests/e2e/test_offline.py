"""Nothing calls out: the service without any network, and every call of the kernel that could look up or connect."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import translate

pytestmark = [pytest.mark.models, pytest.mark.slow]

ROOT = Path(translate.__file__).parent.parent
NEEDED = [tool for tool in ("unshare", "strace") if shutil.which(tool) is None]
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
PORT = re.compile(r"sin6?_port=htons\((\d+)\)")


HERE = ("127.0.0.1", "::1")
OWN = "192.168.7.2"
PROBES = ("198.51.100.1", "2001:db8::1")
"""Of networks for examples only (RFC 5737, 3849): the routes are asked which of our addresses would be used to get
there, by connecting a datagram socket, which sends nothing."""
MDNS = ("224.0.0.251", "ff02::fb")


def traced(clip: Path, folder: Path, *how: str) -> list[str]:
    """The network calls of a service that somebody speaks to in a namespace without a route out of it."""
    trace = folder / "trace"
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SOTTOVOCE_ASR"))}
    ran = subprocess.run(
        [*namespace, sys.executable, Path(__file__).with_name("offline_use.py"), clip, trace, *how],
        env=plain | {"PYTHONPATH": str(ROOT), "SOTTOVOCE_STATE": str(folder / "state")},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.split()) > 5, ran.stdout
    calls = trace.read_text("utf-8", "replace").splitlines()
    assert any("listen(" in call for call in calls), "strace saw what the service does"
    assert any("127.0.0.1" in call for call in calls)
    return calls


def addressed(calls: list[str]) -> list[tuple[str, str, str]]:
    """Address, port and call of all that names whom to reach."""
    found = []
    for call in calls:
        if not re.search(r"\b(connect|sendto|sendmsg|sendmmsg)\(", call):
            continue
        address, port = ADDRESS.search(call), PORT.search(call)
        if address or port:
            found.append((next(filter(None, address.groups()), "") if address else "", port[1] if port else "", call))
    return found


@pytest.mark.skipif(bool(NEEDED), reason=f"missing: {', '.join(NEEDED)} (apt install strace util-linux)")
def test_without_a_network_it_hears_and_tries_to_reach_nobody(clips, tmp_path: Path) -> None:
    calls = traced(clips["fleurs_en_007"].path, tmp_path)
    outward = [call for address, port, call in addressed(calls) if (address and address not in HERE) or port == "53"]
    assert outward == []
    assert [call for call in calls if re.search(r"nscd|resolve1|avahi", call)] == [], "no name service is asked"


@pytest.mark.netns
@pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/net/tun").exists(), reason="needs root and /dev/net/tun")
@pytest.mark.skipif(bool(NEEDED), reason=f"missing: {', '.join(NEEDED)} (apt install strace util-linux)")
def test_open_to_its_network_it_tells_that_by_multicast_and_tries_to_reach_nobody(clips, tmp_path: Path) -> None:
    calls = traced(clips["fleurs_en_007"].path, tmp_path, "lan")
    whom = addressed(calls)
    assert any(address == MDNS[0] and port == "5353" for address, port, _ in whom), (
        "it tells the network that it is there"
    )
    assert [call for address, _, call in whom if address not in (*HERE, OWN, *MDNS, *PROBES)] == []
    for call in (call for address, _, call in whom if address in PROBES):
        made = [one for one in calls[: calls.index(call)] if re.search(r" socket\(", one)][-1]
        assert " connect(" in call
        assert "SOCK_DGRAM" in made
    assert [call for address, port, call in whom if address in MDNS and port != "5353"] == []
    assert [call for call in calls if re.search(r"nscd|resolve1|avahi", call)] == [], "no name service is asked"
