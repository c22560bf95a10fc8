"""The page in real Chromium with a microphone that plays a clip."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.web.helpers import Opener, Page, transcript, translation, wait_in_page, wait_until
from translate.protocol import schema_of

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

RATE_HZ = 16_000


def start(page: Page, source: str = "es") -> None:
    page.select_option("#source", source)
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="live"], #state[data-state="speech"]')


def stop(page: Page) -> None:
    page.click("#toggle")
    page.wait_for_selector('#state[data-state="idle"]')


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
    start(page)
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
    start(page)
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


def test_committed_text_is_only_ever_added_to(open_page: Opener, server: Any) -> None:
    words = "Hoy en día, las personas escriben mensajes en las pantallas de sus computadoras.".split(" ")  # noqa: SIM905
    revisions = [(" ".join(words[:n]), " " + " ".join(words[n : n + 3])) for n in range(1, len(words))]
    page = open_page()
    start(page)
    page.evaluate(
        """() => {
            window.rewritten = [];
            const note = (what, node) => node.parentElement?.closest('.committed') && window.rewritten.push(what);
            new MutationObserver((records) => {
                for (const record of records) {
                    if (record.type === 'characterData') note('changed', record.target);
                    const committed = record.target.nodeType === 1 && record.target.closest('.committed, .row');
                    if (committed && record.removedNodes.length) {
                        if (!record.target.closest('.tail, .gap')) window.rewritten.push('removed');
                    }
                }
            }).observe(document.getElementById('rows'), {subtree: true, childList: true, characterData: true});
        }"""
    )
    for rev, (committed, tail) in enumerate(revisions):
        server.say("transcript", **transcript(rev, committed, tail)[1])
        wait_in_page(page, "shown => document.querySelector('.cell.spoken')?.textContent === shown", committed + tail)
        assert page.text_content(".cell.spoken .committed") == committed
    pieces = page.evaluate("document.querySelector('.cell.spoken .committed').childNodes.length")
    assert pieces == len(revisions)
    assert page.evaluate("window.rewritten") == []
    style = "getComputedStyle(document.querySelector({!r}))"
    same = "(a, b) => a.font === b.font && a.letterSpacing === b.letterSpacing"
    assert page.evaluate(f"({same})({style.format('.tail')}, {style.format('.committed')})"), (
        "committing moves no letter"
    )
    assert page.evaluate(style.format(".tail") + ".textDecorationLine") == "underline"
    stop(page)


def test_a_speaker_is_not_shown_what_was_said_before(open_page: Opener, server: Any) -> None:
    page = open_page()
    start(page)
    earlier = {"type": "transcript", "start_ms": 0, "end_ms": 1, **transcript(3, "Antes.", final=True)[1]}
    server.say("snapshot", segments=[earlier], last_seq=2)
    server.say("transcript", **transcript(1, "Hoy")[1])
    page.wait_for_selector(".cell.spoken")
    assert page.locator(".cell.spoken").all_text_contents() == ["Hoy"]
    stop(page)


def test_only_finished_sentences_are_announced(open_page: Opener, server: Any) -> None:
    page = open_page()
    start(page)
    for kind, fields in [
        translation(1, "Today", " people"),
        translation(2, "Today people write.", " They"),
        translation(3, "Today people write. They", " do"),
    ]:
        server.say(kind, **fields)
    wait_in_page(page, "document.querySelector('.cell[data-lane=en]')?.textContent.endsWith('They do')")
    assert page.locator("#announcer p").all_text_contents() == ["Today people write."]
    stop(page)


def test_markup_in_speech_is_text(open_page: Opener, server: Any) -> None:
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>&amp;"
    page = open_page()
    start(page)
    server.say("transcript", **transcript(1, nasty, nasty)[1])
    server.say("notice", code="x", message=nasty, retryable=True)
    page.wait_for_selector("#notice:not([hidden])")
    assert page.text_content(".cell.spoken") == nasty + nasty
    assert page.text_content("#notice") == nasty
    assert page.locator("main img, main script").count() == 0
    assert page.title() == "Sottovoce"
    stop(page)


def test_keyboard_alone_is_enough(open_page: Opener, server: Any) -> None:
    page = open_page()

    def tab_to(element: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", element):
                outline = page.evaluate(
                    "(e => getComputedStyle(e.closest('.chip') ?? e).outlineStyle)(document.activeElement)"
                )
                assert outline == "solid", "focus is not visible"
                return
        raise AssertionError(f"{element} is not reached by Tab")

    tab_to("#source")
    page.keyboard.type("Span")
    tab_to("#targets input[value=de]")
    page.keyboard.press("Space")
    tab_to("#toggle")
    page.keyboard.press("Enter")
    page.wait_for_selector('#state[data-state="live"]')
    assert page.inner_text("#toggle") == "Stop"
    hello = server.heard[-1].of("hello")[0]
    assert (hello["source"], sorted(hello["targets"])) == ("es", ["de", "en"])
    page.keyboard.press("Space")
    page.wait_for_selector('#state[data-state="idle"]')
    assert server.heard[-1].of("end")


def test_choices_change_during_a_session(open_page: Opener, server: Any) -> None:
    page = open_page()
    start(page)
    assert page.is_disabled("#source")
    server.say("transcript", **transcript(1, "Hoy", " en")[1])
    page.wait_for_selector(".tail:visible")
    page.click("#targets label:has(input[value=de])")
    page.click("label:has(input[value=calm])")
    heard = server.heard[-1]
    wait_until(lambda: len(heard.of("set")) == 2, "two changes", page)
    assert sorted(heard.of("set")[0]["targets"]) == ["de", "en"]
    assert heard.of("set")[1]["mode"] == "calm"
    assert page.locator("#headings div").all_inner_texts() == ["Spoken · Spanish", "English", "German"]
    assert not page.is_visible(".tail")
    stop(page)


def test_a_dropped_connection_resumes_without_a_gap_or_a_repeat(open_page: Opener, server: Any) -> None:
    server.drop_after_frames = 30
    page = open_page()
    start(page)
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
    start(page)
    server.say("transcript", **transcript(7, "Hoy.", final=True)[1])
    page.wait_for_selector(".cell.spoken")
    server.session, server.log = "session-2", "log-2"
    wait_until(lambda: len(server.heard) == 2 and len(server.heard[1].frames) > 10, "the second session", page)
    server.say("transcript", **transcript(1, "No")[1])
    wait_in_page(page, "document.querySelectorAll('.cell.spoken').length === 2")
    assert page.locator(".cell.spoken").all_text_contents() == ["Hoy.", "No"]
    assert server.heard[1].frames[0][0] == 0
    stop(page)


def test_the_view_sticks_to_the_end_unless_the_reader_scrolls_up(open_page: Opener, server: Any) -> None:
    page = open_page(viewport={"width": 360, "height": 640})
    start(page)

    def say(first: int, count: int) -> None:
        for segment in range(first, first + count):
            server.say("transcript", **transcript(1, f"Frase {segment}. " * 4, segment=segment, final=True)[1])
        wait_in_page(page, "n => document.querySelectorAll('.cell.spoken').length === n", first + count)

    below = "(e => e.scrollHeight - e.scrollTop - e.clientHeight)(document.getElementById('captions'))"
    say(0, 12)
    assert page.evaluate(below) < 2
    page.evaluate("document.getElementById('captions').scrollTop = 50")
    page.wait_for_timeout(200)
    say(12, 2)
    assert page.evaluate("document.getElementById('captions').scrollTop") == 50
    page.click("#jump")
    assert page.evaluate(below) < 2
    assert not page.is_visible("#jump")
    # The smallest move of a finger is the reader's, too: text that comes meanwhile does not pull it back.
    page.hover("#captions")
    page.mouse.wheel(0, -20)
    wait_in_page(page, "(e => e.scrollHeight - e.scrollTop - e.clientHeight)(document.getElementById('captions')) > 10")
    page.wait_for_timeout(100)
    place = page.evaluate("document.getElementById('captions').scrollTop")
    say(14, 2)
    assert page.evaluate("document.getElementById('captions').scrollTop") == place
    page.mouse.wheel(0, 5000)
    page.wait_for_selector("#jump", state="hidden")
    say(16, 2)
    assert page.evaluate(below) < 2
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


@pytest.mark.parametrize(
    ("code", "said"),
    [(1013, "no place for another speaker"), (4404, "not installed"), (4409, "Somebody else is speaking")],
)
def test_refusals_are_told_in_words(open_page: Opener, server: Any, code: int, said: str) -> None:
    server.refuse = (code, "the server's own sentence")
    page = open_page()
    page.click("#toggle")
    page.wait_for_selector("#problem:not([hidden])")
    text = page.inner_text("#problem")
    assert said in text
    assert "the server's own sentence" in text
    page.wait_for_selector('#state[data-state="idle"]')
    page.click("#problem-close")
    assert not page.is_visible("#problem")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NotAllowedError", "blocked for this page"),
        ("NotFoundError", "No microphone"),
        ("NotReadableError", "Another program"),
    ],
)
def test_microphone_problems_are_told_in_words(open_page: Opener, server: Any, name: str, said: str) -> None:
    page = open_page(
        init=f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{name}'));"
    )
    page.click("#toggle")
    page.wait_for_selector("#problem:not([hidden])")
    assert said in page.inner_text("#problem")
    assert page.inner_text("#toggle") == "Start"
    assert server.heard == []


def test_an_insecure_page_says_where_to_go(open_page: Opener) -> None:
    page = open_page(init="Object.defineProperty(globalThis, 'isSecureContext', {value: false});")
    page.click("#toggle")
    page.wait_for_selector("#problem:not([hidden])")
    assert "http://localhost" in page.inner_text("#problem")


@pytest.mark.parametrize(("width", "font"), [(360, "100%"), (360, "200%"), (1280, "100%"), (1280, "200%")])
def test_nothing_overflows_and_contrast_holds(open_page: Opener, server: Any, width: int, font: str) -> None:
    page = open_page(viewport={"width": width, "height": 740}, color_scheme="light")
    page.evaluate("size => { document.documentElement.style.fontSize = size; }", font)
    start(page)
    server.say("transcript", **transcript(1, "Hoy en día, las personas", " escriben")[1])
    server.say("translation", **translation(1, "Today, people", " write")[1])
    page.wait_for_selector(".cell[data-lane=en]")
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(50)
        ratios = page.evaluate(CONTRAST)
        assert len(ratios) == 7
        assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    stop(page)


CONTRAST = """() => {
    const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const luminance = (colour) => {
        const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = channels(colour).map((v) => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (channels(colour)[3] !== 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const names = ['.committed', '.spoken .committed', '.tail', '#state', '#toggle', '#level-word', '.chip span'];
    return Object.fromEntries(names.map((name) => {
        const element = document.querySelector(name);
        const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => b - a);
        return [name, (pair[0] + 0.05) / (pair[1] + 0.05)];
    }));
}"""


def test_theme_and_language_of_the_page_are_kept(open_page: Opener, server: Any) -> None:
    page = open_page(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    page.click("#theme")
    dark = page.evaluate(ground)
    assert dark != light
    page.select_option("#ui-language", "de")
    page.wait_for_selector("html[lang=de]")
    assert page.inner_text("#toggle") == "Start"
    assert page.inner_text("#settings-title") == "Sprachen"
    page.reload()
    page.wait_for_selector("#targets input", state="attached")
    assert page.evaluate(ground) == dark
    assert page.get_attribute("html", "lang") == "de"
    assert page.inner_text("label[for=source]") == "Gesprochen"
