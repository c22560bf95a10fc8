"""What the speaker's page sends in real Chromium: sound whole and in pace, messages, also after a drop."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.web.helpers import Opener, start, stop, transcript, translation, wait_in_page, wait_until
from translate.protocol import schema_of

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

RATE_HZ = 16_000


def best_correlation(heard: np.ndarray, clip: np.ndarray) -> float:
    """Normalised cross-correlation of the overlap at the best lag; 1: the same sound."""
    size = 1 << (len(heard) + len(clip)).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(clip, size)), size)
    lag = int(np.argmax(product))
    lag = lag - size if lag > size // 2 else lag
    a = heard[max(0, lag) :]
    b = clip[max(0, -lag) :]
    n = min(len(a), len(b))
    return float(np.dot(a[:n], b[:n]) / np.sqrt(np.dot(a[:n], a[:n]) * np.dot(b[:n], b[:n])))


def assert_continuous(frames: list[tuple[int, np.ndarray, float]]) -> None:
    expected = 0
    for position, samples, _ in frames:
        assert position == expected
        expected += len(samples)


def test_microphone_arrives_whole_in_pace_and_resampled(open_page: Opener, server: Any, clip: np.ndarray) -> None:
    page = open_page()
    rate_hz = page.evaluate("new AudioContext().sampleRate")
    assert rate_hz != RATE_HZ, "the worklet would have nothing to resample"
    start(page, "es")
    heard = server.heard[-1]
    wait_until(lambda: len(heard.frames) >= 150, "150 frames", page)
    stop(page)
    assert_continuous(heard.frames)
    assert {len(samples) for _, samples, _ in heard.frames[:-1]} == {640}
    spoken_s = (heard.frames[149][0] - heard.frames[10][0]) / RATE_HZ
    arrived_s = heard.frames[149][2] - heard.frames[10][2]
    assert spoken_s == pytest.approx(arrived_s, rel=0.1)
    assert best_correlation(heard.audio().astype(float), clip) > 0.7
    assert heard.messages[-1]["type"] == "end"


def test_messages_of_the_page(open_page: Opener, server: Any) -> None:
    server.script = [transcript(1, "Hoy", " en"), translation(1, "Today")]
    page = open_page()
    start(page, "es")
    heard = server.heard[-1]
    wait_until(lambda: len(heard.of("painted")) == 2, "two paintings", page)
    wait_until(lambda: len(heard.of("ping")) >= 3, "three pings", page)
    stop(page)
    assert [message["seq"] for message in heard.messages] == list(range(1, len(heard.messages) + 1))
    contract = Draft202012Validator(schema_of("client"))
    for message in heard.messages:
        contract.validate(message)
    hello = heard.messages[0]
    assert (hello["type"], hello["role"], hello["source"], hello["targets"]) == ("hello", "speaker", "es", ["en"])
    # The fake server's clock and its marks are one clock: a painting maps to within a second after its sending.
    now_ms = server._now_ms()
    for painted in heard.of("painted"):
        assert now_ms - 20_000 < painted["painted_ms"] < now_ms
    wait_in_page(page, "document.querySelectorAll('#latency-lanes table').length === 2")
    summary = page.inner_text("#latency-summary")
    assert 0.5 <= float(re.findall(r"[\d.]+", summary)[0]) < 5, "the fake marks begin half a second before sending"
    rows = page.locator("#latency-lanes table").nth(1).locator("tbody th").all_inner_texts()
    assert rows == [
        "Microphone → server",
        "Voice detection",
        "Waiting for recognition",
        "Recognition",
        "Waiting for translation",
        "Translation",
        "Until sent",
        "Server → this screen",
    ]


def test_a_dropped_connection_resumes_without_a_gap_or_a_repeat(open_page: Opener, server: Any) -> None:
    server.drop_after_frames = 30
    page = open_page()
    start(page, "es")
    server.say("transcript", **transcript(1, "Hoy")[1])
    wait_until(lambda: len(server.heard) == 2 and len(server.heard[1].frames) > 60, "the second connection", page)
    server.say("transcript", **transcript(1, "Hoy")[1])
    server.say("transcript", **transcript(2, "Hoy en")[1])
    wait_in_page(page, "document.querySelector('.cell.spoken')?.textContent === 'Hoy en'")
    stop(page)
    first, second = server.heard
    hello = second.of("hello")[0]
    assert hello["resume"] == "resume-session-1"
    assert hello["last_seq"] >= 1
    stream: dict[int, np.ndarray] = {}
    for position, samples, _ in first.frames + second.frames:
        if position in stream:
            assert np.array_equal(stream[position], samples)
        stream[position] = samples
    assert_continuous([(position, stream[position], 0.0) for position in sorted(stream)])


def test_another_session_after_a_restart_keeps_what_was_read(open_page: Opener, server: Any) -> None:
    server.drop_after_frames = 40
    page = open_page()
    start(page, "es")
    server.say("transcript", **transcript(7, "Hoy.", final=True)[1])
    page.wait_for_selector(".cell.spoken")
    server.session, server.log = "session-2", "log-2"
    wait_until(lambda: len(server.heard) == 2 and len(server.heard[1].frames) > 10, "the second session", page)
    server.say("transcript", **transcript(1, "No")[1])
    wait_in_page(page, "document.querySelectorAll('.cell.spoken').length === 2")
    assert page.locator(".cell.spoken").all_text_contents() == ["Hoy.", "No"]
    assert server.heard[1].frames[0][0] == 0
    stop(page)


@pytest.mark.slow
def test_a_sample_is_played_through_the_same_path(open_page: Opener, server: Any, clip: np.ndarray) -> None:
    page = open_page()
    page.click("button[data-sample=es]")
    page.wait_for_selector('#state[data-state="sample"]')
    heard = server.heard[-1]
    assert heard.of("hello")[0]["source"] == "es"
    wait_until(lambda: bool(heard.of("end")), "the end of the sample", page, 25)
    page.wait_for_selector('#state[data-state="idle"]')
    assert_continuous(heard.frames)
    length_s = heard.frames[-1][0] / RATE_HZ
    assert len(clip) / RATE_HZ + 1 < length_s < len(clip) / RATE_HZ + 4
    assert length_s == pytest.approx(heard.frames[-1][2] - heard.frames[0][2], abs=0.5)
    assert best_correlation(heard.audio().astype(float), clip) > 0.95
