"""Sound from a microphone, for as long as the session lasts, whatever happens to the cable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from translate.audio.devices import Capture
from translate.audio.framer import Framer
from translate.audio.handover import Block, Handover
from translate.audio.resample import Resampler
from translate.config import AudioConfig
from translate.errors import DeviceError
from translate.events import RATE_HZ, AudioChunk, Notice, Samples
from translate.latency import SessionClock, ms_of
from translate.notice_codes import DEVICE_CODES
from translate.tasks import Supervisor

__all__ = ["MicrophoneSource"]

log = logging.getLogger(__name__)

_SILENT_MS = 2_000
"""A device that brings nothing for so long is gone; sound servers often do not say so."""
_START_MS = 6_000
"""The first sound of a device may take longer: sound servers wake sleeping devices."""
_KEPT_MS = 10_000
"""Sound that waits for a reader that is busy; more is lost."""
_JITTER_MS = 60.0
"""Shorter gaps between the capture times of two blocks are imprecision of the driver's clock."""
_BEHIND_MS = 200.0
"""How far silence stays behind the clock while the device is away, so that the first sound fits in after it."""


class MicrophoneSource:
    """An input device of the system, at the device's own rate, resampled.

    Positions stay true to time: what was lost is silence, and so is the time without a device. The device that went
    away is looked for every ``config.reopen_ms`` until it returns.

    Args:
        config: which device, the length of the chunks, the pause between tries to reopen.
    """

    live = True

    def __init__(self, config: AudioConfig | None = None) -> None:
        self._config = config or AudioConfig()
        self._closed = False
        self._handover: Handover | None = None

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """The chunks; a :class:`Notice` when sound was lost (``overflow``), when the device goes (``device_lost``) and
        returns (``device_back``), and when it gives nothing but zeros (``device_muted``) and then sound again
        (``device_heard``). See :class:`AudioSource`.

        Raises:
            DeviceError: there is no such device at the start, and ``config.await_device`` is not set.
        """
        recording = _Recording(self._config, clock)
        track = _Track(self._config, clock)
        mute = _Mute(self._config.muted_ms)
        try:
            try:
                await recording.open()
            except DeviceError as error:
                if not self._config.await_device:
                    raise
                yield recording.lose(f"{error}; waiting for a microphone")
            heard = False
            if len(recording.candidates) > 1:
                yield _ambiguous(self._config.device, recording.candidates)
            while not self._closed:
                self._handover = recording.handover
                patience_ms = _SILENT_MS if heard else _START_MS
                block = await recording.handover.get(self._config.chunk_ms if recording.lost else patience_ms)
                if self._closed:
                    return
                heard = heard or block is not None
                for item in self._told(recording, track, block):
                    yield item
                for notice in mute.take(block, recording):
                    yield notice
        finally:
            await recording.close()

    async def aclose(self) -> None:
        """See :class:`AudioSource`."""
        self._closed = True
        if self._handover is not None:
            self._handover.end()

    def _told(self, recording: _Recording, track: _Track, block: Block | None) -> list[AudioChunk | Notice]:
        """What follows from a block, or from none in time."""
        if block is not None:
            back = recording.found()
            chunks = track.take(block, recording.form, after_gap=back is not None)
            return [*([back] if back else []), *track.notices(), *chunks]
        if recording.lost:
            return [*track.silence()]
        return [*track.cut(), recording.lose()]


class _Recording:
    """The device, as it comes and goes."""

    def __init__(self, config: AudioConfig, clock: SessionClock) -> None:
        self._config = config
        self._clock = clock
        self._capture: Capture | None = None
        self._search: asyncio.Task[None] | None = None
        self._tasks = Supervisor("microphone")
        self.name = ""
        self.handover = self._new_handover()
        self.candidates: tuple[str, ...] = ()
        self.form = (RATE_HZ, 1)
        """Rate and channels of the blocks."""

    @property
    def lost(self) -> bool:
        return self._search is not None

    async def open(self) -> None:
        """Find and start the device. Raises :class:`DeviceError`."""
        handover = self._new_handover()

        def receive(frames: npt.NDArray[np.float32], age_s: float, overflow: bool) -> None:
            now_ms = self._clock.now_ms()
            handover.put(Block(frames, len(frames), now_ms - age_s * 1000, now_ms, overflow))

        opening = asyncio.get_running_loop().run_in_executor(
            None, Capture, self._config.device, self._config.chunk_ms, receive, handover.end
        )
        try:
            capture = await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(DeviceError):  # the thread goes on, and what it opens must be closed
                await asyncio.to_thread((await opening).close)
            raise
        self._capture, self.handover = capture, handover
        self.form, self.candidates, self.name = (
            (capture.rate_hz, capture.channels),
            capture.candidates,
            capture.device.name,
        )

    def lose(self, why: str = "") -> Notice:
        """The device is gone (or ``why``): look for it."""
        self.handover = self._new_handover()  # nothing of the old stream may follow
        self._search = self._tasks.start(self._reopen(), "search")
        return Notice(DEVICE_CODES["lost"], why or f"the microphone {self.name!r} is gone; waiting for it to come back")

    def found(self) -> Notice | None:
        """A block has come: if the device was lost, it is back."""
        if self._search is None:
            return None
        self._tasks.stop(self._search)
        self._search = None
        return Notice(DEVICE_CODES["back"], f"the microphone {self.name!r} is back")

    async def close(self) -> None:
        await self._tasks.aclose()
        await self._let_go()

    async def _reopen(self) -> None:
        """Try until a stream is open; :meth:`found` ends this when sound comes out of it."""
        told = False
        while True:
            try:
                await self._let_go()
                await asyncio.sleep(self._config.reopen_ms / 1000)
                await self.open()
                await asyncio.sleep(_SILENT_MS / 1000)
            except DeviceError:
                pass  # still away; it was reported once
            except Exception:  # of a driver; a search that ends would leave the microphone away for good
                if not told:
                    log.exception("the microphone %r cannot be opened; it is looked for all the same", self.name)
                told = True

    async def _let_go(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            await asyncio.to_thread(capture.close)

    def _new_handover(self) -> Handover:
        return Handover(asyncio.get_running_loop(), _KEPT_MS)


class _Mute:
    """Tells a muted device from a quiet room: no real microphone gives zeros and nothing else.

    Args:
        after_ms: so many of them, 0: never.
    """

    def __init__(self, after_ms: int) -> None:
        self._after_ms = after_ms
        self._zeros_ms = 0.0
        self._muted = False

    def take(self, block: Block | None, recording: _Recording) -> list[Notice]:
        """What a person should know after ``block``; lost sound is neither zero nor sound."""
        if block is None or block.frames is None:
            return []
        if block.frames.any():
            self._zeros_ms = 0.0
            if not self._muted:
                return []
            self._muted = False
            return [Notice(DEVICE_CODES["heard"], f"the microphone {recording.name!r} gives sound again")]
        self._zeros_ms += block.count * 1000 / recording.form[0]
        if self._muted or not self._after_ms or self._zeros_ms < self._after_ms:
            return []
        self._muted = True
        why = "nothing but silence: it is muted or not plugged in"
        return [Notice(DEVICE_CODES["muted"], f"the microphone {recording.name!r} gives {why}")]


class _Track:
    """Blocks of a device to chunks of the stream, on the session's time."""

    def __init__(self, config: AudioConfig, clock: SessionClock) -> None:
        self._clock = clock
        self._framer = Framer(config.chunk_ms)
        self._resampler: Resampler | None = None
        self._form = (0, 0)
        self._covered_ms: float | None = None  # session-clock time up to which the stream has sound or silence
        self._lost_ms = 0.0
        self._told_ms: float | None = None

    def take(self, block: Block, form: tuple[int, int], *, after_gap: bool) -> list[AudioChunk]:
        """The chunks that ``block``, of ``form`` (rate, channels), completes."""
        chunks: list[AudioChunk] = []
        if self._resampler is None or self._form != form:
            chunks += self.cut()
            self._resampler, self._form = Resampler(*form), form
        length_ms = block.count * 1000 / form[0]
        if self._covered_ms is not None and (after_gap or block.flagged):
            # What a driver says of capture times just after opening is far off; the arrival is near enough then.
            gap_ms = (block.received_ms if after_gap else block.captured_ms) - length_ms - self._covered_ms
            if gap_ms > (0.0 if after_gap else _JITTER_MS):
                chunks += self._push(np.zeros(round(gap_ms * form[0] / 1000), np.float32), block)
            if not after_gap:
                self._lost_ms += max(gap_ms, 1.0)
        if block.frames is None:
            self._lost_ms += length_ms
        chunks += self._push(np.zeros(block.count, np.float32) if block.frames is None else block.frames, block)
        self._covered_ms = block.captured_ms
        return chunks

    def notices(self) -> list[Notice]:
        """At most once a second, how much sound was lost."""
        now_ms = self._clock.now_ms()
        if not self._lost_ms or (self._told_ms is not None and now_ms - self._told_ms < 1000):
            return []
        message = f"about {self._lost_ms:.0f} ms of sound were lost: the machine is too busy to take it"
        self._lost_ms, self._told_ms = 0.0, now_ms
        return [Notice("overflow", message)]

    def cut(self) -> list[AudioChunk]:
        """Give what the resampler holds: the sound after it is not joined to it."""
        if self._resampler is None or self._covered_ms is None:
            return []
        last, self._resampler = self._resampler.flush(), None
        return self._framer.push(last, self._covered_ms, self._clock.now_ms())

    def silence(self) -> list[AudioChunk]:
        """The time since the last sound, as silence."""
        until_ms = self._clock.now_ms() - _BEHIND_MS
        if self._covered_ms is None:
            self._covered_ms = until_ms
        count = int((until_ms - self._covered_ms) * RATE_HZ / 1000)
        if count <= 0:
            return []
        self._covered_ms += ms_of(count)
        return self._framer.push(np.zeros(count, np.float32), self._covered_ms, self._clock.now_ms())

    def _push(self, frames: Samples, block: Block) -> list[AudioChunk]:
        assert self._resampler is not None
        samples = self._resampler.push(frames)
        return self._framer.push(samples, block.captured_ms - ms_of(self._resampler.held), block.received_ms)


def _ambiguous(wanted: str | None, names: tuple[str, ...]) -> Notice:
    others = ", ".join(repr(name) for name in names[1:])
    return Notice("device_choice", f"recording from {names[0]!r}; {wanted!r} is also in the name of {others}")
