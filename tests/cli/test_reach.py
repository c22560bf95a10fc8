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

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
LOCAL = "eth0\t0007A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
DEFAULT = "eth0\t00000000\t0107A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
HALVES = "".join(f"tun0\t{half}\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n" for half in ("00000000", "00000080"))
REJECTED = "eth0\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
DEFAULT_6 = (
    f"{'0' * 32} 00 {'0' * 32} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth1\n"
)
UNREACHABLE_6 = f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n"
ROOT = Path(translate.__file__).parent.parent


@pytest.mark.parametrize(
    ("routes", "routes_6", "ways"),
    [
        (LOCAL, "", ()),
        (LOCAL, UNREACHABLE_6, ()),
        (REJECTED, "", ()),
        (LOCAL + DEFAULT, UNREACHABLE_6, ("eth0",)),
        (LOCAL, DEFAULT_6, ("eth1",)),
        (HALVES, "", ("tun0",)),
        (DEFAULT, DEFAULT_6, ("eth0", "eth1")),
        ("", "", ()),
    ],
)
def test_ways_out_are_the_routes_to_any_address(
    tmp_path: Path, routes: str, routes_6: str, ways: tuple[str, ...]
) -> None:
    (tmp_path / "route").write_text(HEAD + routes)
    (tmp_path / "route6").write_text(routes_6)
    found = reach(tmp_path / "unit", tmp_path / "route", tmp_path / "route6", system="linux")
    assert found.ways_out == ways
    assert found.is_open == bool(ways)
    assert str(found).startswith("the internet, by " if ways else "local networks only")


def test_the_unit_that_ships_is_a_filter_and_one_without_is_told(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(HEAD + DEFAULT)
    unit = tmp_path / "sottovoce.service"
    unit.write_bytes((ROOT / "packaging" / "sottovoce.service").read_bytes())
    shut = reach(unit, tmp_path / "route", tmp_path / "none", system="linux")
    assert (shut.is_installed, shut.is_filtered, shut.is_open) == (True, True, False)
    assert "systemd denies sottovoce.service the internet" in str(shut)
    unit.write_text("[Service]\nExecStart=/usr/bin/sottovoce serve\n")
    wide = reach(unit, tmp_path / "route", tmp_path / "none", system="linux")
    assert (wide.is_installed, wide.is_open) == (True, True)
    assert "no IPAddressDeny=" in str(wide)


def test_another_system_is_not_guessed_about(tmp_path: Path) -> None:
    found = reach(tmp_path / "unit", tmp_path / "route", tmp_path / "route6", system="darwin")
    assert (found.is_known, found.is_open) == (False, True)
    assert str(found).startswith("unknown")


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root and unshare")
def test_the_doctor_says_it_in_one_line() -> None:
    ran = subprocess.run(["unshare", "--net", sys.executable, "-m", "translate", "doctor", "--json"], cwd=ROOT,
                         capture_output=True, text=True, check=False, timeout=200)  # fmt: skip
    findings = [one for one in json.loads(ran.stdout)["findings"] if one["topic"] == "reach"]
    assert [one["text"] for one in findings] == ["local networks only: this machine has no route to any other"]
