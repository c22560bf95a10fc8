"""The baselines do what their papers say, on a transcriber that knows what it hears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.bench.baselines import LocalAgreement, WholeSegment
from translate.events import RATE_HZ, Samples, Word

EVERY = RATE_HZ // 2
"""A word every half second, as long as 400 ms; a sentence of seven words."""


def speech(start: int, end: int) -> Samples:
    """Samples that say where they stand."""
    return np.arange(start, end, dtype=np.float32)


def word(number: int) -> str:
    return f" w{number}" + ("." if number % 7 == 6 else "")


def hear(samples: Samples, _prompt: str) -> list[Word]:
    """The words that lie wholly in ``samples``, and a wrong one for what is cut off at the end."""
    if not len(samples):
        return []
    start, end = int(samples[0]), int(samples[-1]) + 1
    found = []
    for number in range(-(-start // EVERY), end // EVERY + 1):
        begin, stop = number * EVERY, number * EVERY + 6400
        if begin < end:
            text = word(number) if stop <= end else f" cut{end}"
            found.append(Word(text, (begin - start) * 1000 // RATE_HZ, (min(stop, end) - start) * 1000 // RATE_HZ, 1.0))
    return found


@given(st.lists(st.integers(1, 4), min_size=1, max_size=30), st.integers(0, 5))
def test_local_agreement_says_every_word_once_and_takes_none_back(steps: list[int], at_s: int) -> None:
    policy = LocalAgreement(hear)
    begin = end = at_s * RATE_HZ
    policy.begin(begin)
    committed: tuple[Word, ...] = ()
    for seconds in steps:
        policy.feed(speech(end, end + seconds * RATE_HZ))
        end += seconds * RATE_HZ
        update = policy.update()
        assert update.words[: len(committed)] == committed
        committed = update.words
    final = policy.finish().words
    assert final[: len(committed)] == committed
    assert [w.text for w in final] == [word(n) for n in range(begin // EVERY, end // EVERY)]
    assert [w.start_ms for w in final] == [n * 500 for n in range(begin // EVERY, end // EVERY)]


def test_local_agreement_commits_what_two_transcriptions_agree_on() -> None:
    said = iter(["a b", "a b c", "a b c d", "a b c d"])

    def transcribe(samples: Samples, prompt: str) -> list[Word]:
        return [Word(f" {text}", i * 400, i * 400 + 300, 1.0) for i, text in enumerate(next(said).split())]

    policy = LocalAgreement(transcribe)
    policy.begin(0)
    found = []
    for step in range(3):
        policy.feed(speech(step * RATE_HZ, (step + 1) * RATE_HZ))
        update = policy.update()
        found.append(("".join(w.text for w in update.words), update.tail))
    assert found == [("", " a b"), (" a b", " c"), (" a b c", " d")]
    assert "".join(w.text for w in policy.finish().words) == " a b c d"


def test_local_agreement_drops_old_audio_and_gives_it_as_text() -> None:
    lengths, prompts = [], []

    def transcribe(samples: Samples, prompt: str) -> list[Word]:
        lengths.append(len(samples) / RATE_HZ)
        prompts.append(prompt)
        return hear(samples, prompt)

    policy = LocalAgreement(transcribe)
    policy.begin(0)
    for second in range(60):
        policy.feed(speech(second * RATE_HZ, (second + 1) * RATE_HZ))
        policy.update()
    assert max(lengths) < 20
    assert prompts[0] == ""
    assert prompts[-1].endswith(".")
    assert len(prompts[-1]) <= 200


def test_whole_segments_say_nothing_until_the_end() -> None:
    policy = WholeSegment(hear)
    policy.begin(RATE_HZ)
    policy.feed(speech(RATE_HZ, 4 * RATE_HZ))
    assert policy.update().words == ()
    found = policy.finish().words
    assert [w.text for w in found] == [word(n) for n in range(2, 8)]
    assert found[0].start_ms == pytest.approx(1000)
