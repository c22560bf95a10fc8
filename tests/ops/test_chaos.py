"""Chaos: somebody speaks, somebody reads, and something breaks. Nothing committed may be lost.

``pytest tests/ops/test_chaos.py -s`` prints what a listener saw of each, as in docs/OPERATION.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ops.house import RATE_HZ, House, Person, environment, errors_in, said_by, sound_of, wait_for
from translate.registry import default_registry
from translate.registry.folders import LOCK_NAME, FileHash, Lock
from translate.registry.hashing import hash_file

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]
CLIP = "fleurs_en_007"
TINY = ("--model", "whisper-tiny.en")
DAY_S = 86_400


def faketime() -> Path:
    for found in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        return found
    pytest.skip("missing: faketime (apt install faketime)")


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], None]:
    """Sets the wall clock of the service: days from now. The monotonic clock is left alone, as the kernel's is."""
    path = tmp_path_factory.mktemp("clock") / "offset"

    def jump(days: int) -> None:
        path.write_text(f"{days * DAY_S:+d}\n")

    jump(0)
    jump.path = path  # type: ignore[attr-defined]
    return jump


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path_factory.mktemp("disk")
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("needs root, to mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, clock: Any, disk: Path) -> Iterator[House]:
    env = {
        "LD_PRELOAD": str(faketime()), "FAKETIME_TIMESTAMP_FILE": str(clock.path), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    words = [*TINY, "--set", f"transcripts.folder={disk}/transcripts", "--verbose"]
    house = House(tmp_path_factory.mktemp("house"), words, env)
    yield house
    assert house.stop() == 0
    assert "Traceback" not in house.log.read_text()


@pytest.fixture
async def house(running: House) -> Any:
    yield running
    await running.leave()


@pytest.fixture(scope="module")
def told() -> Iterator[Callable[[str, str], None]]:
    """Takes a row of the table that is printed in the end."""
    rows: list[tuple[str, str]] = []
    yield lambda what, seen: rows.append((what, seen))
    for what, seen in rows:
        print(f"\n| {what} | {seen} |", end="")


def fill(ballast: Path) -> None:
    """Take all that is left of a disk."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


def kept_in(disk: Path, room: str) -> list[str]:
    """The text of each transcript of ``room``, on one line and without its times."""
    texts = [re.sub(r"\[[\d:]+\]", "", path.read_text()) for path in disk.glob(f"transcripts/*-{room}-*/en.txt")]
    return [" ".join(text.split()) for text in texts]


@contextlib.contextmanager
def burners(count: int) -> Iterator[None]:
    """Processes that take all the time they get."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for one in started:
            one.kill()
            one.wait()


def check(clips: Any, speaker: Person, listener: Person, times: int = 1) -> str:
    """Both have the same finals, and they say what was said; a few words for the table."""
    assert speaker.socket.close_code == 1000
    assert listener.text() == speaker.text() != ""
    errors = errors_in(" ".join([clips[CLIP].transcript] * times), listener.text())
    assert errors <= 0.3, listener.text()
    return f"every word ({errors * 100:.0f} % of them wrong)"


async def test_engines_killed_twice(house: House, clips, told) -> None:
    def kill(_: Person) -> None:
        house.kill_engines()

    before = house.stats()["restarts"]["engines"]
    speaker, listener = await said_by(house, "kill", sound_of(clips[CLIP].path), {0.3: kill, 0.7: kill})
    seen = check(clips, speaker, listener)
    assert house.stats()["restarts"]["engines"] == before + 2
    assert listener.codes("notice") == []
    assert house.get("readyz")[0] == 200
    told("`kill -9` of the engines' process, twice in one sentence", f"{seen}, a second or two later")


async def test_wall_clock_jumps(house: House, clips, clock, told) -> None:
    years = [house.year()]

    def jump(days: int) -> None:
        clock(days)
        years.append(house.year())

    jumps = {0.3: lambda _: jump(800), 0.6: lambda _: jump(-800)}
    speaker, listener = await said_by(house, "clock", sound_of(clips[CLIP].path), jumps)
    clock(0)
    assert years[2] < years[0] < years[1], "the service has seen the jumps"
    seen = check(clips, speaker, listener)
    stamps = [message["t_ms"] for message in listener.messages if message["type"] == "transcript"]
    assert stamps == sorted(stamps)
    assert 0 <= stamps[0] <= stamps[-1] < 120_000, "the session clock is monotonic"
    delays = [m["marks"]["sent"] - m["marks"]["capture"] for m in listener.messages if m["type"] == "transcript"]
    assert all(-1 <= delay < 120_000 for delay in delays)
    told("wall clock 800 days ahead, then behind", f"{seen}, delays as always")


async def test_full_disk(house: House, clips, disk: Path, told) -> None:
    ballast = disk / "ballast"
    fill(ballast)
    pcm = sound_of(clips[CLIP].path)

    def free(speaker: Person) -> None:
        wait_for(lambda: "transcripts_failed" in speaker.codes("notice"))
        ballast.unlink()

    speaker, listener = await said_by(house, "disk", pcm + bytes(2 * RATE_HZ) + pcm, {0.9: free})
    seen = check(clips, speaker, listener, times=2)
    assert kept_in(disk, "disk") == [listener.text()], "what waited was written when there was room"
    told("disk full from the start of a talk on, freed before its end", f"{seen}; a notice; the transcript is whole")


def tried(*words: str, state: Path) -> tuple[int, list[str]]:
    """Exit status and lines on standard error of a command."""
    ran = subprocess.run(
        [sys.executable, "-m", "translate", *words], env=environment(SOTTOVOCE_STATE=str(state)),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return ran.returncode, ran.stderr.splitlines()


def test_full_disk_for_keys_and_tokens(disk: Path, told) -> None:
    state, ballast = disk / "state", disk / "ballast"
    create = ("token", "create", "--role", "listen")
    lan = ("serve", "--lan", "--port", "0", "--secure-port", "0", *TINY)
    fill(ballast)
    status, (line,) = tried(*lan, state=state)
    assert (status, "no space left" in line) == (2, True), line
    ballast.unlink()
    assert tried(*create, state=state)[0] == 0
    before = {path.name: path.read_bytes() for path in (state / "lan").iterdir()}
    fill(ballast)
    status, (line,) = tried(*create, state=state)
    assert (status, "no space left" in line) == (2, True), line
    ballast.unlink()
    assert {path.name: path.read_bytes() for path in (state / "lan").iterdir()} == before
    told("disk full when keys or tokens are to be written", "status 2, one line; what was there stays whole")


async def test_all_processors_busy(house: House, clips, told) -> None:
    count = 2 * (os.cpu_count() or 1)
    with burners(count):
        speaker, listener = await said_by(house, "busy", sound_of(clips[CLIP].path), {})
    seen = check(clips, speaker, listener)
    told(f"{count} processes that take all they get", f"{seen}, later by what they took")


async def test_another_service_on_the_port(house: House, clips, told) -> None:
    refused: list[subprocess.CompletedProcess[str]] = []

    def second(_: Person) -> None:
        command = [sys.executable, "-m", "translate", "serve", "--port", str(house.port), *TINY]
        refused.append(subprocess.run(command, env=environment(), capture_output=True, text=True, check=False))

    speaker, listener = await said_by(house, "port", sound_of(clips[CLIP].path), {0.2: second})
    seen = check(clips, speaker, listener)
    (other,) = refused
    assert other.returncode == 2
    (line,) = other.stderr.splitlines()
    assert f"port {house.port}" in line
    told("a second service on the same port and cache", f"{seen}; the second ends with status 2 and one line")


class OwnModel:
    """A Whisper with recorded hashes, which may be spoiled."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(default_registry().resolve("whisper-tiny.en").path, folder)
        self.file = folder / "model.bin"
        hashes = {self.file.name: FileHash(hash_file(self.file), self.file.stat().st_size)}
        (folder / LOCK_NAME).write_text(Lock("tiny", "a copy", None, hashes).as_json())
        self.words = ("--model", str(folder))

    def flip(self) -> None:
        """Turn some bits over; done twice, the file is as it was."""
        with self.file.open("r+b") as file:
            file.seek(self.file.stat().st_size // 2)
            bits = file.read(64)
            file.seek(-len(bits), os.SEEK_CUR)
            file.write(bytes(byte ^ 0xFF for byte in bits))

    def refused(self) -> str:
        """What the service says that is started now; it must end with the status of a model that is not right."""
        ran = subprocess.run(
            [sys.executable, "-m", "translate", "serve", "--port", "0", *self.words],
            env=environment(), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert ran.returncode == 3, ran.stderr
        return ran.stderr


async def test_damaged_model(clips, tmp_path: Path, told) -> None:
    model = OwnModel(tmp_path / "model")
    house = House(tmp_path, model.words)

    def spoil(_: Person) -> None:
        model.flip()
        house.kill_engines()

    try:
        pcm = sound_of(clips[CLIP].path)
        speaker, listener = await said_by(house, "model", pcm, {0.8: spoil})
        assert speaker.codes("error") == ["model_damaged"]
        assert "model.bin" in speaker.messages[-1]["message"]
        assert speaker.socket.close_code == 4404
        assert listener.text(), "what was committed before is still there"
        assert house.get("readyz")[0] == 503
        assert "model.bin" in house.stats()["stuck"]
        model.flip()
        speaker, listener = await said_by(house, "again", pcm, {})
        seen = check(clips, speaker, listener)
        assert house.get("readyz")[0] == 200
        model.flip()
        (line,) = (await asyncio.to_thread(model.refused)).splitlines()
    finally:
        house.stop()
        await house.leave()
    assert str(model.file) in line
    told(
        "model damaged, and the engines killed so that they load it",
        "what was committed; the talk ends, with a message",
    )
    told("the model repaired, the same service running on", seen)
    told("model damaged at the start", "no service: status 3, and one line that names the file and the command")
