"""Decodes an audio file of any kind, piece by piece, with FFmpeg (PyAV)."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np

from translate.audio.resample import Resampler
from translate.errors import AudioError
from translate.events import Notice, Samples

__all__ = ["Decoder"]

SHORTEST_GAP_S = 0.1
"""Less than this between two timestamps is rounding of the container, not a gap."""
LONGEST_GAP_S = 60.0
"""More than this is not a pause in the recording but a clock that jumped."""

_STATE_THEIR_LENGTH = ("flac", "mov", "matroska", "wv", "aiff", "au", "caf", "tta", "ape", "asf")
"""Formats whose header gives the length; of the others FFmpeg guesses it from the size of the file."""
_UNKNOWN_SIZE = 0x7FFF_0000
"""From this RIFF size on, the writer did not know the size (a pipe)."""
_FULL_SCALE = np.float32(2**31)


class Decoder:
    """The sound of one file as 16 kHz mono, from the first sample on.

    Not for the event loop: opening and reading block. Safe to close while another thread reads. What the
    container's timestamps leave out (a late start beside the video, a lost packet) is silence, so that places in the
    stream are places in the film.

    Raises:
        AudioError: the file is missing, not a file, empty, not audio, or holds nothing that can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._missing_bytes = _missing_bytes(path)
        with ExitStack() as held:
            self._container = held.enter_context(_opened(held.enter_context(path.open("rb")), path))
            self._stream = self._container.streams.best("audio")
            if not isinstance(self._stream, av.AudioStream):
                raise AudioError(f"{path} has no audio in it")
            self._stated_s = self._stated_length_s()
            self._origin_s: float | None = None
            self._made_s = 0.0
            self._damaged = 0  # packets, with sound after them
            self._damaged_last = 0  # packets, with no sound after them so far
            self._blocks = self._decoded()
            self._first: Samples | None = next(self._blocks, None)
            if self._first is None:
                raise AudioError(f"{path} holds no sound that can be decoded; it may be cut off or damaged")
            self._held = held.pop_all()

    @property
    def duration_ms(self) -> int | None:
        """Length that the file gives, an estimate in some formats; ``None``: it gives none."""
        if self._stream is not None and self._stream.duration is not None and self._stream.time_base is not None:
            return round(float(self._stream.duration * self._stream.time_base) * 1000)
        return None if self._container.duration is None else self._container.duration // 1000

    def read(self, least: int) -> Samples:
        """The next ``least`` samples or somewhat more; fewer only at the end, and none after it or after close."""
        parts = [] if self._first is None else [self._first]
        self._first = None
        with self._lock:
            while sum(map(len, parts)) < least:
                block = next(self._blocks, None)
                if block is None:
                    break
                parts.append(block)
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def notices(self) -> list[Notice]:
        """What was wrong with the file, to be asked after its end."""
        found = []
        if self._damaged:
            message = f"{self._path} is damaged: {self._damaged} packets could not be decoded and are silent"
            found.append(Notice("damaged", message, retryable=False))
        if truncated := self._truncated():
            found.append(Notice("truncated", f"{self._path} is cut off: {truncated}", retryable=False))
        return found

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        with self._lock:
            self._blocks.close()
            self._held.close()

    def _truncated(self) -> str | None:
        if self._missing_bytes:
            return f"{self._missing_bytes} bytes are missing at its end after {self._made_s:.1f} s"
        # Priming and padding of lossy codecs are up to 0.1 s.
        if self._stated_s is not None and not self._damaged and self._stated_s - self._made_s > 0.2:
            return f"it should last {self._stated_s:.1f} s and ends after {self._made_s:.1f} s"
        return f"its end after {self._made_s:.1f} s could not be decoded" if self._damaged_last else None

    def _stated_length_s(self) -> float | None:
        name = self._container.format.name
        stream = self._stream
        # mp3: a Xing header gives the encoder's delay and the length; without it the length is an estimate.
        stated = bool(stream and stream.start_time) if name == "mp3" else name.startswith(_STATE_THEIR_LENGTH)
        if not stated or stream is None:
            return None
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        # The container's length is that of its longest stream.
        alone = len(self._container.streams) == 1 and self._container.duration is not None
        return self._container.duration / 1_000_000 if alone and self._container.duration else None

    def _decoded(self) -> Generator[Samples, None, None]:
        """Blocks of 16 kHz mono, the resampler's end included."""
        mixer: _Mixer | None = None
        for frame in self._frames():
            if mixer is None or not mixer.takes(frame):
                if mixer is not None:
                    yield mixer.resampler.flush()
                mixer = _Mixer(frame)
            if gap := round(self._gap_s(frame) * frame.sample_rate):
                self._made_s += gap / frame.sample_rate
                yield mixer.resampler.push(np.zeros(gap, np.float32))
            self._made_s += frame.samples / frame.sample_rate
            yield mixer.push(frame)
        if mixer is not None:
            yield mixer.resampler.flush()

    def _frames(self) -> Iterator[av.AudioFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # cut off in the middle of a packet
                self._damaged_last += 1
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self._damaged_last += 1
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame) and frame.samples:
                    self._damaged += self._damaged_last
                    self._damaged_last = 0
                    yield frame

    def _gap_s(self, frame: av.AudioFrame) -> float:
        """Seconds of silence that belong before ``frame``."""
        if frame.pts is None or frame.time_base is None:
            return 0.0
        time_s = float(frame.pts * frame.time_base)
        if self._origin_s is None:
            start = self._container.start_time
            self._origin_s = time_s if start is None else min(time_s, start / 1_000_000)
        gap_s = time_s - self._origin_s - self._made_s
        if abs(gap_s) > LONGEST_GAP_S:
            self._origin_s += gap_s
            return 0.0
        return gap_s if gap_s > SHORTEST_GAP_S else 0.0


class _Mixer:
    """One format of decoded frames to 16 kHz mono; a stream may change its format on the way."""

    def __init__(self, frame: av.AudioFrame) -> None:
        self._format = _format(frame)
        # FFmpeg knows the layouts (5.1: the centre counts most, the subwoofer not at all), and with integers as
        # output it scales the mix so that it cannot clip.
        self._down = av.AudioResampler(format="s32", layout="mono", rate=frame.sample_rate)
        self.resampler = Resampler(frame.sample_rate)

    def takes(self, frame: av.AudioFrame) -> bool:
        return self._format == _format(frame)

    def push(self, frame: av.AudioFrame) -> Samples:
        frame.pts = None  # gaps are our business, see _gap_s
        blocks = [mixed.to_ndarray()[0] / _FULL_SCALE for mixed in self._down.resample(frame)]
        return self.resampler.push(np.concatenate([np.zeros(0, np.float32), *blocks]).astype(np.float32, copy=False))


def _format(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _opened(file: BinaryIO, path: Path) -> av.container.InputContainer:
    # No protocol: what a playlist in the file names is not opened, neither on the network nor on this machine, where it
    # could be any file, or a pipe that hangs.
    try:
        return av.open(file, "r", options={"protocol_whitelist": "none"}, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise AudioError(
            f"{path} is not audio that can be read: not audio at all, a list of other files, cut off or damaged"
        ) from error


def _missing_bytes(path: Path) -> int:
    """How many bytes a RIFF header (wav) promises beyond the end of the file, which FFmpeg passes over in silence.

    Raises:
        AudioError: there is no such file, or nothing in it.
    """
    try:
        if path.is_dir():
            raise AudioError(f"{path} is a folder, not an audio file")
        if path.exists() and not path.is_file():
            raise AudioError(f"{path} is not a regular file; give the sound of a pipe to standard input")
        with path.open("rb") as file:
            head = file.read(8)
            size = path.stat().st_size
    except OSError as error:
        raise AudioError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if not head:
        raise AudioError(f"{path} is empty")
    stated = int.from_bytes(head[4:8], "little") + 8
    return max(0, stated - size) if head[:4] == b"RIFF" and stated < _UNKNOWN_SIZE else 0
