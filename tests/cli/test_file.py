"""``sottovoce file`` on real speech, from the sound to what is written, in a process of its own."""

from __future__ import annotations

import itertools
import json
import re
import signal
from typing import Any

import av
import jsonschema
import numpy as np
import pytest
from jiwer import wer
from whisper_normalizer.english import EnglishTextNormalizer

from translate.protocol import schema_of

pytestmark = pytest.mark.models

NAME = "fleurs_en_007"


@pytest.fixture(scope="module")
def pcm(clips) -> bytes:
    """The clip as signed 16-bit samples at 16 kHz."""
    with av.open(str(clips[NAME].path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames]).tobytes()


def errors_in(text: str, clip: Any) -> float:
    """Word error rate of ``text``."""
    normal = EnglishTextNormalizer()
    return wer(normal(clip.transcript), normal(text))


def messages_of(stdout: str) -> list[dict[str, Any]]:
    """The JSON lines, each held against the contract, numbered without gaps."""
    checker = jsonschema.Draft202012Validator(schema_of("server"))
    messages = [json.loads(line) for line in stdout.splitlines()]
    for number, message in enumerate(messages, start=1):
        checker.validate(message)
        assert message["seq"] == number
    return messages


def finals_of(messages: list[dict[str, Any]]) -> str:
    """The text of all segments, each of which only grew and was closed at its end."""
    texts = [message for message in messages if message["type"] in ("transcript", "translation")]
    by_segment: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for message in texts:
        by_segment.setdefault((message["type"], message["segment"], message["lang"]), []).append(message)
    for revisions in by_segment.values():
        for message, after in itertools.pairwise(revisions):
            assert after["committed"].startswith(message["committed"])
            assert after["rev"] > message["rev"]
        assert [message["final"] for message in revisions] == [False] * (len(revisions) - 1) + [True]
        assert revisions[-1]["tail"] == ""
    return " ".join(revisions[-1]["committed"] for revisions in by_segment.values())


def test_text(run, fast: tuple[str, ...], clips) -> None:
    ran = run("file", clips[NAME].path, *fast)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert errors_in(ran.stdout, clips[NAME]) < 0.3


def test_json_times_every_word_within_the_recording(run, fast: tuple[str, ...], clips) -> None:
    ran = run("file", clips[NAME].path, *fast, "--format", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    document = json.loads(ran.stdout)
    assert document["length_ms"] == pytest.approx(clips[NAME].seconds * 1000, abs=10)
    words = [word for segment in document["segments"] for word in segment["words"]]
    assert errors_in("".join(word["text"] for word in words), clips[NAME]) < 0.3
    assert all(0 <= word["start_ms"] <= word["end_ms"] <= document["length_ms"] for word in words)


def test_subtitles(run, fast: tuple[str, ...], clips) -> None:
    ran = run("file", clips[NAME].path, *fast, "--format", "srt")
    assert (ran.returncode, ran.stderr) == (0, "")
    times = re.findall(r"00:00:(\d\d),(\d\d\d) --> 00:00:(\d\d),(\d\d\d)", ran.stdout)
    spans = [(int(s1) * 1000 + int(ms1), int(s2) * 1000 + int(ms2)) for s1, ms1, s2, ms2 in times]
    assert spans
    flat = [moment for span in spans for moment in span]
    assert flat == sorted(flat)
    text = [line for line in ran.stdout.splitlines() if line and "-->" not in line and not line.isdigit()]
    assert all(len(line) <= 42 for line in text)
    assert errors_in(" ".join(text), clips[NAME]) < 0.3


def test_events_are_all_there_is_on_standard_output(run, fast: tuple[str, ...], clips) -> None:
    ran = run("file", clips[NAME].path, *fast, "--format", "events", "--verbose")
    assert ran.returncode == 0
    messages = messages_of(ran.stdout)
    assert errors_in(finals_of(messages), clips[NAME]) < 0.3
    assert messages[-1]["type"] == "end"
    assert messages[-1]["position"] == pytest.approx(clips[NAME].seconds * 16_000, abs=160)
    for marks in (message["marks"] for message in messages if "marks" in message):
        assert marks["asr_start"] <= marks["asr_end"] <= marks["sent"]
    assert not any(word in ran.stderr for word in clips[NAME].transcript.split() if len(word) > 5)


def test_translation_to_english_by_the_embedded_model(run, clips) -> None:
    arguments = ("--from", "de", "--to", "en", "--format", "events", "--calm")
    ran = run("file", clips["t2_covost_de_001"].path, *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    messages = messages_of(ran.stdout)
    said = finals_of([message for message in messages if message.get("lang") == "de"])
    assert wer(clips["t2_covost_de_001"].transcript.lower(), said.lower()) <= 0.5
    translations = [message for message in messages if message["type"] == "translation"]
    assert "point" in finals_of(translations)
    assert all(message["tail"] == "" for message in translations)


def test_raw_audio_that_ends_within_a_sample_is_captioned_and_that_is_said(
    run, fast: tuple[str, ...], clips, pcm
) -> None:
    ran = run("file", "-", *fast, stdin=pcm + b"x")
    assert (ran.returncode, ran.stderr) == (
        0, "sottovoce: standard input ended within a sample; 1 bytes dropped\n"
    )  # fmt: skip
    assert errors_in(ran.stdout, clips[NAME]) < 0.3


@pytest.mark.parametrize(
    ("stdin", "part"), [(b"", "no audio on standard input"), (b"x", "no audio"), (b"RIFF" + bytes(99), "a WAV file")]
)
def test_standard_input_without_raw_audio_is_refused(refused, fast: tuple[str, ...], stdin: bytes, part: str) -> None:
    assert part in refused(2, "file", "-", *fast, stdin=stdin)


def test_a_language_that_no_model_here_knows_is_refused(refused, fast: tuple[str, ...], clips) -> None:
    assert "knows only English" in refused(2, "file", clips[NAME].path, "--from", "es", *fast[2:])
    assert "no installed model translates" in refused(3, "file", clips[NAME].path, *fast, "--to", "lo")


def test_a_reader_that_goes_away_ends_it_without_a_word(start, fast: tuple[str, ...], clips) -> None:
    with start("file", clips[NAME].path, *fast, "--format", "events") as process:
        assert json.loads(process.stdout.readline())["seq"] == 1
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr.read() == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_finishes_what_was_heard(
    start, fast: tuple[str, ...], clips, number: signal.Signals, status: int
) -> None:
    clip = clips["fleurs_en_002"]
    with start("file", clip.path, *fast, "--pace", "2", "--format", "events") as process:
        lines = []
        # A word that stands: what is only supposed may turn out to be nothing.
        while not any(re.search(r'"type":"transcript".*"committed":"[^"]', line) for line in lines):
            lines.append(process.stdout.readline())
        process.send_signal(number)
        lines += process.stdout.readlines()
        assert process.wait(30) == status
        assert process.stderr.read() == ""
    messages = messages_of("".join(lines))
    said = finals_of(messages)
    assert said
    assert messages[-1]["type"] == "end"
    assert messages[-1]["position"] < (clip.seconds - 1) * 16_000


def test_where_nobody_speaks_that_is_said(run, clips, fast: tuple[str, ...]) -> None:
    ran = run("file", clips["pv_empty"].path, *fast)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "sottovoce: no speech was found\n")
