"""Raw PCM from a stream of bytes, such as standard input."""

from __future__ import annotations

import asyncio
import io
import os
import stat
from collections.abc import AsyncIterator
from typing import BinaryIO

from translate.audio.framer import Framer
from translate.audio.resample import Resampler, from_s16le
from translate.config import AudioConfig
from translate.errors import AudioError
from translate.events import RATE_HZ, AudioChunk, Notice
from translate.latency import CaptureClock, SessionClock, ms_of

__all__ = ["PcmSource"]

_READ_BYTES = 32_768
_HEADERS = {b"RIFF": "a WAV file", b"fLaC": "a FLAC file", b"OggS": "an Ogg file", b"ID3": "an MP3 file"}


class PcmSource:
    """Signed 16-bit little-endian PCM without a header.

    A pipe or socket is waited for by the event loop, so that closing never hangs on a silent writer; anything else is
    read in a thread.

    Args:
        stream: a binary file from which nothing has been read yet; it stays open.
        rate_hz: sample rate of the PCM.
        channels: channels of the PCM, interleaved.
        config: length of the chunks.

    Raises:
        AudioError: the rate or the number of channels is out of range, or ``stream`` is a terminal.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        rate_hz: int = RATE_HZ,
        channels: int = 1,
        config: AudioConfig | None = None,
    ) -> None:
        self._resampler = Resampler(rate_hz, channels)
        self._stream = stream
        self._name = _name_of(stream)
        self._pipe_fd = _pipe_of(stream)
        if stream.isatty():
            raise AudioError(
                f"{self._name} is a terminal; pipe raw PCM into it, such as from `arecord -t raw -f S16_LE`"
            )
        self._config = config or AudioConfig()
        self._closed = False
        self._ready: asyncio.Future[None] | None = None

    @property
    def live(self) -> bool:
        """True for a pipe or socket, whose writer may be a microphone."""
        return self._pipe_fd is not None

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """The chunks; then a :class:`Notice` if it ended in the middle of a sample. See :class:`AudioSource`."""
        framer = Framer(self._config.chunk_ms)
        captured = CaptureClock()
        frame_bytes = 2 * self._resampler.channels
        rest = b""
        empty = True
        while data := await self._read():
            if empty:
                _check_header(data, self._name)
            now_ms = clock.now_ms()
            data = rest + data
            whole = len(data) - len(data) % frame_bytes
            rest = data[whole:]
            empty = empty and not whole
            samples = self._resampler.push(from_s16le(data[:whole], self._resampler.channels))
            for chunk in framer.push(samples, self._captured_ms(captured, framer.end + len(samples), now_ms), now_ms):
                yield chunk
                if self._closed:
                    return
        if self._closed:
            return
        if empty:
            raise AudioError(f"no audio on {self._name}: it ended before the first sample")
        now_ms, last = clock.now_ms(), self._resampler.flush()
        capture_ms = self._captured_ms(captured, framer.end + len(last), now_ms)
        for chunk in [*framer.push(last, capture_ms, now_ms), *framer.flush()]:
            yield chunk
        if rest:
            yield Notice(
                "odd_length", f"{self._name} ended within a sample; {len(rest)} bytes dropped", retryable=False
            )

    async def aclose(self) -> None:
        """See :class:`AudioSource`. The stream of bytes itself is left open."""
        self._closed = True
        if self._ready is not None:
            _resolve(self._ready)

    def _captured_ms(self, captured: CaptureClock, end: int, now_ms: float) -> float:
        """When the sample before position ``end`` was captured, if all that was read arrived at ``now_ms``."""
        if not self.live:
            return now_ms
        held = self._resampler.held
        return captured.capture_ms(end + held, now_ms) - ms_of(held)

    async def _read(self) -> bytes:
        """The next bytes; none at the end or after :meth:`aclose`."""
        while not self._closed:
            if self._pipe_fd is None:
                return await asyncio.to_thread(self._stream.read, _READ_BYTES)
            await self._readable(self._pipe_fd)
            if not self._closed:
                try:
                    return os.read(self._pipe_fd, _READ_BYTES)  # never blocks: the event loop said that it is readable
                except BlockingIOError:
                    continue  # the descriptor is non-blocking, and another reader was faster
        return b""

    async def _readable(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        ready = self._ready = loop.create_future()
        loop.add_reader(fd, _resolve, ready)
        try:
            await ready
        finally:
            loop.remove_reader(fd)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _name_of(stream: BinaryIO) -> str:
    name = getattr(stream, "name", None)
    return "standard input" if name in ("<stdin>", 0) else f"{name}" if isinstance(name, str) else "the PCM stream"


def _pipe_of(stream: BinaryIO) -> int | None:
    """The descriptor of a pipe or socket; ``None`` for all else (epoll refuses regular files and /dev/null)."""
    try:
        fd = stream.fileno()
    except io.UnsupportedOperation:
        return None
    mode = os.fstat(fd).st_mode
    waits = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    return fd if waits and os.name == "posix" else None


def _check_header(data: bytes, name: str) -> None:
    for magic, what in _HEADERS.items():
        if data.startswith(magic):
            raise AudioError(f"{name} begins like {what}, not raw PCM; save it and give the file's path instead")
