"""A sound card made of software: PulseAudio with a null sink; what is played into it is recorded from its monitor."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from translate.audio import list_devices
from translate.errors import DeviceError

PACKAGES = "apt install libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins"


class SoundServer:
    """A PulseAudio of its own, with one null sink (48 kHz), away from the user's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "socket"
        self.environment = {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder / "run"),
            "PULSE_STATE_PATH": str(folder / "state"),
            "PULSE_SERVER": f"unix:{self.socket}",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-target=null"]
        modules = [f"--load=module-native-protocol-unix socket={self.socket} auth-anonymous=1"]
        self.process = subprocess.Popen(
            ["pulseaudio", *options, *modules, "--load=module-null-sink sink_name=speech rate=48000"],
            env=os.environ | self.environment,
            stderr=subprocess.DEVNULL,
        )
        give_up_s = time.monotonic() + 20
        while self.control("info", check=False):
            assert self.process.poll() is None, "PulseAudio ended"
            assert time.monotonic() < give_up_s, "PulseAudio does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.socket.unlink(missing_ok=True)

    def control(self, *words: str, check: bool = True) -> int:
        """The exit status of ``pactl`` with ``words``."""
        done = subprocess.run(
            ["pactl", *words], env=os.environ | self.environment, capture_output=True, check=check, timeout=20
        )
        return done.returncode

    def recorders(self) -> int:
        """How many streams record from it."""
        done = subprocess.run(
            ["pactl", "list", "short", "source-outputs"],
            env=os.environ | self.environment,
            capture_output=True,
            check=True,
            timeout=20,
        )
        return len(done.stdout.splitlines())

    async def play(self, clip: Path) -> None:
        """Plays ``clip`` to its end."""
        player = await asyncio.create_subprocess_exec(
            "paplay", "--device=speech", str(clip), env=os.environ | self.environment
        )
        assert await player.wait() == 0


@pytest.fixture
def sound_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """A running sound server, which the environment of the test names; PortAudio's device is called ``pulse``."""
    missing = [tool for tool in ("pulseaudio", "pactl", "paplay") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"missing: {', '.join(missing)} ({PACKAGES})")
    folder = Path(tempfile.mkdtemp(prefix="sv-"))  # short: the path of a socket holds at most 107 bytes
    server = SoundServer(folder)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.start()
    try:
        if "pulse" not in (device.name for device in list_devices()):
            pytest.skip(f"missing: ALSA's PulseAudio plugin ({PACKAGES})")
        yield server
    except DeviceError as error:
        pytest.skip(f"{error} ({PACKAGES})")
    finally:
        server.kill()
        shutil.rmtree(folder)
