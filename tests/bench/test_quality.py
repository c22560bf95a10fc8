"""Error rates and scores counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.bench import quality
from translate.bench.material import Part, Recording
from translate.bench.quality import Errors, Pair
from translate.bench.record import Run
from translate.events import RATE_HZ


def pair(reference: str, hypothesis: str, lang: str = "de") -> Pair:
    return Pair(lang, "speech", reference, hypothesis)


def test_edits_are_summed_over_recordings() -> None:
    found = quality.word_errors([pair("a b c d", "a x c"), pair("e", "e f")])
    assert found == Errors(substitutions=1, deletions=1, insertions=1, reference=5)
    assert found.rate == 3 / 5


def test_case_and_punctuation_do_not_count_and_english_spelling_neither() -> None:
    assert quality.word_errors([pair("Guten Tag, Welt!", "guten tag welt")]).rate == 0
    assert quality.word_errors([pair("It's the colour of twenty.", "it is the color of 20", "en")]).rate == 0


def test_nothing_written_is_all_deleted_and_characters_are_counted_with_spaces() -> None:
    assert quality.word_errors([pair("a b", "")]) == Errors(0, 2, 0, 2)
    assert quality.character_errors([pair("ab cd", "ab cx")]) == Errors(1, 0, 0, 5)


@given(
    st.lists(st.sampled_from(["ja", "nein", "doch"]), min_size=1, max_size=8), st.lists(st.sampled_from(["ja", "o"]))
)
def test_rates_keep_their_bounds(reference: list[str], hypothesis: list[str]) -> None:
    found = quality.word_errors([pair(" ".join(reference), " ".join(hypothesis))])
    edits = found.substitutions + found.deletions + found.insertions
    assert found.reference == len(reference)
    assert abs(len(reference) - len(hypothesis)) <= edits <= max(len(reference), len(hypothesis))
    assert quality.word_errors([pair(" ".join(reference), " ".join(reference))]).rate == 0


def test_the_final_text_is_that_of_every_segment_in_order(hello: Run, make_run: Callable[..., Run]) -> None:
    assert quality.final_text(hello) == "Hello big world."
    assert quality.word_errors(quality.pairs([hello])).rate == 0
    unfinished = make_run([(2, 1, [("two", 1)], "", True), (1, 0, [("one", 1)], " perhaps", False)])
    assert quality.final_text(unfinished) == "one two"
    assert quality.pairs([unfinished]) == [], "no transcript, no measure"


def test_translations_are_scored(
    make_translated_run: Callable[..., Run], make_recording: Callable[..., Recording]
) -> None:
    text = "The cave lies on top of a mountain north of the town."
    of = make_recording(lang="de", translations={"en": text})
    good = make_translated_run([(1, 0, text, "", True)], "en", of)
    bad = make_translated_run([(1, 0, "Something else entirely.", "", True)], "en", of)
    best, worst = (quality.scores(quality.pairs([run], "en")) for run in (good, bad))
    assert best is not None
    assert worst is not None
    assert (best.bleu, best.chrf) == (pytest.approx(100), pytest.approx(100))
    assert worst.chrf < 30
    assert "version" in best.signature
    assert quality.scores(quality.pairs([good], "fr")) is None


def test_a_long_recording_is_rated_at_its_beginning_in_its_middle_and_at_its_end(
    make_run: Callable[..., Run], make_recording: Callable[..., Recording]
) -> None:
    one = make_recording(lang="de", transcript="eins zwei")
    clip = one.parts[0].clip
    parts = tuple(Part(clip, 3000 * i, 3000 * i + 2000) for i in range(6))
    long = replace(one, parts=parts, samples=np.zeros(19 * RATE_HZ, np.float32))
    heard = [(w, 3000 * i + at) for i in range(6) for w, at in ((" eins", 500), (" zwei" if i < 4 else " drei", 1500))]
    first, middle, last = quality.thirds([make_run([(20_000, 0, heard, "", True)], of=long)])
    assert quality.word_errors(first) == quality.word_errors(middle) == Errors(0, 0, 0, 4)
    assert quality.word_errors(last) == Errors(2, 0, 0, 4)
    assert quality.thirds([make_run([], of=one)]) == ([], [], [])
