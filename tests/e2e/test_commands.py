"""The commands and the Python example as a person runs them, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from translate.protocol import schema_of
from translate.registry import cache_folder

pytestmark = [pytest.mark.models, pytest.mark.slow]

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "captions.py"
RATE_HZ = 16_000
CACHE = cache_folder()
"""Before a sound card of a test moves the home folder."""


def test_the_example_of_the_readme_runs(clips, wer, words) -> None:
    clip = clips["fleurs_es_003"]
    done = subprocess.run(
        [sys.executable, EXAMPLE, clip.path, "es", "en"], capture_output=True, text=True, timeout=120, check=True
    )
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    spoken = " ".join(text for lang, _, text in lines if lang == "[es]")
    english = " ".join(text for lang, _, text in lines if lang == "[en]")
    assert wer(clip.transcript, spoken) < 0.4
    assert len(words(english) & words(clip.english)) >= 3
    assert done.stderr == ""


def test_the_example_is_as_short_as_the_readme_says() -> None:
    statements = [line for line in EXAMPLE.read_text().splitlines() if line.strip()]
    assert len(statements) <= 10


def write_long_recording(path: Path, clip: bytes, *, seconds: int, every_s: int) -> int:
    """A WAV file of silence (a hole in the file: it takes no disk) with ``clip`` now and then; how often."""
    size = seconds * 2 * RATE_HZ
    places = range(30, seconds - 30, every_s)
    with path.open("wb") as file:
        form = struct.pack("<IHHIIHH", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
        file.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + form + b"data" + struct.pack("<I", size))
        file.truncate(44 + size)
        for second in places:
            file.seek(44 + second * 2 * RATE_HZ)
            file.write(clip)
    return len(places)


def rss_bytes(process: int) -> int:
    """Resident memory; 0: the process is over."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc (Linux)")
@pytest.mark.long
async def test_a_long_recording_keeps_memory_flat(clips, pcm, tmp_path) -> None:
    """An hour, in which the samples alone would take 115 MB as int16 and 230 MB as float32.

    Three hours were run by hand with the same result; they take a minute and a half.
    """
    path = tmp_path / "long.wav"
    count = write_long_recording(path, pcm(clips["fleurs_en_007"].path), seconds=3600, every_s=200)
    arguments = ["file", str(path), "--from", "en", "--model", "whisper-tiny.en", "--format", "text"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "translate", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines: list[str] = []
    sizes: list[int] = []
    async with asyncio.timeout(200):
        async for line in process.stdout:
            lines.append(line.decode())
            sizes.append(rss_bytes(process.pid))
        _, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")
    assert len(lines) == len(sizes) == count, "each time it speaks once"
    # Minutes of silence before the words must not cost any of them.
    assert all("pools of genetic variation" in line and "hidden" in line for line in lines)
    early, late = sizes[3], max(sizes[4:-1])  # the first few segments let the engines allocate what they need
    assert late - early < 40_000_000, [size // 1_000_000 for size in sizes]


async def recording_begins(sound_server: Any) -> None:
    """Waits until somebody records from the sound card."""
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(sound_server.recorders):  # noqa: ASYNC110  # pactl has nothing to wait for
            await asyncio.sleep(0.1)


@pytest.mark.device
@pytest.mark.parametrize("is_early", [False, True], ids=["after the last word", "in mid-sentence"])
async def test_a_microphone_session_ends_on_ctrl_c_with_its_last_words(
    sound_server, clips, wer, words, monkeypatch, is_early
) -> None:
    """Through PortAudio, ALSA and PulseAudio; Ctrl-C is how one stops, so the exit status is 0."""
    monkeypatch.setenv("SOTTOVOCE_CACHE", str(CACHE))  # the sound card has a home folder of its own
    clip = clips["fleurs_es_003"]
    arguments = ["live", "--from", "es", "--to", "en", "--events", "--device", "pulse"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "translate", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    contract = Draft202012Validator(schema_of("server"))
    messages: list[dict[str, Any]] = []

    async def read(until_committed: bool) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            messages.append(json.loads(line))
            contract.validate(messages[-1])
            if until_committed and messages[-1].get("committed"):
                return

    async with asyncio.timeout(120):
        await recording_begins(sound_server)
        playing = asyncio.create_task(sound_server.play(clip.path))
        await read(until_committed=True)
        if not is_early:
            await playing
        process.send_signal(signal.SIGINT)
        await read(until_committed=False)
        _, complaints = await process.communicate()
        await playing
    assert (process.returncode, complaints) == (0, b"")
    assert messages[-1]["type"] == "end"
    texts = [message for message in messages if message["type"] in ("transcript", "translation")]
    newest = {(message["type"], message["segment"]): message for message in texts}
    assert all(message["final"] for message in newest.values())
    assert {kind for kind, _ in newest} == {"transcript", "translation"}
    assert not [message for message in messages if message["type"] == "notice"]
    if not is_early:
        spoken = " ".join(m["committed"].strip() for (kind, _), m in newest.items() if kind == "transcript")
        english = " ".join(m["committed"].strip() for (kind, _), m in newest.items() if kind == "translation")
        assert wer(clip.transcript, spoken) < 0.5
        assert len(words(english) & words(clip.english)) >= 3
