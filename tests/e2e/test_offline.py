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


@pytest.mark.skipif(bool(NEEDED), reason=f"missing: {', '.join(NEEDED)} (apt install strace util-linux)")
def test_without_a_network_it_hears_and_tries_to_reach_nobody(clips, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "SOTTOVOCE_ASR"))}
    ran = subprocess.run(
        [*namespace, sys.executable, Path(__file__).with_name("offline_use.py"), clips["fleurs_en_002"].path, trace],
        env=plain | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.split()) > 5, ran.stdout
    calls = trace.read_text("utf-8", "replace").splitlines()
    assert any("listen(" in call for call in calls), "strace saw what the service does"
    assert any("127.0.0.1" in call for call in calls)
    addressed = [call for call in calls if re.search(r"\b(connect|sendto|sendmsg|sendmmsg)\(", call)]
    outward = []
    for call in addressed:
        found = ADDRESS.search(call)
        address = next(filter(None, found.groups()), "") if found else ""
        port = PORT.search(call)
        if (address and address not in ("127.0.0.1", "::1")) or (port and port[1] == "53"):
            outward.append(call)
    assert outward == []
    assert [call for call in calls if re.search(r"nscd|resolve1|avahi", call)] == [], "no name service is asked"
