"""What ``sottovoce doctor`` says that the service could reach."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import translate
from translate.cli.reach import reach

ROOT = Path(translate.__file__).parent.parent
WAYS = ["192.168.7.2", "2001:db8::7"]
DENY = "IPAddressDeny=any\nIPAddressAllow=localhost 10.0.0.0/8\n"


def test_without_a_route_nothing_is_reached(tmp_path: Path) -> None:
    found = reach(tmp_path / "none.service", list)
    assert (found.is_open, found.is_installed, found.is_filtered) == (False, False, False)
    assert str(found) == "local networks only: this machine has no route to any other"


def test_with_a_route_and_no_unit_it_says_what_would_hold_it(tmp_path: Path) -> None:
    found = reach(tmp_path / "none.service", lambda: WAYS)
    assert found.is_open
    assert str(found).startswith("the internet, from 192.168.7.2, 2001:db8::7; it calls nobody")
    assert "service install" in str(found)


def test_the_unit_that_ships_is_a_filter(tmp_path: Path) -> None:
    unit = tmp_path / "sottovoce.service"
    unit.write_bytes((ROOT / "packaging" / "sottovoce.service").read_bytes())
    found = reach(unit, lambda: WAYS)
    assert (found.is_installed, found.is_filtered, found.is_open) == (True, True, False)
    assert "systemd denies sottovoce.service the internet" in str(found)


@pytest.mark.parametrize(
    ("unit", "drop_in", "is_filter"),
    [
        ("ExecStart=/bin/true\n", "", False),
        (DENY, "", True),
        (DENY.replace("=any", " = 0.0.0.0/0 ::/0"), "", True),
        (DENY + "IPAddressAllow=any\n", "", False),
        (DENY + "IPAddressAllow=0.0.0.0/0\n", "", False),
        (DENY + "IPAddressDeny=\n", "", False),
        (DENY, "[Service]\nIPAddressDeny=\n", False),
        (DENY, "[Service]\nIPAddressAllow=any\n", False),
        (DENY, "[Service]\nIPAddressAllow=\n", True),
        ("#IPAddressDeny=any\n", "", False),
        ("[Service]\n", DENY, True),
    ],
)
def test_a_unit_is_a_filter_as_systemd_reads_it(tmp_path: Path, unit: str, drop_in: str, is_filter: bool) -> None:
    path = tmp_path / "sottovoce.service"
    path.write_text(f"[Service]\n{unit}")
    if drop_in:
        path.with_name("sottovoce.service.d").mkdir()
        (path.with_name("sottovoce.service.d") / "own.conf").write_text(drop_in)
    found = reach(path, lambda: WAYS)
    assert found.is_filtered == is_filter
    assert found.is_open != is_filter


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root and unshare")
def test_the_doctor_says_it_in_one_line() -> None:
    ran = subprocess.run(["unshare", "--net", sys.executable, "-m", "translate", "doctor", "--json"], cwd=ROOT,
                         capture_output=True, text=True, check=False, timeout=200)  # fmt: skip
    findings = [one for one in json.loads(ran.stdout)["findings"] if one["topic"] == "reach"]
    assert [one["text"] for one in findings] == ["local networks only: this machine has no route to any other"]
