"""Binary frames: the position of the first sample, then the samples."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from translate.errors import AudioError, ProtocolError
from translate.protocol.codec import LARGEST_NUMBER
from translate.protocol.messages import FrameSizeError

__all__ = ["HEADER_BYTES", "SAMPLE_BYTES", "AudioFrame", "decode_audio", "encode_audio"]

_POSITION: Final = struct.Struct("<Q")
HEADER_BYTES: Final = _POSITION.size
SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A run of samples from a speaker."""

    position: int
    """Position of the first sample in the stream."""
    pcm: bytes
    """Signed 16-bit little-endian mono samples at 16 kHz."""

    @property
    def end(self) -> int:
        """Position just past the last sample."""
        return self.position + len(self.pcm) // SAMPLE_BYTES


def encode_audio(frame: AudioFrame) -> bytes:
    """The bytes of a binary frame."""
    return _POSITION.pack(frame.position) + frame.pcm


def decode_audio(data: bytes, *, max_bytes: int = 262_144) -> AudioFrame:
    """The samples of a binary frame.

    Raises:
        FrameSizeError: the frame is larger than ``max_bytes``.
        ProtocolError: it is shorter than its position.
        AudioError: half a sample, or a position that no stream reaches.
    """
    if len(data) > max_bytes:
        raise FrameSizeError(f"audio frame of {len(data)} bytes; at most {max_bytes} are accepted")
    if len(data) < HEADER_BYTES:
        raise ProtocolError(f"audio frame of {len(data)} bytes is shorter than its {HEADER_BYTES}-byte position")
    (position,) = _POSITION.unpack_from(data)
    pcm = data[HEADER_BYTES:]
    if len(pcm) % SAMPLE_BYTES:
        raise AudioError(f"audio frame holds {len(pcm)} bytes of samples; 16-bit samples need an even count")
    if position + len(pcm) > LARGEST_NUMBER:
        raise AudioError(f"audio position {position} is out of range")
    return AudioFrame(position, pcm)
