"""``serve --lan`` and ``token`` as a person meets them: in a terminal, in a pipe, beside a running service."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from translate.cli.token import token as token_command
from translate.server.access.tokens import Tokens
from translate.state import lan_folder

LINK = re.compile(r"https?://[^\s/]+/[a-z]*(?:\?\S+)?#t=[a-z2-7]{8}\.[A-Za-z0-9_-]{22}")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path / "state"


@pytest.fixture
def tokens() -> Callable[..., str]:
    """Runs ``sottovoce token ...``, which must succeed; what it prints."""

    def run(*arguments: str) -> str:
        ran = CliRunner().invoke(token_command, arguments, catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        return ran.output

    return run


@contextmanager
def serving(stdout: int) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ["serve", "--lan", "--port", "0", "--secure-port", "0", "--model", "whisper-tiny.en"]
    more = ["--set", "server.announce=false"]
    process = subprocess.Popen(
        [sys.executable, "-m", "translate", *arguments, *more], stdout=stdout, stderr=subprocess.PIPE
    )
    with process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


@pytest.mark.models
def test_a_terminal_shows_the_links_and_a_code(state: Path) -> None:
    master, slave = pty.openpty()
    read = b""
    with serving(slave) as process:
        os.close(slave)
        with suppress(OSError):  # the other end is closed
            while chunk := os.read(master, 65_536):
                read += chunk
                if b"Scan to listen" in read:
                    process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
    os.close(master)
    said = read.decode()
    links = [urlsplit(link) for link in LINK.findall(said)]
    assert [(link.scheme, link.path) for link in links] == [
        ("http", "/"), ("http", "/operate"), ("https", "/"), ("https", "/listen"),
    ]  # fmt: skip
    assert links[0].hostname == "127.0.0.1"
    assert re.search(r"SHA-256.*\s+(?:[0-9A-F]{2}:){15}[0-9A-F]{2}\s+(?:[0-9A-F]{2}:){15}[0-9A-F]{2}\s", said)
    code = [line for line in said.splitlines() if "█" in line]
    assert len(code) > 10
    assert all("\x1b[38;5;16;48;5;231m" in line and line.rstrip().endswith("\x1b[0m") for line in code)
    assert oct((state / "lan").stat().st_mode)[-3:] == "700"


@pytest.mark.models
def test_a_pipe_gets_no_token(tokens: Callable[..., str]) -> None:
    with serving(subprocess.PIPE) as process:
        line = process.stdout.readline().decode()
        assert re.match(r"Sottovoce is ready at http://127\.0\.0\.1:\d+/ \(recognition: whisper-tiny\.en\)", line)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().decode()
        assert process.stderr.read() == b""
    assert "sottovoce token create" in rest
    assert "#t=" not in line + rest
    for one in json.loads(tokens("list", "--json")):
        assert one["id"] not in line + rest


def test_a_link_is_made_listed_and_withdrawn(tokens: Callable[..., str], state: Path) -> None:
    made = tokens("create", "--role", "speak", "--room", "hall", "--valid", "12h", "--label", "Sunday").strip()
    assert LINK.fullmatch(made), made
    name, _, mac = urlsplit(made).fragment.removeprefix("t=").partition(".")
    assert "?room=hall" in made
    (listed,) = json.loads(tokens("list", "--json"))
    assert listed["expires_s"] - listed["created_s"] == 12 * 3600
    assert (listed["id"], listed["role"], listed["room"], listed["state"]) == (name, "speak", "hall", "good")
    table = tokens("list")
    assert name in table
    assert "Sunday" in table
    assert mac not in table
    assert tokens("revoke", name) == f"{name} revoked\n"
    assert json.loads(tokens("list", "--json"))[0]["state"] == "revoked"
    assert Tokens(state / "lan").find(f"{name}.{mac}").revoked_s is not None


@pytest.mark.parametrize("valid", ["1d", "forever"])
def test_a_kiosk_gets_the_same_link_at_every_start(tokens: Callable[..., str], valid: str) -> None:
    asked = ("create", "--reuse", "--label", "kiosk", "--valid", valid)
    first = tokens(*asked)
    assert tokens(*asked) == first
    assert tokens(*asked, "--role", "speak") != first
    assert tokens("create", "--label", "kiosk", "--valid", valid) != first
    assert len(json.loads(tokens("list", "--json"))) == 3


def test_where_links_lead_is_as_the_settings_say(tokens: Callable[..., str]) -> None:
    shared = ["--set", "server.lan=true", "--set", "server.link_host=captions.lan"]
    assert tokens("create", *shared, "--set", "server.secure_port=443").startswith("https://captions.lan/listen#t=")
    plain = [*shared, "--set", "server.plain_listeners=true"]
    assert tokens("create", *plain).startswith("http://captions.lan:8765/listen#t=")
    assert tokens("create", *plain, "--role", "operate", "--room", "any").startswith(
        "https://captions.lan:8766/operate#t="
    )


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["create", "--role", "king"], "'king' is not one of"),
        (["create", "--room", "../x"], "is not a room name"),
        (["create", "--room", ""], "is not a room name"),
        (["create", "--valid", "0d"], "is not a duration"),
        (["create", "--valid", "-1h"], "is not a duration"),
        (["create", "--valid", "١h"], "is not a duration"),
        (["revoke"], "Missing argument"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_made(arguments: list[str], part: str, state: Path) -> None:
    ran = CliRunner().invoke(token_command, arguments)
    assert ran.exit_code == 2
    assert part in ran.output
    assert not state.exists()


def test_an_unknown_id_is_named() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "translate", "token", "revoke", "nobody\x1b[31m"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "sottovoce: no valid token has the ID 'nobody\\x1b[31m'; see: sottovoce token list\n"


async def test_a_running_service_takes_notice_at_once(start_lan, tokens: Callable[..., str]) -> None:
    lan = await start_lan()
    made = await asyncio.to_thread(tokens, "create")
    secret = urlsplit(made.strip()).fragment.removeprefix("t=")
    await (await lan.client()).hello(token=secret)
    await asyncio.to_thread(tokens, "revoke", secret.partition(".")[0])
    refused = await lan.client()
    await refused.say_hello("listener", token=secret)
    assert (await refused.next()).code == "not_allowed"
    assert lan_folder().is_dir()
