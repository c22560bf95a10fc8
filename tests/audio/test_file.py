"""Files: every format, at a pace or not, in flat memory, and every way in which a file can be bad."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from translate.audio import FileSource
from translate.config import AudioConfig
from translate.errors import AudioError
from translate.latency import SessionClock

FORMATS = [
    # name, codec, rate, layout, least likeness to the clip
    ("cd.wav", "pcm_s16le", 44_100, "stereo", 0.999),
    ("eight_bit.wav", "pcm_u8", 16_000, "mono", 0.95),
    ("studio.wav", "pcm_s24le", 96_000, "stereo", 0.999),
    ("float.wav", "pcm_f32le", 48_000, "mono", 0.999),
    ("film.wav", "pcm_s16le", 48_000, "5.1", 0.999),
    ("telephone.wav", "pcm_alaw", 8_000, "mono", 0.9),
    ("a.flac", "flac", 16_000, "mono", 0.9999),
    ("a.mp3", "libmp3lame", 44_100, "stereo", 0.98),
    ("a.ogg", "vorbis", 44_100, "stereo", 0.9),
    ("a.opus", "libopus", 48_000, "mono", 0.9),
    ("a.m4a", "aac", 44_100, "mono", 0.98),
    ("a.webm", "libopus", 48_000, "mono", 0.9),
    ("a.aiff", "pcm_s16be", 16_000, "mono", 0.9999),
]


@pytest.mark.parametrize(("name", "codec", "rate_hz", "layout", "least"), FORMATS, ids=[f[0] for f in FORMATS])
async def test_every_format_is_the_clip(make, listen, likeness, clip, name, codec, rate_hz, layout, least):
    path = make(name, codec, rate_hz=rate_hz, layout=layout)
    duration_ms = FileSource(path).probe()
    heard = await listen(FileSource(path))
    assert heard.notices == []
    score, lag = likeness(heard.samples, clip)
    assert score > least
    assert abs(lag) <= 16  # within a millisecond of where it was
    assert abs(len(heard.samples) - len(clip)) <= 0.03 * 16_000
    assert duration_ms is not None
    assert abs(duration_ms - len(clip) / 16) <= 30


async def test_more_channels_than_any_layout_are_mixed(tmp_path, listen, likeness, clip):
    path = tmp_path / "desk.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((10, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.repeat((clip * 20_000).astype("<i2"), 10).tobytes())
    assert likeness((await listen(FileSource(path))).samples, clip)[0] > 0.999


async def test_down_mix_of_full_scale_does_not_clip(tmp_path, listen):
    tone = np.sin(np.arange(16_000) * 2 * np.pi * 440 / 16_000)
    path = tmp_path / "loud.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.repeat((tone * 32_767).astype("<i2"), 2).tobytes())
    heard = (await listen(FileSource(path))).samples
    assert np.abs(heard - tone).max() < 1e-3


async def test_chunks_have_the_length_asked_for(make, listen, clip):
    heard = await listen(FileSource(make("a.wav", "pcm_s16le"), config=AudioConfig(chunk_ms=70)))
    assert {len(chunk.samples) for chunk in heard.chunks[:-1]} == {1120}
    assert len(heard.chunks[-1].samples) == len(clip) % 1120


async def test_not_a_number_becomes_silence(tmp_path, listen):
    # Written by hand: a WAV of 32-bit floats, with NaN and infinity in it.
    samples = np.full(16_000, 0.25, "<f4")
    samples[4000:4010], samples[8000] = np.nan, np.inf
    data = samples.tobytes()
    header = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += (3).to_bytes(2, "little") + (1).to_bytes(2, "little") + (16_000).to_bytes(4, "little")
    header += (64_000).to_bytes(4, "little") + (4).to_bytes(2, "little") + (32).to_bytes(2, "little")
    path = tmp_path / "nan.wav"
    path.write_bytes(header + b"data" + len(data).to_bytes(4, "little") + data)
    heard = await listen(FileSource(path))  # which holds every sample against [-1, 1]
    assert len(heard.samples) == 16_000
    assert np.allclose(heard.samples[:3900], 0.25, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.wav", "pcm_s16le", None),
        ("a.flac", "flac", None),
        ("a.mp3", "libmp3lame", None),
        ("a.m4a", "aac", {"movflags": "+faststart"}),
        ("a.mkv", "libopus", None),
        ("a.aiff", "pcm_s16be", None),
    ],
)
async def test_truncated_file_gives_what_is_there_and_says_so(make, listen, likeness, clip, name, codec, options):
    rate_hz = 48_000 if codec == "libopus" else 16_000
    whole = make(name, codec, rate_hz=rate_hz, options=options)
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * 6 // 10])
    heard = await listen(FileSource(whole))
    assert heard.codes == ["truncated"]
    assert "\n" not in heard.notices[0].message
    assert name in heard.notices[0].message
    assert 0.4 * len(clip) < len(heard.samples) < 0.75 * len(clip)
    assert likeness(heard.samples, clip[: len(heard.samples)])[0] > 0.9


async def test_wav_of_unknown_length_is_whole(make, listen, clip):
    # As programs write it into a pipe: they do not know the length in advance.
    path = make("a.wav", "pcm_s16le")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    heard = await listen(FileSource(path))
    assert heard.notices == []
    assert len(heard.samples) == len(clip)


@pytest.mark.parametrize(("name", "codec", "told"), [("a.flac", "flac", []), ("a.m4a", "aac", ["damaged"])])
async def test_damage_in_the_middle_keeps_the_rest_in_its_place(make, listen, likeness, clip, name, codec, told):
    path = make(name, codec)
    data = bytearray(path.read_bytes())
    middle, length = len(data) // 2, len(data) // 20
    data[middle : middle + length] = b"\xa5" * length
    path.write_bytes(data)
    heard = await listen(FileSource(path))
    assert heard.codes == told  # FFmpeg passes over lost FLAC frames without a word
    assert abs(len(heard.samples) - len(clip)) < 1600
    score, lag = likeness(heard.samples[: len(clip)][-16_000:], clip[-16_000:])
    assert score > 0.9
    assert abs(lag) <= 400
    quiet = np.abs(heard.samples[30_000:60_000]).reshape(-1, 100).max(axis=1) == 0
    assert quiet.any()  # silence, not a jump, where the damage is


def bad_files(folder: Path) -> dict[str, Path]:
    contents = {
        "empty.wav": b"",
        "text.wav": b"This is a shopping list, whatever its name says.\n" * 100,
        "text.mp3": b"This is a shopping list, whatever its name says.\n" * 100,
        "text.flac": b"This is a shopping list, whatever its name says.\n" * 100,
        "noise.mp3": np.random.default_rng(1).bytes(40_000),
        "playlist.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "subtitles.srt": b"1\n00:00:00,000 --> 00:00:01,000\nHello\n\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with wave.open(str(folder / "header_only.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
    (folder / "folder.wav").mkdir()
    return {name: folder / name for name in [*contents, "header_only.wav", "folder.wav", "missing.wav"]}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("empty.wav", "is empty"),
        ("text.wav", "not audio"),
        ("text.mp3", "not audio"),
        ("text.flac", "no audio"),
        ("noise.mp3", "not audio"),
        ("playlist.m3u8", "not audio"),
        ("subtitles.srt", "audio"),
        ("header_only.wav", "not audio|no sound"),
        ("folder.wav", "is a folder"),
        ("missing.wav", "no such file"),
    ],
)
async def test_bad_file_is_one_clear_line(tmp_path, listen, name, says):
    path = bad_files(tmp_path)[name]
    with pytest.raises(AudioError, match=says) as early:
        FileSource(path).probe()
    with pytest.raises(AudioError, match=says) as late:
        await listen(FileSource(path))
    assert str(early.value) == str(late.value)
    assert str(path) in str(early.value)
    assert "\n" not in str(early.value)
    assert early.value.exit_status == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("absolute.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{sound}\n#EXT-X-ENDLIST\n"),
        ("url.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:{sound}\n#EXT-X-ENDLIST\n"),
        ("relative.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsound.ts\n#EXT-X-ENDLIST\n"),
        ("pipe.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{pipe}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile sound.ts\n"),
        ("session.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"),
    ],
)
def test_a_list_of_other_files_opens_none(tmp_path: Path, clips, name: str, text: str) -> None:
    sound, pipe = tmp_path / "sound.ts", tmp_path / "pipe.ts"
    write_sound(sound, clips["fleurs_es_003"].path)
    os.mkfifo(pipe)  # opening it would wait for a writer for ever
    (tmp_path / name).write_text(text.format(sound=sound, pipe=pipe))
    assert FileSource(sound).probe(), "the file itself is sound"
    with pytest.raises(AudioError, match="a list of other files"):
        FileSource(tmp_path / name).probe()


def write_sound(path: Path, clip: Path) -> None:
    """A second of ``clip`` in MPEG-TS, which playlists are made of."""
    with av.open(str(clip)) as source, av.open(str(path), "w", format="mpegts") as target:
        stream = target.add_stream("mp2", rate=16_000)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000, frame_size=1152)
        for frame in itertools.islice(source.decode(audio=0), 20):
            for piece in resampler.resample(frame):
                target.mux(stream.encode(piece))
        target.mux(stream.encode(None))


def test_a_tag_that_is_not_utf_8_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "latin-1.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    tag = b"INFOINAM\x05\0\0\0caf\xe9\0\0"
    content = path.read_bytes() + b"LIST" + len(tag).to_bytes(4, "little") + tag
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])
    assert FileSource(path).probe() == 1000


def test_video_without_sound(tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="no audio in it"):
        FileSource(path).probe()


async def test_sound_that_starts_after_the_picture_keeps_its_place(tmp_path, listen, likeness, clip):
    """Captions of a film must fit its picture: the leading gap is silence."""
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for _ in range(30):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        for start in range(0, len(clip), 1600):
            pcm = (clip[start : start + 1600] * 32_768).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(pcm[np.newaxis, :], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, 24_000 + start, Fraction(1, 16_000)
            container.mux(audio.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    heard = await listen(FileSource(path))
    assert heard.notices == []
    score, lag = likeness(heard.samples, clip)
    assert score > 0.999
    assert abs(lag - 24_000) <= 16
    assert not heard.samples[:23_900].any()


def test_unreadable_file(make):
    path = make("secret.wav", "pcm_s16le")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # root may read everything
        os.seteuid(65_534)
    try:
        with pytest.raises(AudioError, match="permission denied"):
            FileSource(path).probe()
    finally:
        os.seteuid(user)


async def test_paced_file_keeps_to_its_schedule(make, listen, clip):
    clock = SessionClock()
    source = FileSource(make("a.flac", "flac", clip[:16_000]), pace=1.0)
    assert source.live
    heard = await listen(source, clock)
    starts = [chunk.capture_ms - chunk.end / 16 for chunk in heard.chunks]
    assert max(starts) - min(starts) < 1e-6  # one schedule for all, however late each chunk was
    assert clock.now_ms() >= 1000  # the last sample of 1 s was not there before its time
    assert all(chunk.received_ms >= chunk.capture_ms for chunk in heard.chunks)


async def test_slow_reader_does_not_shift_the_schedule(make, clip):
    clock = SessionClock()
    captured, ends = [], []
    async for chunk in FileSource(make("a.flac", "flac", clip[:8_000]), pace=2.0).stream(clock):
        captured.append(chunk.capture_ms)
        ends.append(chunk.end / 16 / 2)
        if len(captured) == 3:
            await asyncio.sleep(0.15)
    assert np.ptp(np.array(captured) - np.array(ends)) < 1e-6


async def test_unpaced_file_is_not_live_and_waits_for_its_reader(make, listen):
    source = FileSource(make("a.wav", "pcm_s16le"))
    assert not source.live
    heard = await listen(source, until=8_000)
    assert heard.chunks[-1].end < 9_000


async def test_closing_ends_a_paced_stream_at_once(make, listen):
    source = FileSource(make("a.wav", "pcm_s16le"), pace=0.001)  # its first chunk is due in half a minute
    reading = asyncio.create_task(listen(source))
    await asyncio.sleep(0.1)
    await source.aclose()
    await source.aclose()
    assert (await asyncio.wait_for(reading, 5)).chunks == []


def open_files() -> list[Path]:
    """The files that this process has open, where the system tells (Linux)."""
    descriptors = Path("/proc/self/fd")
    return [link.resolve() for link in descriptors.iterdir() if link.exists()] if descriptors.is_dir() else []


async def test_cancelling_lets_go_of_the_file(make, listen):
    path = make("a.wav", "pcm_s16le")
    reading = asyncio.create_task(listen(FileSource(path, pace=1.0)))
    await asyncio.sleep(0.1)
    assert path in open_files() or not open_files()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert path not in open_files()


def test_pace_out_of_range():
    with pytest.raises(ValueError, match="pace"):
        FileSource("a.wav", pace=-1.0)


def test_three_hours_in_flat_memory(tmp_path):
    """A sparse 3-hour WAV (2 GB at 48 kHz stereo): 20 minutes of it, measured in a process of its own."""
    seconds = 3 * 3600
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        size = seconds * 48_000 * 4
        file.write(b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little"))
        file.write((1).to_bytes(2, "little") + (2).to_bytes(2, "little") + (48_000).to_bytes(4, "little"))
        file.write((192_000).to_bytes(4, "little") + (4).to_bytes(2, "little") + (16).to_bytes(2, "little"))
        file.write(b"data" + size.to_bytes(4, "little"))
        file.truncate(44 + size)
    program = """
import asyncio, resource, sys
from translate.audio import FileSource
from translate.latency import SessionClock

async def main():
    source = FileSource(sys.argv[1])
    assert source.probe() == 3 * 3600 * 1000
    async for chunk in source.stream(SessionClock()):
        if chunk.end == 60 * 16_000:
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if chunk.end == 1200 * 16_000:
            break
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early)

asyncio.run(main())
"""
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 8_192  # KiB that 19 minutes (73 MB as float32) added to the peak
