"""The microphone through real PortAudio, ALSA and PulseAudio: a null sink plays a clip, its monitor is recorded."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from translate.audio import MicrophoneSource, devices, list_devices
from translate.audio.devices import Capture
from translate.config import AudioConfig
from translate.errors import DeviceError
from translate.events import Notice
from translate.latency import SessionClock

pytestmark = pytest.mark.device

CLIP = Path(__file__).parents[1] / "data" / "audio" / "gsp1_de.flac"
PULSE = AudioConfig(device="pulse", reopen_ms=300)


class Listener:
    """Reads a source in the background and lets a test wait for what it needs."""

    def __init__(self, source: MicrophoneSource) -> None:
        self.source = source
        self.clock = SessionClock()
        self.chunks: list = []
        self.notices: list[Notice] = []
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for item in self.source.stream(self.clock):
            async with self._changed:
                if isinstance(item, Notice):
                    self.notices.append(item)
                else:
                    assert item.position == self.end
                    self.chunks.append(item)
                self._changed.notify_all()

    @property
    def end(self) -> int:
        return self.chunks[-1].end if self.chunks else 0

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate([chunk.samples for chunk in self.chunks])

    async def until(self, condition) -> None:
        async def wait():
            async with self._changed:
                await self._changed.wait_for(condition)

        waiting = asyncio.create_task(wait())
        done, _ = await asyncio.wait({waiting, self._task}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        if waiting not in done:
            waiting.cancel()
            if self._task in done:
                self._task.result()
            pytest.fail(f"not reached; heard {self.end / 16_000:.1f} s, {[notice.code for notice in self.notices]}")

    async def heard_for(self, seconds: float) -> None:
        goal = self.end + seconds * 16_000
        await self.until(lambda: self.end >= goal)

    async def told(self, code: str) -> None:
        await self.until(lambda: code in [notice.code for notice in self.notices])

    def drift_ms(self) -> float:
        """By how much the positions departed from the time of capture between the first chunk and the last."""
        first, last = self.chunks[0], self.chunks[-1]
        return abs((last.capture_ms - first.capture_ms) - (last.end - first.end) / 16)


@contextlib.asynccontextmanager
async def listening(config: AudioConfig = PULSE):
    listener = Listener(MicrophoneSource(config))
    try:
        yield listener
    finally:
        await listener.source.aclose()
        await asyncio.wait_for(listener._task, 30)


@pytest.mark.parametrize("rate_hz", [None, 48_000], ids=["the device's own rate", "48 kHz"])
async def test_what_is_played_is_recorded(sound_server, likeness, clip, monkeypatch, rate_hz):
    if rate_hz is not None:  # PortAudio gives 44.1 kHz for a sound server, whatever it runs at
        known = devices._known_devices
        monkeypatch.setattr(
            devices, "_known_devices", lambda: tuple(dataclasses.replace(d, rate_hz=rate_hz) for d in known())
        )
    async with listening() as heard:
        await heard.heard_for(0.3)
        await sound_server.play(CLIP)
        await heard.heard_for(1.0)
    score, lag = likeness(heard.samples, clip)
    assert score > 0.8
    assert lag > 0
    assert "device_lost" not in [notice.code for notice in heard.notices]


@pytest.mark.slow
async def test_killed_sound_server_comes_back(sound_server, likeness, clip):
    async with listening() as heard:
        await heard.heard_for(1.0)
        sound_server.kill()
        await heard.told("device_lost")
        await heard.heard_for(1.5)  # time passes
        assert not heard.samples[-16_000:].any()
        sound_server.start()
        await heard.told("device_back")
        back = heard.end
        await sound_server.play(CLIP)
        await heard.heard_for(1.0)
    assert likeness(heard.samples[back - 16_000 :], clip)[0] > 0.8
    assert heard.drift_ms() < 700  # the time without a device is in the stream
    assert [notice.code for notice in heard.notices if notice.code != "overflow"] == ["device_lost", "device_back"]


@pytest.mark.slow
async def test_vanished_device_comes_back(sound_server, likeness, clip):
    async with listening() as heard:
        await heard.heard_for(0.5)
        sound_server.control("unload-module", "module-null-sink")
        await heard.told("device_lost")
        sound_server.control("load-module", "module-null-sink", "sink_name=speech", "rate=48000")
        await heard.told("device_back")
        await sound_server.play(CLIP)
        await heard.heard_for(1.0)
    assert likeness(heard.samples, clip)[0] > 0.8
    assert heard.drift_ms() < 700


@pytest.mark.slow
async def test_a_device_comes_back_at_another_rate_and_with_other_channels(sound_server, likeness, clip):
    async with listening() as heard:
        await heard.heard_for(0.5)
        sound_server.control("unload-module", "module-null-sink")
        await heard.told("device_lost")
        form = ("rate=16000", "channels=1")
        sound_server.control("load-module", "module-null-sink", "sink_name=speech", *form)
        await heard.told("device_back")
        back = heard.end
        await sound_server.play(CLIP)
        await heard.heard_for(1.0)
    assert likeness(heard.samples[back - 16_000 :], clip)[0] > 0.8


async def test_a_muted_device_is_told_once_and_again_when_it_is_heard(sound_server):
    async with listening(dataclasses.replace(PULSE, muted_ms=500)) as heard:
        await heard.told("device_muted")
        await heard.heard_for(1.0)
        await sound_server.play(CLIP)
        await heard.told("device_heard")
        sound_server.control("set-source-mute", "speech.monitor", "1")  # the switch of a real microphone
        await heard.until(lambda: [n.code for n in heard.notices if n.code != "overflow"][2:] == ["device_muted"])
    codes = [notice.code for notice in heard.notices if notice.code != "overflow"]
    assert codes == ["device_muted", "device_heard", "device_muted"]


async def test_two_microphones_and_a_device_list_do_not_disturb_each_other(sound_server):
    async with listening() as first:
        await first.heard_for(0.3)
        async with listening() as second:
            await second.heard_for(0.3)
            assert "pulse" in [device.name for device in await asyncio.to_thread(list_devices)]
            await first.heard_for(0.3)
        await first.heard_for(0.3)
    assert [*first.notices, *second.notices] == []


async def test_absent_device_is_named_with_those_that_are_there(sound_server):
    stream = MicrophoneSource(AudioConfig(device="Blue Yeti")).stream(SessionClock())
    with pytest.raises(DeviceError, match=r"'blue yeti'.*pulse"):
        await anext(stream)


async def test_cancelling_closes_the_device(sound_server):
    listener = Listener(MicrophoneSource(PULSE))
    await listener.heard_for(0.2)
    listener._task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listener._task
    assert not devices._open_captures


def test_capture_closes_twice(sound_server):
    capture = Capture("pulse", 32, lambda *_: None, lambda: None)
    capture.close()
    capture.close()
    assert not devices._open_captures


def test_a_failed_start_of_portaudio_is_not_for_good(sound_server):
    import sounddevice

    sounddevice._terminate()  # what a failed start leaves behind
    assert "pulse" in [device.name for device in list_devices()]
