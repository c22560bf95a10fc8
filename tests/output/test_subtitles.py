from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from translate.events import Transcript, Translation, Word
from translate.latency import SessionClock
from translate.output.collect import Caption
from translate.output.linebreak import pieces
from translate.output.subtitles import Cue, cues_of, srt, vtt
from translate.output.writers import make_writer

_TIME = r"(\d\d+):([0-5]\d):([0-5]\d)[,.](\d{3})"


@dataclass(frozen=True)
class Read:
    """A cue as it was read back from a file."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def read(text: str, form: str) -> list[Read]:
    """What a player makes of a subtitle file: blocks between blank lines, a time line in each."""
    blocks = [block.split("\n") for block in text.rstrip("\n").split("\n\n")]
    if form == "vtt":
        assert blocks.pop(0) == ["WEBVTT"]
    found = []
    for number, block in enumerate(blocks, start=1):
        if block == [""]:
            continue
        if form == "srt":
            assert block.pop(0) == str(number)
        times = re.fullmatch(f"{_TIME} --> {_TIME}", block[0])
        assert times, block
        assert ("," in block[0]) == (form == "srt")
        hours = [int(part) for part in times.groups()]
        start_ms, end_ms = (((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (hours[:4], hours[4:]))
        lines = tuple(block[1:])
        assert not any("-->" in line for line in lines)
        found.append(Read(start_ms, end_ms, tuple(map(html.unescape, lines)) if form == "vtt" else lines))
    return found


def written(captions: Sequence[tuple[Transcript, dict[str, str]]], form: str, targets: tuple[str, ...]) -> list[Read]:
    """The file that the writer makes of finished segments, read back."""
    out: list[str] = []
    writer = make_writer(form, out.append, targets, SessionClock())
    for transcript, translations in captions:
        writer.add(transcript)
        for lang in targets:
            if lang in translations:
                writer.add(Translation(transcript.segment, 1, lang, translations[lang], "", True, 1))
    writer.close()
    return read("".join(piece + "\n" for piece in out), form)


def letters(text: str) -> str:
    """Text without white space, and without what SRT cannot hold (an arrow of a time line)."""
    return re.sub(r"[-→>]+", "", "".join(text.split()))


_WORDS = st.one_of(
    st.from_regex(r" [a-zäßéñ]{1,15}[,.?!]?", fullmatch=True),
    st.sampled_from(
        [" -->", " <i>", "&amp;", " a\n\nb", "\n", " ", "", "。", "、", "「", "ー", "\u00a0%", "\u2028", "\r"]
    ),
    st.text("日本語東京中文你好カタカナですまちょっと", min_size=1, max_size=60),
    st.text("สวัสดีครับภาษาไทย", min_size=1, max_size=30),
    st.text(max_size=8),
    st.from_regex(r" [a-z]{43,120}", fullmatch=True),
)
_TIMES = st.integers(0, 20_000)


@st.composite
def segments(draw: st.DrawFn) -> list[tuple[Transcript, dict[str, str]]]:
    """Finished segments, at times in and out of order, with translations of any length."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        texts = draw(st.lists(_WORDS, max_size=25))
        words = tuple(Word(text, draw(_TIMES), draw(_TIMES), 0.5) for text in texts)
        start_ms, end_ms = sorted((draw(_TIMES), draw(_TIMES)))
        committed = "".join(texts)
        translations = {lang: "".join(draw(st.lists(_WORDS, max_size=25))) for lang in draw(st.sets(_LANGUAGES))}
        found.append(
            (Transcript(number, 1, "en", committed, "", True, start_ms, end_ms, words), translations)
        )  # fmt: skip
    return found


_LANGUAGES = st.sampled_from(["de", "ja"])


@pytest.mark.parametrize(("form", "targets"), [("srt", ()), ("vtt", ("de",))])
@settings(max_examples=50)
@given(captions=segments())
def test_whatever_was_said_makes_a_sound_file_with_all_of_it(
    form: str, targets: tuple[str, ...], captions: list[tuple[Transcript, dict[str, str]]]
) -> None:
    cues = written(captions, form, targets)
    for cue, after in pairwise(cues):
        assert cue.end_ms <= after.start_ms
    for cue in cues:
        assert cue.start_ms < cue.end_ms
        assert 1 <= len(cue.lines) <= 2
        for line in cue.lines:
            assert line.strip()
            assert len(line.splitlines()) == 1
            assert cell_len(line) <= 42 or len(list(pieces(line))) == 1
    kept = [(t, lang) for t, lang in captions if t.committed.strip()]
    expected = "".join(lang.get(targets[0], "") if targets else transcript.committed for transcript, lang in kept)
    assert letters("".join(line for cue in cues for line in cue.lines)) == letters(expected)


@settings(max_examples=50)
@given(captions=segments())
def test_several_languages_share_a_file_in_the_order_of_their_times(
    captions: list[tuple[Transcript, dict[str, str]]],
) -> None:
    # Letters of one language and digits of the other, so that a cue says which it is.
    marked = [
        (t, {"de": " ".join("a" * (1 + len(w) % 9) for w in t.committed.split()), "ja": "12 " * len(texts)})
        for t, texts in captions
    ]
    cues = written(marked, "srt", ("de", "ja"))
    assert [cue.start_ms for cue in cues] == sorted(cue.start_ms for cue in cues)
    for digits in (True, False):
        own = [cue for cue in cues if cue.lines[0][0].isdigit() == digits]
        for cue, after in pairwise(own):
            assert cue.start_ms < cue.end_ms <= after.start_ms


def caption(*words: tuple[str, int, int]) -> Caption:
    made = tuple(Word(text, start_ms, end_ms, 0.9) for text, start_ms, end_ms in words)
    text = "".join(word.text for word in made)
    return Caption(Transcript(0, 1, "en", text, "", True, made[0].start_ms, made[-1].end_ms, made))


def test_the_times_of_a_cue_are_those_of_its_words() -> None:
    words = [(f" word{number:04}", 1000 * number, 1000 * number + 900) for number in range(12)]
    first, second = cues_of(caption(*words), None)
    assert (first.start_ms, first.end_ms) == (0, 7900)  # four words of eight letters a line
    assert (second.start_ms, second.end_ms) == (8000, 11_900)
    assert first.text == "word0000 word0001 word0002 word0003\nword0004 word0005 word0006 word0007"


def test_punctuation_stays_with_its_word() -> None:
    words = [(" " + "a" * 41, 0, 500), (",", 500, 510), (" b", 510, 600), (".", 600, 610)]
    (cue,) = cues_of(caption(*words), None)
    assert cue.text == "a" * 41 + ",\nb."


def test_a_short_cue_stays_to_be_read_while_there_is_room() -> None:
    yes = caption(("Yes.", 1000, 1100))
    assert cues_of(yes, None) == [Cue(1000, 1700, "Yes.")]
    assert cues_of(yes, None, until_ms=1400) == [Cue(1000, 1400, "Yes.")]
    assert cues_of(yes, None, after_ms=1050, until_ms=900) == [Cue(1050, 1051, "Yes.")]
    long = caption(("Supercalifragilistic expialidocious.", 0, 100))
    assert cues_of(long, None)[0].end_ms == 36 * 60


def test_a_translation_is_timed_by_its_length() -> None:
    spoken = caption(("uno", 1000, 2000), (" dos", 2000, 5000))
    spoken.translations["de"] = Translation(0, 1, "de", " ".join(["zweiundvierzig"] * 10), "", True, 1)
    cues = cues_of(spoken, "de")
    assert "".join(cue.text for cue in cues).replace("\n", "").replace(" ", "") == "zweiundvierzig" * 10
    # Four words, four words and two words of ten share the four seconds; the last stays until it is read.
    assert [round((cue.start_ms - 1000) / 400) for cue in cues] == [0, 4, 8]
    assert [cue.end_ms for cue in cues[:2]] == [cue.start_ms for cue in cues[1:]]
    assert cues[-1].end_ms == cues[-1].start_ms + 60 * 29


def test_without_times_of_words_the_segment_times_the_text() -> None:
    transcript = Transcript(0, 1, "en", "no alignment", "", True, 3000, 5000)
    assert cues_of(Caption(transcript), None) == [Cue(3000, 5000, "no alignment")]


def test_a_language_that_said_nothing_makes_no_cue() -> None:
    spoken = caption(("Hello.", 0, 500))
    assert cues_of(spoken, "de") == []
    spoken.translations["de"] = Translation(0, 1, "de", "  ", "", True, 1)
    assert cues_of(spoken, "de") == []


def test_lines_of_wide_characters_are_half_as_long() -> None:
    (cue,) = cues_of(caption(("東" * 42, 0, 9000)), None)
    assert cue.text == "東" * 21 + "\n" + "東" * 21


@example(ms=0)
@example(ms=359_999_999)
@given(ms=st.integers(0, 10**9))
def test_clocks_of_both_forms_say_the_same_time(ms: int) -> None:
    cue = Cue(ms, ms + 1, "x")
    (in_srt,), (in_vtt,) = read(srt(1, cue), "srt"), read("WEBVTT\n\n" + vtt(cue), "vtt")
    assert (in_srt.start_ms, in_srt.end_ms) == (in_vtt.start_ms, in_vtt.end_ms) == (ms, ms + 1)


def test_markup_is_text() -> None:
    cue = Cue(0, 1000, "<b>R&D</b> --> {done}")
    assert "&lt;b&gt;R&amp;D&lt;/b&gt; --&gt; {done}" in vtt(cue)
    assert srt(1, cue).count("-->") == 1
