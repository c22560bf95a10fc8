"""Chaos at the microphone: the sound card vanishes in mid-talk and returns; a listener of the room reads on."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.ops.house import RATE_HZ, House, environment, sound_of, wait_for

pytestmark = [pytest.mark.models, pytest.mark.device, pytest.mark.slow, pytest.mark.long]
CLIP = "fleurs_en_007"
SECONDS = 3.5
"""Of the clip, to save time: "Twentieth century research"."""


async def said(stream: asyncio.StreamReader, word: str) -> None:
    async with asyncio.timeout(60):
        async for line in stream:
            if word in line.decode():
                return
    raise AssertionError(f"it never said {word!r}")


async def test_a_microphone_that_vanishes_and_returns(sound_server: Any, clips: Any, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    with wave.open(str(short), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(sound_of(clips[CLIP].path)[: int(SECONDS * RATE_HZ) * 2])
    house = House(tmp_path, ("--model", "whisper-tiny.en"))
    live = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "translate", "live", "--room", f"http://127.0.0.1:{house.port}/?room=box", "--from", "en",
        "--set", "audio.device=pulse", "--set", "audio.reopen_ms=300",
        env=environment() | sound_server.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert live.stdout is not None
    try:
        listener = await house.enter("listener", "box")
        await listener.read(until=lambda message: message["type"] == "hello" and message.get("source") == "en")

        async def played() -> None:
            await asyncio.to_thread(wait_for, lambda: sound_server.recorders() == 1)
            playing = asyncio.create_task(sound_server.play(short))
            await listener.read(until=lambda m: m["type"] == "transcript" and m["final"])
            await playing

        async with asyncio.timeout(90):
            await played()
            sound_server.control("unload-module", "module-null-sink")
            await said(live.stdout, "is gone")
            sound_server.control("load-module", "module-null-sink", "sink_name=speech", "rate=48000")
            await said(live.stdout, "is back")
            await played()
        live.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(live.wait(), 30) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            live.kill()
        await house.leave()
        house.stop()
    assert listener.text().lower().count("century research") == 2, listener.text()
