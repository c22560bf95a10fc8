"""``sottovoce serve`` as a process: it says where it is, answers, and stops when told to."""

from __future__ import annotations

import re
import signal
import socket
import urllib.request

import pytest

pytestmark = pytest.mark.models


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_when_told(start, fast: tuple[str, ...], number: signal.Signals) -> None:
    with start("serve", "--port", "0", *fast[2:]) as process:
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert address, line + process.stderr.read()
        assert int(address[1]) > 0
        assert "whisper-tiny.en" in line
        for path, part in (("healthz", b""), ("", b"<html")):
            with urllib.request.urlopen(address[0] + path, timeout=30) as answer:
                assert answer.status == 200
                assert part in answer.read().lower()
        process.send_signal(number)
        assert process.wait(10) == 0  # three seconds are promised where nothing else runs
        assert process.stderr.read() == ""


def test_a_port_in_use_is_refused_in_one_line(refused, fast: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"port {port}" in refused(2, "serve", "--port", str(port), *fast[2:])


def test_an_address_of_another_machine_is_refused_in_one_line(refused, fast: tuple[str, ...]) -> None:
    assert "192.0.2.1" in refused(2, "serve", "--host", "192.0.2.1", "--port", "0", *fast[2:])
