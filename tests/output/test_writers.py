from __future__ import annotations

import json

import jsonschema
import pytest

from translate.events import EndOfStream, Event, Lag, Marks, Notice, SpeechSpan, Transcript, Translation, Word
from translate.latency import SessionClock
from translate.output.writers import FORMATS, make_writer, one_line
from translate.protocol import schema_of

WORDS = (Word("Hola,", 100, 400, 0.91), Word(" mundo.", 400, 1000, 0.875))
SESSION: list[Event] = [
    SpeechSpan("started", 1600, 120.0),
    Transcript(0, 1, "es", "", "Hola", False, 100, 400, (), Marks(capture=400.0, received=410.0)),
    Translation(0, 1, "en", "", "Hello", False, 1, Marks(capture=400.0, mt_start=500.0, mt_end=520.0)),
    Lag("translation", 2500, "en"),
    Transcript(0, 2, "es", "Hola, mundo.", "", True, 100, 1000, WORDS, Marks(capture=1000.04)),
    Translation(0, 2, "en", "Hello, “world” — 世界.", "", True, 2),
    Notice("overflow", "about 20 ms of sound were lost"),
    SpeechSpan("stopped", 16_000, 1100.0),
    EndOfStream(32_000),
]


class Clock(SessionClock):
    """A clock that goes on by a millisecond whenever it is looked at."""

    def __init__(self) -> None:
        seconds = iter(range(10**6))
        super().__init__(lambda: next(seconds) / 1000)


def written(form: str, targets: tuple[str, ...], events: list[Event]) -> list[str]:
    out: list[str] = []
    writer = make_writer(form, out.append, targets, Clock())
    for event in events:
        writer.add(event)
    writer.close()
    return out


def test_text_is_a_line_for_each_segment() -> None:
    assert written("text", (), SESSION) == ["Hola, mundo."]
    assert written("text", ("en",), SESSION) == ["[es] Hola, mundo.", "[en] Hello, “world” — 世界."]


def test_text_of_a_language_that_is_missing_has_no_line() -> None:
    assert written("text", ("de", "en"), SESSION) == ["[es] Hola, mundo.", "[en] Hello, “world” — 世界."]


def test_json_is_one_document_of_every_segment() -> None:
    (text,) = written("json", ("en",), SESSION)
    assert "世界" in text  # readable as it is
    assert json.loads(text) == {
        "targets": ["en"],
        "length_ms": 2000,
        "segments": [
            {
                "segment": 0,
                "lang": "es",
                "start_ms": 100,
                "end_ms": 1000,
                "text": "Hola, mundo.",
                "words": [
                    {"text": "Hola,", "start_ms": 100, "end_ms": 400, "probability": 0.91},
                    {"text": " mundo.", "start_ms": 400, "end_ms": 1000, "probability": 0.875},
                ],
                "translations": {"en": "Hello, “world” — 世界."},
            }
        ],
    }


@pytest.mark.parametrize(("form", "expected"), [("text", []), ("srt", []), ("vtt", ["WEBVTT\n"])])
def test_silence_makes_an_empty_file(form: str, expected: list[str]) -> None:
    assert written(form, (), [EndOfStream(16_000)]) == expected


def test_silence_makes_a_json_document_without_segments() -> None:
    assert json.loads(written("json", (), [EndOfStream(16_000)])[0])["segments"] == []


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_committed_is_written_when_a_session_breaks_off(form: str) -> None:
    broken = [Transcript(0, 1, "es", "Hola,", " mun", False, 100, 1000, WORDS[:1])]
    assert "Hola," in "".join(written(form, (), broken))


def test_events_are_the_messages_of_the_wire_numbered_without_gaps() -> None:
    lines = written("events", ("en",), SESSION)
    assert len(lines) == len(SESSION)
    checker = jsonschema.Draft202012Validator(schema_of("server"))
    messages = [json.loads(line) for line in lines]
    for number, (line, message) in enumerate(zip(lines, messages, strict=True), start=1):
        assert "\n" not in line
        checker.validate(message)
        assert message["seq"] == number
    assert [message["t_ms"] for message in messages] == sorted(message["t_ms"] for message in messages)
    assert [message["type"] for message in messages] == [
        "speech", "transcript", "translation", "lag", "transcript", "translation", "notice", "speech", "end",
    ]  # fmt: skip
    for message in messages:
        if "marks" in message:
            assert message["marks"]["sent"] == message["t_ms"]
    assert messages[4]["committed"] == "Hola, mundo."
    assert messages[4]["marks"]["capture"] == 1000.0


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Notice("overflow", "sound was lost"), "sound was lost"),
        (Lag("recognition", 2340), "recognition is 2.3 s behind"),
        (Lag("translation", 2340, "de"), "translation (de) is 2.3 s behind"),
        (Lag("translation", 0, "de"), "translation (de) has caught up"),
    ],
)
def test_notices_and_lags_are_said_in_words(event: Notice | Lag, line: str) -> None:
    assert one_line(event) == line
