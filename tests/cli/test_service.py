"""``sottovoce service``: units that systemd accepts and rates, in the right place, and gone again."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = ("sottovoce.service", "sottovoce-microphone.service", "sottovoce-display.service")


@pytest.fixture
def installed(run, tmp_path: Path) -> Path:
    ran = run(
        "service", "install", "--root", tmp_path, "--microphone", "--display",
        "--program", "/bin/true", "--options", "--lan",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return tmp_path


def test_files_are_written_told_listed_and_removed(installed: Path, run, refused) -> None:
    folder = installed / "etc/systemd/system"
    assert {path.name for path in folder.iterdir()} == {*UNITS, "sottovoce-again.timer"}
    assert (installed / "etc/sysusers.d/sottovoce.conf").is_file()
    names = installed / "etc/sottovoce/nsswitch.conf"
    assert "\nhosts: files\n" in names.read_text()
    assert names.stat().st_mode & 0o777 == 0o644, "services that are not root read it"
    text = (folder / "sottovoce.service").read_text()
    assert "ExecStart=/bin/true serve --lan\n" in text
    assert "@" not in re.sub(r"@(system-service|privileged)", "", text)
    assert run("service", "status", "--root", installed).stdout.count("installed") == 3
    gone = run("service", "uninstall", "--root", installed)
    assert gone.stdout.count("removed") == 6
    assert [path for path in installed.rglob("*") if path.is_file()] == []
    assert "no service of the system is installed" in refused(1, "service", "uninstall", "--root", installed)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="missing: systemd-analyze (apt install systemd)")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_rates_the_hardening_ok_or_better(installed: Path, name: str) -> None:
    unit = installed / "etc/systemd/system" / name
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+) (\w+)", rated.stdout)
    assert found, rated.stdout
    assert found[2] in ("OK", "SAFE", "PERFECT"), found[0]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="missing: systemd-analyze (apt install systemd)")
@pytest.mark.parametrize("name", ["sottovoce.service", "sottovoce-microphone.service"])
def test_systemd_understands_every_line(installed: Path, name: str) -> None:
    folder = installed / "etc/systemd/system"
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", folder / "sottovoce.service", folder / name],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (checked.returncode, [line for line in checked.stderr.splitlines() if "sottovoce" in line]) == (0, [])


@pytest.mark.parametrize("name", UNITS)
def test_only_local_networks_can_be_reached(installed: Path, name: str) -> None:
    lines = (installed / "etc/systemd/system" / name).read_text().splitlines()
    assert "IPAddressDeny=any" in lines
    (allowed,) = [line.removeprefix("IPAddressAllow=").split() for line in lines if line.startswith("IPAddressAllow=")]
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}
    assert set(allowed) <= {"localhost", "link-local", "multicast", *private}


@pytest.mark.parametrize("name", ["sottovoce.service", "sottovoce-display.service"])
def test_no_resolver_is_asked_wherever_it_listens(installed: Path, name: str) -> None:
    lines = (installed / "etc/systemd/system" / name).read_text().splitlines()
    assert "BindReadOnlyPaths=-/etc/sottovoce/nsswitch.conf:/etc/nsswitch.conf" in lines
    assert any(line.startswith("InaccessiblePaths=-/etc/resolv.conf -/run/systemd/resolve") for line in lines)


@pytest.mark.parametrize("name", UNITS)
def test_what_goes_wrong_is_in_the_journal(installed: Path, name: str) -> None:
    """By default errors go where the output goes, and that is nowhere: links have no place in a journal."""
    lines = (installed / "etc/systemd/system" / name).read_text().splitlines()
    assert {"StandardOutput=null", "StandardError=journal"} <= set(lines)


def test_a_user_has_a_service_of_his_own(run, refused, tmp_path: Path) -> None:
    home = {"HOME": "/home/ada", "XDG_CONFIG_HOME": ""}
    ran = run("service", "install", "--user", "--root", tmp_path, "--program", "/home/ada/sv bin/sottovoce", env=home)
    assert ran.returncode == 0, ran.stderr
    text = (tmp_path / "home/ada/.config/systemd/user/sottovoce.service").read_text()
    assert 'ExecStart="/home/ada/sv bin/sottovoce" serve\n' in text
    assert "DynamicUser" not in text
    assert "--user" in refused(1, "service", "install", "--user", "--display", "--root", tmp_path, "--program", "/x")


def test_what_cannot_work_is_refused_in_one_line(refused, tmp_path: Path) -> None:
    line = refused(1, "service", "install", "--root", tmp_path, "--program", "/home/ada/venv/bin/sottovoce")
    assert "/opt/sottovoce" in line
    (tmp_path / "etc").touch()
    assert f"{tmp_path}/etc" in refused(1, "service", "install", "--root", tmp_path, "--program", "/bin/true")
    if not Path("/run/systemd/system").is_dir():
        assert "systemd does not run this machine" in refused(1, "service", "install", "--program", "/bin/true")
