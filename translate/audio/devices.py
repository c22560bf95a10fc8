"""Sound devices, through PortAudio (sounddevice). The library is loaded only when a device is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from translate.errors import DeviceError

__all__ = ["Capture", "InputDevice", "choose_device", "list_devices"]

_INVALID_RATE = -9997
_INVALID_CHANNELS = -9998
_USUAL_RATES_HZ = (48_000, 44_100, 16_000)
_LONGEST_LATENCY_S = 0.4
"""Drivers that say more for the time from capture to callback do not tell the truth (PulseAudio just after opening)."""

OnBlock = Callable[[npt.NDArray[np.float32], float, bool], None]

# PortAudio's state belongs to the process: opening, closing and looking for devices must not overlap, and looking
# anew ends every open stream, so it is done only while there is none.
_portaudio_lock = threading.RLock()
_open_captures: set[Capture] = set()


@dataclass(frozen=True, slots=True)
class InputDevice:
    """A device that sound can be recorded from."""

    name: str
    channels: int
    rate_hz: int
    is_default: bool
    index: int
    """PortAudio's number of it, which changes when devices come and go."""


def list_devices() -> tuple[InputDevice, ...]:
    """The input devices that PortAudio sees now (blocks for some milliseconds).

    Raises:
        DeviceError: PortAudio is missing or fails.
    """
    with _portaudio_lock:
        _look_anew()
        return _known_devices()


def choose_device(devices: Sequence[InputDevice], wanted: str | None) -> tuple[InputDevice, tuple[str, ...]]:
    """The device meant by ``wanted``, and the names of all that could have been meant.

    Args:
        devices: what there is.
        wanted: a name, a part of one, or a pattern with ``*`` or ``?``, in any case; ``None``: the system's default.

    Returns:
        The device of that very name, else the first one whose name fits, or the default (else the first) one;
        and the names of all candidates, one when the choice was clear.

    Raises:
        DeviceError: there is no such device; the message lists those that there are.
    """
    if not devices:
        raise DeviceError("no microphone: the system has no input device; plug one in or start the sound server")
    if wanted is None:
        chosen = next((device for device in devices if device.is_default), devices[0])
        return chosen, (chosen.name,)
    wanted = wanted.strip().casefold()
    exact = [device for device in devices if device.name.casefold() == wanted]
    is_pattern = "*" in wanted or "?" in wanted
    partial = [
        device
        for device in devices
        if wanted in (name := device.name.casefold()) or (is_pattern and fnmatchcase(name, wanted))
    ]
    if not partial:
        there = "; ".join(device.name for device in devices)
        fits = "fits" if is_pattern else "is in"
        raise DeviceError(f"no input device: {wanted!r} {fits} the name of none; there are: {there}")
    return (exact or partial)[0], tuple(device.name for device in exact or partial)


class Capture:
    """An open input stream. Every method blocks and may be called from any thread.

    Args:
        wanted: see :func:`choose_device`.
        block_ms: length of the blocks asked for.
        on_block: called in PortAudio's own thread with frames (float32, shape ``(n, channels)``), how long ago the
            last of them was captured (seconds), and whether the driver lost sound before them.
        on_end: called when the stream has stopped, asked or not.

    Raises:
        DeviceError: no PortAudio, no such device, or the device cannot be opened.
    """

    def __init__(
        self,
        wanted: str | None,
        block_ms: int,
        on_block: OnBlock,
        on_end: Callable[[], None],
    ) -> None:
        with _portaudio_lock:
            _look_anew()
            self.device, self.candidates = choose_device(_known_devices(), wanted)
            self._stream = _opened(self.device, block_ms, on_block, on_end)
            _open_captures.add(self)
        self.rate_hz = round(self._stream.samplerate)
        self.channels: int = self._stream.channels

    def close(self) -> None:
        """Stop and let go of the device. Idempotent."""
        with _portaudio_lock:
            if self not in _open_captures:
                return
            _open_captures.remove(self)
            self._stream.close(ignore_errors=True)  # aborts first; the device may be gone, which is no news here


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            "no microphone: PortAudio is missing; install it (Debian: apt install libportaudio2)"
        ) from error
    except ImportError as error:
        raise DeviceError(f"no microphone: {error}; install it with `pip install sounddevice`") from error
    return sounddevice


def _look_anew() -> None:
    """PortAudio lists its devices once, at its start: start it again, unless that would end an open stream."""
    sounddevice = _portaudio()
    if _open_captures:
        return
    try:
        if sounddevice._initialized:  # not so if the last start failed
            sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"no microphone: PortAudio does not start: {_reason(error)}") from error


def _known_devices() -> tuple[InputDevice, ...]:
    sounddevice = _portaudio()
    try:
        default = sounddevice.default.device[0]
        return tuple(
            InputDevice(
                name=info["name"],
                channels=info["max_input_channels"],
                rate_hz=round(info["default_samplerate"]),
                is_default=info["index"] == default,
                index=info["index"],
            )
            for info in sounddevice.query_devices()
            if info["max_input_channels"] > 0
        )
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"no microphone: PortAudio cannot list the devices: {_reason(error)}") from error


def _opened(device: InputDevice, block_ms: int, on_block: OnBlock, on_end: Callable[[], None]) -> Any:
    """A started stream, at the device's own rate if it says the truth about it, else at a usual one."""
    sounddevice = _portaudio()
    rates_hz = dict.fromkeys((device.rate_hz, *_USUAL_RATES_HZ))
    # Sound servers offer dozens of channels and fill two; some interfaces open only with all they have.
    channels = dict.fromkeys((min(2, device.channels), 1, device.channels))
    refused: Exception | None = None
    for rate_hz, count in product(rates_hz, channels):
        stream = None
        try:
            stream = sounddevice.InputStream(
                device=device.index,
                samplerate=rate_hz,
                channels=count,
                dtype="float32",
                blocksize=rate_hz * block_ms // 1000,
                callback=_callback(on_block, rate_hz),
                finished_callback=on_end,
            )
            stream.start()
            return stream
        except sounddevice.PortAudioError as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            refused = error
            if len(error.args) < 2 or error.args[1] not in (_INVALID_RATE, _INVALID_CHANNELS):
                break
    raise DeviceError(f"cannot record from {device.name!r}: {_reason(refused)}") from refused


def _callback(on_block: OnBlock, rate_hz: int) -> Callable[[Any, int, Any, Any], None]:
    def receive(frames: Any, count: int, times: Any, flags: Any) -> None:
        latency_s = times.currentTime - times.inputBufferAdcTime  # since the first frame was captured
        told = times.inputBufferAdcTime > 0 and 0 <= latency_s <= _LONGEST_LATENCY_S
        on_block(frames.copy(), max(0.0, latency_s - count / rate_hz) if told else 0.0, bool(flags.input_overflow))

    return receive


def _reason(error: Exception | None) -> str:
    return " ".join(str(error.args[0]).split()) if error is not None and error.args else "unknown reason"
