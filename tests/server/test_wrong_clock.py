"""A wrong system time must not cost the trust of devices: neither a clock without a battery, nor one that was ahead."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from translate.server.tls.certificates import Certificates
from translate.server.tls.machine_names import Names

NOW = datetime(2027, 5, 1, tzinfo=UTC)
UNSET = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)
AHEAD = datetime(2035, 1, 1, tzinfo=UTC)
NAMES = Names("kiosk", "kiosk", (ipaddress.ip_interface("192.168.1.5/24"),))


def certificates(folder: Path, now: datetime) -> Certificates:
    return Certificates(folder / "lan", look=lambda: NAMES, clock=lambda: now)


def shown(folder: Path) -> bytes:
    return (folder / "lan" / "server.pem").read_bytes()


def test_a_clock_that_begins_in_1970_keeps_what_a_good_one_has_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = certificates(tmp_path, NOW)
    certificate = shown(tmp_path)
    assert not caplog.records
    again = certificates(tmp_path, UNSET)
    assert again.authority.fingerprint == good.authority.fingerprint
    assert shown(tmp_path) == certificate, "devices have the right time: to them it is good"
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "1970-01-01" in told
    assert certificates(tmp_path, NOW).authority.fingerprint == good.authority.fingerprint


def test_an_authority_that_a_clock_made_years_ahead_is_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ahead = certificates(tmp_path, AHEAD)
    corrected = certificates(tmp_path, NOW)
    assert corrected.authority.fingerprint != ahead.authority.fingerprint
    assert corrected.authority.certificate.not_valid_before_utc <= NOW
    assert "was made by a clock that was ahead" in caplog.text
    assert certificates(tmp_path, NOW + timedelta(days=1)).authority.fingerprint == corrected.authority.fingerprint


async def test_a_clock_that_was_ahead_for_a_while_costs_a_certificate_and_no_trust(tmp_path: Path) -> None:
    now = NOW
    running = Certificates(tmp_path / "lan", look=lambda: NAMES, clock=lambda: now)
    for now in (NOW + timedelta(days=500), NOW + timedelta(minutes=5)):  # noqa: B007  # the lambda reads it
        await running.refresh()
    assert x509.load_pem_x509_certificate(shown(tmp_path)).not_valid_before_utc <= NOW
    assert certificates(tmp_path, NOW).authority.fingerprint == running.authority.fingerprint
