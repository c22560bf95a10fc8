"""The service towards systemd: messages on a real socket, the watchdog, and settings read again."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.loop_turns import loop_turns
from translate import logs
from translate.config import Config, LogConfig, load_config
from translate.errors import ConfigError, SottovoceError
from translate.server.metrics.metrics import Load
from translate.service import duty
from translate.service.duty import Reloader, on_duty, watch
from translate.service.notify import Notifier, watchdog_interval_s
from translate.service.serve import serve


class Manager:
    """Listens as systemd does."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    async def next(self) -> list[str]:
        async with asyncio.timeout(10):
            return (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode().splitlines()

    def is_quiet(self) -> bool:
        try:
            self._socket.recv(4096, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
async def manager(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Manager, Notifier]]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@sv-test-{os.getpid()}"
    listening = Manager(address)
    yield listening, Notifier.from_environment({"NOTIFY_SOCKET": address})
    listening.close()


class FakeServer:
    """What stands still is what a test says."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        self.configs: list[Config] = []

    def stuck(self) -> str | None:
        return self.trouble

    def load(self) -> Load:
        return Load(sessions=1, connections={"listener": 2, "speaker": 1})

    def reconfigure(self, config: Config) -> None:
        self.configs.append(config)


async def test_pings_stop_while_something_is_stuck_and_go_on_after(
    manager: Any, caplog: pytest.LogCaptureFixture
) -> None:
    systemd, notifier = manager
    served = FakeServer()
    turn, asked = asyncio.Semaphore(0), []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await turn.acquire()

    watching = asyncio.create_task(watch(served, notifier, 7.5, sleep))
    alive = ["WATCHDOG=1", "STATUS=1 session, 2 listeners"]
    assert await systemd.next() == alive
    turn.release()
    assert await systemd.next() == alive
    served.trouble = "session 12 has stood still\nfor 61 s"
    for _ in range(2):
        turn.release()
        assert await systemd.next() == ["STATUS=session 12 has stood still for 61 s"]
    served.trouble = None
    turn.release()
    assert await systemd.next() == alive
    watching.cancel()
    assert set(asked) == {7.5}
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"], "told once, and when it was over"


async def test_systemd_hears_of_the_start_a_reload_and_the_end(
    manager: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(duty, "_is_terminal", lambda _: False)
    systemd, notifier = manager
    served, others = FakeServer(), []
    read = Config(
        limits=dataclasses.replace(Config().limits, sessions=9), server=dataclasses.replace(Config().server, port=1)
    )
    async with on_duty(served, Config(), read=lambda: read, take=(others.append,), notifier=notifier):
        assert (await systemd.next())[0] == "READY=1"
        os.kill(os.getpid(), signal.SIGHUP)
        reloading = await systemd.next()
        assert reloading[0] == "RELOADING=1"
        assert reloading[1].startswith("MONOTONIC_USEC=")
        assert (await systemd.next())[0] == "READY=1"
    assert await systemd.next() == ["STOPPING=1"]
    assert systemd.is_quiet()
    assert served.configs == others
    assert [(config.limits.sessions, config.server.port) for config in others] == [(9, Config().server.port)]
    assert sorted(record.getMessage() for record in caplog.records) == [
        f"setting limits.sessions: {Config().limits.sessions} -> 9 (in force)",
        f"setting server.port: {Config().server.port} -> 1 (needs a restart)",
    ]


async def test_settings_on_a_slow_disk_do_not_hold_up_the_loop(
    manager: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(duty, "_is_terminal", lambda _: False)
    systemd, notifier = manager
    reads: list[int] = []

    def read() -> Config:
        time.sleep(0.08)
        reads.append(len(reads) + 1)
        if len(reads) == 1:
            raise RuntimeError("no settings")
        return Config(limits=dataclasses.replace(Config().limits, sessions=len(reads)))

    served = FakeServer()
    async with on_duty(served, Config(), read=read, notifier=notifier):
        await systemd.next()
        async with loop_turns():
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGHUP)
                await asyncio.sleep(0)
                assert (await systemd.next())[0] == "RELOADING=1"
                assert (await systemd.next())[0] == "READY=1", "also after a failure"
    assert [config.limits.sessions for config in served.configs] == [2]
    assert "settings could not be read again" in caplog.text


def test_bad_settings_change_nothing(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[limits]\nsessions = -1\n")
    taken: list[Config] = []
    reloader = Reloader(Config(), lambda: load_config(path, environment={}), (taken.append,))
    assert not reloader.reload()
    assert taken == []
    assert "config.toml:2: limits.sessions must be" in caplog.text
    path.write_text("[limits]\nsessions = 2\n")
    assert reloader.reload()
    assert taken[0].limits.sessions == 2


def test_log_settings_are_taken_over_at_once() -> None:
    root, own = logging.getLogger(), logging.getLogger("translate")
    before = (list(root.handlers), root.level, own.level)
    try:
        read = Config(log=LogConfig(level="debug"))
        assert Reloader(Config(), lambda: read, ()).reload()
        assert own.level == logging.DEBUG
        assert root.level == logging.WARNING, "libraries are not asked for more"
    finally:
        root.handlers[:], root.level = before[0], before[1]
        own.setLevel(before[2])


@pytest.mark.parametrize(
    ("environment", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
    ],
)
def test_the_watchdogs_patience_is_halved(environment: dict[str, str], interval_s: float | None) -> None:
    assert watchdog_interval_s(environment) == interval_s


def test_nobody_listening_is_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier("").ready("")
    assert caplog.records == []
    Notifier(str(tmp_path / "none")).ready("")
    assert "cannot tell the service manager" in caplog.text


def logged(form: str, stream: StringIO) -> logging.Logger:
    logs.configure(LogConfig(level="info", format=form), stream)
    return logging.getLogger("translate.test")


@pytest.fixture
def loggers() -> Any:
    root, own = logging.getLogger(), logging.getLogger("translate")
    before = (list(root.handlers), root.level, own.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])


async def test_a_json_log_says_which_session_and_nothing_of_libraries(loggers: Any) -> None:
    stream = StringIO()
    log = logged("auto", stream)  # not a terminal
    with logs.bound(room="main"):
        with logs.bound(session="5f0c"):
            task = asyncio.create_task(asyncio.to_thread(log.warning, "slow %d", 3))
        log.info("two\nlines")
    await task
    logging.getLogger("websockets.client").debug("< TEXT 'what was said'")
    logging.getLogger("websockets.client").info("connection open")
    try:
        raise ConfigError("bad")
    except ConfigError:
        log.exception("failed")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["two\nlines", "slow 3", "failed"]
    assert lines[0]["room"] == "main"
    assert "session" not in lines[0]
    assert (lines[1]["level"], lines[1]["room"], lines[1]["session"]) == ("warning", "main", "5f0c")
    assert "room" not in lines[2]
    assert "ConfigError: bad" in lines[2]["exception"]
    assert all(line["time"].endswith("Z") for line in lines)


def test_a_text_log_has_the_same_in_words(loggers: Any) -> None:
    stream = StringIO()
    log = logged("text", stream)
    with logs.bound(session="5f0c"):
        log.warning("slow")
    logged("text", stream)  # again: not twice
    log.debug("no")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("WARNING translate.test: slow session=5f0c")


async def test_a_service_whose_terminal_is_closed_stops_as_at_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class OneServer(FakeServer):
        def __init__(self, *_: object, **__: object) -> None:
            super().__init__()
            self.network = SimpleNamespace(start_links=self.start_links)

        async def start_links(self) -> None:
            return None

        async def start(self) -> None:
            done.append("started")

        async def stop(self) -> None:
            os.kill(os.getpid(), signal.SIGHUP)  # the shell's
            await asyncio.sleep(0.01)
            done.append("stopped")

    monkeypatch.setattr(duty, "_is_terminal", lambda _: True)
    monkeypatch.setattr("translate.service.serve.Server", OneServer)
    async with asyncio.timeout(5):
        await serve(Config(), cast(Any, None), ready=lambda *_: os.kill(os.getpid(), signal.SIGHUP))
    assert done == ["started", "stopped"]
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_log_has_the_place_of_an_unforeseen_error_and_not_what_it_says(form: str) -> None:
    stream = StringIO()
    logs.configure(LogConfig(level="info", format=form), stream)
    log = logging.getLogger("translate.test")
    said = " ".join(["what", "somebody", "said"])
    try:
        try:
            raise KeyError(said)
        except KeyError as error:
            raise SottovoceError("an engine failed") from error
    except SottovoceError:
        log.exception("a session failed")
    text = stream.getvalue()
    assert said not in text
    for part in ("a session failed", "KeyError", "SottovoceError: an engine failed", "test_duty.py"):
        assert part in text
