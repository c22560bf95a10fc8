"""The microphone's logic, with a device that does what a test says; the real one is in test_microphone_device.py."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.audio import InputDevice, MicrophoneSource, microphone
from translate.audio.devices import choose_device
from translate.audio.handover import Block, Handover
from translate.config import AudioConfig
from translate.errors import DeviceError
from translate.events import AudioChunk, Notice
from translate.latency import SessionClock

ROOT = Path(__file__).parents[2]


def device(name: str, *, is_default: bool = False, index: int = 0) -> InputDevice:
    return InputDevice(name=name, channels=2, rate_hz=48_000, is_default=is_default, index=index)


class FakeDevices:
    """Stands for the sound card: counts openings, and hands a test the callbacks of the newest."""

    def __init__(self) -> None:
        self.openings: list[FakeCapture] = []
        self.present = True
        self.rate_hz = 16_000
        self.candidates = ("Mic",)
        self.gate: threading.Event | None = None
        self._changed = threading.Condition()

    def open(self, wanted, block_ms, on_block, on_end) -> FakeCapture:
        if self.gate is not None:
            self.gate.wait(10)
        if not self.present:
            raise DeviceError("no microphone")
        with self._changed:
            self.openings.append(FakeCapture(self, on_block, on_end))
            self._changed.notify_all()
            return self.openings[-1]

    async def opened(self, times: int) -> None:
        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: len(self.openings) >= times, 10)

        assert await asyncio.to_thread(wait)


class FakeCapture:
    def __init__(self, devices: FakeDevices, on_block, on_end) -> None:
        self.on_block, self.on_end = on_block, on_end
        self.rate_hz, self.channels = devices.rate_hz, 1
        self.candidates = devices.candidates
        self.device = device("Mic")
        self.closed = False

    def speak(self, value: float, length_ms: int = 32, *, overflow: bool = False) -> None:
        """One callback, from a thread that is not the event loop's."""
        frames = np.full((self.rate_hz * length_ms // 1000, 1), value, np.float32)
        thread = threading.Thread(target=self.on_block, args=(frames, 0.0, overflow))
        thread.start()
        thread.join()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fakes(monkeypatch):
    found = FakeDevices()
    monkeypatch.setattr(microphone, "Capture", found.open)
    return found


class Now:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


async def first_chunk(stream, fakes) -> AudioChunk:
    reading = asyncio.ensure_future(anext(stream))
    await fakes.opened(1)
    fakes.openings[-1].speak(0.5)
    return await reading


async def test_sound_lost_for_want_of_a_reader_is_silence_and_counted(fakes):
    now = Now()
    stream = MicrophoneSource().stream(SessionClock(now))
    assert (await first_chunk(stream, fakes)).samples[0] == 0.5
    for _ in range(int(12_000 / 32)):  # 12 s without a reader; 10 are kept
        now.s += 0.032
        fakes.openings[0].speak(0.25)
    chunks, notices = [], []
    while not chunks or chunks[-1].end < 376 * 512:
        item = await anext(stream)
        (chunks if isinstance(item, AudioChunk) else notices).append(item)
    heard = np.concatenate([chunk.samples for chunk in chunks])
    assert [notice.code for notice in notices] == ["overflow"]
    assert notices[0].message.startswith(f"about {(heard == 0).sum() / 16:.0f} ms")
    assert 1900 < (heard == 0).sum() / 16 < 2100
    assert chunks[-1].end / 16 == pytest.approx(12_000, abs=40)  # true to time
    await stream.aclose()
    assert fakes.openings[0].closed


async def test_overflow_that_the_driver_reports_is_filled_up_and_told_at_most_once_a_second(fakes):
    now = Now()
    stream = MicrophoneSource().stream(SessionClock(now))
    last = await first_chunk(stream, fakes)
    told_s = []
    for turn in range(12):  # each time 200 ms pass, and only the last 32 of them arrive
        now.s = 0.2 * (turn + 1)
        fakes.openings[0].speak(0.5, overflow=True)
        while last.end < round(now.s * 16_000):
            item = await anext(stream)
            if isinstance(item, AudioChunk):
                last = item
            else:
                assert item.code == "overflow"
                told_s.append(now.s)
        assert last.end - now.s * 16_000 == pytest.approx(0, abs=512)  # true to time
    assert np.diff(told_s).min() >= 1.0
    assert len(told_s) == 3
    await stream.aclose()


async def test_unplugged_and_back(fakes):
    now = Now()
    stream = MicrophoneSource(AudioConfig(reopen_ms=50)).stream(SessionClock(now))
    await first_chunk(stream, fakes)
    fakes.present = False
    fakes.openings[0].on_end()
    notice = await anext(stream)
    assert (notice.code, notice.retryable) == ("device_lost", True)
    now.s += 3.0
    silent = await anext(stream)
    assert not silent.samples.any()
    fakes.present, fakes.rate_hz = True, 48_000  # it comes back as another device
    await fakes.opened(2)
    assert fakes.openings[0].closed
    now.s += 0.5
    items = [silent]
    fakes.openings[1].speak(0.25, 100)
    while not isinstance(items[-1], AudioChunk) or items[-1].samples.max() < 0.1:
        items.append(await anext(stream))
    assert [item.code for item in items if not isinstance(item, AudioChunk)] == ["device_back"]
    # The block began 100 ms before now, and the stream 32 ms before the clock.
    assert items[-1].position / 16 <= 3_500 - 100 + 32 <= items[-1].end / 16
    await stream.aclose()
    assert fakes.openings[1].closed


async def test_a_driver_that_fails_in_a_way_of_its_own_does_not_end_the_search(fakes, monkeypatch, caplog):
    tries = 0
    real = fakes.open

    def fail(*arguments) -> FakeCapture:
        nonlocal tries
        tries += 1
        if 1 < tries < 4:
            raise ValueError("PortAudio: no such host API")
        return real(*arguments)

    monkeypatch.setattr(microphone, "Capture", fail)
    source = MicrophoneSource(AudioConfig(reopen_ms=50))
    items = source.stream(SessionClock())
    first = asyncio.ensure_future(anext(items))
    await fakes.opened(1)
    fakes.openings[0].speak(0.5)
    await first
    fakes.openings[0].on_end()
    await until_notice(items, "device_lost")
    back = asyncio.ensure_future(until_notice(items, "device_back"))
    await fakes.opened(2)
    fakes.openings[1].speak(0.5)
    async with asyncio.timeout(5):
        await back
    await source.aclose()
    await items.aclose()
    assert len([record for record in caplog.records if "cannot be opened" in record.message]) == 1


async def until_notice(items, code: str) -> None:
    async for item in items:
        if isinstance(item, Notice) and item.code == code:
            return


async def test_a_device_that_is_not_there_at_the_start_is_waited_for_when_asked(fakes):
    fakes.present = False
    with pytest.raises(DeviceError):
        await anext(MicrophoneSource(AudioConfig()).stream(SessionClock()))
    stream = MicrophoneSource(AudioConfig(reopen_ms=50, await_device=True)).stream(SessionClock())
    notice = await anext(stream)
    assert (notice.code, notice.message) == ("device_lost", "no microphone; waiting for a microphone")
    items = [await anext(stream) for _ in range(3)]
    assert all(not item.samples.any() for item in items), "the stream goes on, in silence"
    assert items[-1].end == items[0].position + sum(len(item.samples) for item in items)
    fakes.present = True
    await fakes.opened(1)
    fakes.openings[0].speak(0.5, 200)
    while not isinstance(items[-1], AudioChunk) or items[-1].samples.max() < 0.4:
        items.append(await anext(stream))
    assert [item.code for item in items if not isinstance(item, AudioChunk)] == ["device_back"]
    await stream.aclose()


async def test_a_device_that_opens_and_says_nothing_is_not_back(fakes, monkeypatch):
    monkeypatch.setattr(microphone, "_SILENT_MS", 100)
    stream = MicrophoneSource(AudioConfig(reopen_ms=50)).stream(SessionClock())
    await first_chunk(stream, fakes)
    codes = []
    while len(fakes.openings) < 4:  # it is tried again and again
        item = await anext(stream)
        codes += [] if isinstance(item, AudioChunk) else [item.code]
    assert codes == ["device_lost"]
    assert [opening.closed for opening in fakes.openings[:3]] == [True] * 3
    await stream.aclose()
    assert fakes.openings[-1].closed


@pytest.mark.parametrize(("muted_ms", "codes"), [(300, ["device_muted", "device_heard"]), (0, []), (900, [])])
async def test_zeros_and_nothing_else_mean_muted_and_quiet_does_not(fakes, muted_ms, codes):
    stream = MicrophoneSource(AudioConfig(muted_ms=muted_ms)).stream(SessionClock())
    await first_chunk(stream, fakes)
    items = []
    for value in [*[1e-6] * 20, *[0.0] * 20, *[1e-6] * 20, *[0.0] * 5]:  # 640 ms of each, then too little
        fakes.openings[0].speak(value)
    while sum(isinstance(item, AudioChunk) for item in items) < 65:
        items.append(await anext(stream))
    assert [item.code for item in items if not isinstance(item, AudioChunk)] == codes
    await stream.aclose()


async def test_no_device_at_the_start_is_an_error(fakes):
    fakes.present = False
    with pytest.raises(DeviceError, match="no microphone"):
        await anext(MicrophoneSource().stream(SessionClock()))


async def test_ambiguous_name_is_told(fakes):
    fakes.candidates = ("Mic", "Mic of the camera")
    stream = MicrophoneSource(AudioConfig(device="mic")).stream(SessionClock())
    notice = await anext(stream)
    assert notice.code == "device_choice"
    assert "'Mic of the camera'" in notice.message
    await stream.aclose()


async def test_cancelled_while_the_device_opens_leaves_none_open(fakes):
    fakes.gate = threading.Event()
    reading = asyncio.ensure_future(anext(MicrophoneSource().stream(SessionClock())))
    await asyncio.sleep(0.05)
    reading.cancel()
    await asyncio.sleep(0.05)
    fakes.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert [opening.closed for opening in fakes.openings] == [True]


async def test_closing_ends_a_waiting_stream(fakes):
    source = MicrophoneSource()
    stream = source.stream(SessionClock())
    await first_chunk(stream, fakes)
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.02)
    await source.aclose()
    await source.aclose()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(reading, 5)
    assert fakes.openings[0].closed


async def test_handover_is_bounded_and_keeps_time():
    handover = Handover(asyncio.get_running_loop(), limit_ms=100)
    for at_ms in range(0, 10_000, 10):
        handover.put(Block(np.zeros(160, np.float32), 160, at_ms, at_ms))
    blocks = []
    while block := await handover.get(10):
        blocks.append(block)
    assert len(blocks) == 12  # 11 with sound, and one for all that was lost
    assert sum(block.count for block in blocks) == 160 * 1000
    assert [block.frames is None for block in blocks] == [False] * 11 + [True]


def test_choice_of_device():
    devices = [device("USB Mic"), device("Mic", index=1), device("pulse", is_default=True, index=2)]
    assert choose_device(devices, None)[0].name == "pulse"
    assert choose_device(devices, " mic ") == (devices[1], ("Mic",))
    assert choose_device(devices, "MI") == (devices[0], ("USB Mic", "Mic"))
    assert choose_device(devices[:2], None)[0].name == "USB Mic"
    assert choose_device(devices, "usb*") == (devices[0], ("USB Mic",))
    assert choose_device(devices, "*mic") == (devices[0], ("USB Mic", "Mic"))
    assert choose_device(devices, "?ulse")[0].name == "pulse"
    assert choose_device([device("Line [PCH] *")], "[pch] *")[0].name == "Line [PCH] *"
    with pytest.raises(DeviceError, match=r"'mic\*usb' fits the name of none"):
        choose_device(devices, "mic*usb")
    with pytest.raises(DeviceError, match=r"'yeti'.*USB Mic; Mic; pulse"):
        choose_device(devices, "Yeti")
    with pytest.raises(DeviceError, match="no input device"):
        choose_device([], None)


@settings(deadline=None)
@given(names=st.lists(st.text(min_size=1), min_size=1, max_size=5), wanted=st.text(min_size=1))
def test_the_chosen_device_has_the_name_or_there_is_none(names, wanted):
    devices = [device(name, index=index) for index, name in enumerate(names)]
    fits = [found for found in devices if wanted.strip().casefold() in found.name.casefold()]
    if fits:
        assert choose_device(devices, wanted)[0] in fits
    else:
        with pytest.raises(DeviceError):
            choose_device(devices, wanted)


def test_without_portaudio_only_the_microphone_is_missing():
    program = """
import ctypes.util
ctypes.util.find_library = lambda name: None  # as where PortAudio is not installed
import asyncio, sys
from translate.audio import FileSource, MicrophoneSource, list_devices
from translate.errors import DeviceError
from translate.latency import SessionClock

async def main():
    samples = 0
    async for chunk in FileSource(sys.argv[1]).stream(SessionClock()):
        samples += len(chunk.samples)
    print(samples)
    for attempt in (anext(MicrophoneSource().stream(SessionClock())), asyncio.to_thread(list_devices)):
        try:
            await attempt
        except DeviceError as error:
            print(error)

asyncio.run(main())
"""
    clip = ROOT / "tests" / "data" / "audio" / "t2_covost_de_001.flac"
    command = [sys.executable, "-c", program, str(clip)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    samples, *messages = done.stdout.splitlines()
    assert int(samples) > 28_000
    assert len(messages) == 2
    assert all("apt install libportaudio2" in message for message in messages)
