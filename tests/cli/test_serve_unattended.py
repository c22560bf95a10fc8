"""``sottovoce serve`` as systemd starts it: it says when it is ready, pings, reads its settings again, and keeps
transcripts where it is told to."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from websockets.sync.client import connect

pytestmark = pytest.mark.models


class Manager:
    """Listens as systemd does."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(90)

    def until(self, word: str) -> list[str]:
        """What is said until a message has ``word``."""
        said: list[str] = []
        while not any(word in message.splitlines() for message in said[-1:]):
            said.append(self._socket.recv(4096).decode())
        return said

    def close(self) -> None:
        self._socket.close()


def speak(port: int, clip: Path) -> list[str]:
    """The finals of ``clip``, spoken as fast as it goes."""
    with av.open(str(clip)) as container:
        pcm = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype("<i2").tobytes()
    finals = []
    hello = {
        "type": "hello",
        "seq": 1,
        "t_ms": 0,
        "versions": ["v1"],
        "role": "speaker",
        "room": "hall",
        "source": "en",
    }
    with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=["sottovoce.v1"], proxy=None) as client:  # type: ignore[list-item]
        client.send(json.dumps(hello))
        for position in range(0, len(pcm) // 2, 1600):
            client.send(position.to_bytes(8, "little") + pcm[2 * position : 2 * (position + 1600)])
        client.send(json.dumps({"type": "end", "seq": 2, "t_ms": 1}))
        for text in client:
            message = json.loads(text)
            if message["type"] == "transcript" and message["final"]:
                finals.append(message["committed"].strip())
    return finals


def fetched(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=30) as answer:
        return answer.read().decode()


def test_a_service_of_systemd_from_start_to_stop(start: Any, fast: tuple[str, ...], clips: Any, tmp_path: Path) -> None:
    settings, folder = tmp_path / "config.toml", tmp_path / "transcripts"
    settings.write_text(f'[transcripts]\nfolder = "{folder}"\nformats = ["txt", "jsonl", "srt"]\n')
    manager = Manager(tmp_path / "notify")
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    with start("serve", "--port", "0", "--config", settings, *fast[2:], env=env) as process:
        said = manager.until("READY=1")
        assert not any("WATCHDOG=1" in message for message in said), "no ping before it is ready"
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())[1])
        assert "WATCHDOG=1" in manager.until("WATCHDOG=1")[-1]
        assert fetched(port, "readyz") == "ready\n"
        finals = speak(port, clips["fleurs_en_002"].path)
        assert finals
        assert "sottovoce_begun_sessions_total 1.0" in fetched(port, "metrics")

        settings.write_text(settings.read_text() + "[limits]\nsessions = -1\n")
        process.send_signal(signal.SIGHUP)
        assert [message.splitlines()[0] for message in manager.until("READY=1")][0:1] in (
            ["RELOADING=1"],
            ["WATCHDOG=1"],
        )
        settings.write_text('[limits]\nsessions = 7\n[asr]\nmodel = "whisper-base"\n')
        process.send_signal(signal.SIGHUP)
        manager.until("READY=1")
        process.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1")
        assert process.wait(10) == 0
        logged = [json.loads(line) for line in process.stderr.read().splitlines()]
    manager.close()

    messages = [line["message"] for line in logged]
    assert any("config.toml:5: limits.sessions must be from 0" in message for message in messages), messages
    assert any(message.endswith("-> 7 (in force)") for message in messages)
    assert any("transcripts.folder" in message for message in messages)
    # `--model` stands over the file, so its change there is none.
    assert not any("asr.model" in message for message in messages)
    (session,) = folder.iterdir()
    assert "-hall-" in session.name
    lines = [json.loads(line) for line in (session / "en.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines] == finals
    assert (session / "en.srt").read_text().startswith("1\n00:00:0")
    spoken = {word for final in finals for word in re.findall(r"\w{6,}", final)}
    assert spoken
    assert not any(word in json.dumps(logged) for word in spoken), "what was said is not logged"


@pytest.mark.parametrize("path", ["none.toml", "bad.toml"])
def test_bad_settings_end_it_at_once_in_one_line(refused: Any, tmp_path: Path, path: str) -> None:
    (tmp_path / "bad.toml").write_text("[server]\n\nport = 70000\n")
    line = refused(2, "serve", "--config", tmp_path / path)
    assert ("bad.toml:3: server.port" if path == "bad.toml" else "none.toml: no such file") in line


def test_config_commands_as_a_person_uses_them(run: Any, refused: Any, tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    own = tmp_path / "sottovoce" / "config.toml"
    assert run("config", "init", env=home).stdout == f"wrote {own}\n"
    assert "--force" in refused(2, "config", "init", env=home)
    assert "all good" in run("config", "check", own).stdout
    own.write_text("[asr]\ncadence_ms = 500\n[log]\nlevel='loud'\n[no]\n")
    checked: subprocess.CompletedProcess[str] = run("config", "check", own)
    assert (checked.returncode, checked.stdout) == (2, "")
    assert [line.partition(" ")[0] for line in checked.stderr.splitlines()] == [f"{own}:4:", f"{own}:5:"]
    own.write_text("[asr]\ncadence_ms = 500\n")
    shown = run("config", "show", "--changed", env=home | {"SOTTOVOCE_LOG_LEVEL": "info"})
    assert shown.stdout.split() == [
        "[asr]", "cadence_ms", "=", "500", "#", f"{own}:2",
        "[log]", "level", "=", '"info"', "#", "SOTTOVOCE_LOG_LEVEL",
    ]  # fmt: skip
    told = json.loads(run("config", "show", "--json", env=home).stdout)
    assert told["asr"]["cadence_ms"] == {"value": 500, "origin": f"{own}:2"}
    assert told["mt"]["beam_size"]["origin"] == "default"
