"""What was taken back, counted by hand."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from translate.bench import silence, stability
from translate.bench.record import Run


def test_erased_tokens_are_counted(hello: Run) -> None:
    found = stability.measure([hello])
    assert (found.erased_tokens, found.final_tokens, found.taken_back) == (2, 3, 0)  # "beg", and "world" for "world."
    assert found.normalised_erasure == 2 / 3


def test_a_word_that_moves_to_the_next_segment_was_not_erased(make_run: Callable[..., Run]) -> None:
    run = make_run(
        [
            (1000, 0, [("Yes.", 300)], " No", False),
            (1500, 0, [("Yes.", 300)], "", True),
            (1500, 1, [], "No", False),
            (2000, 1, [("No", 800)], "", True),
        ]
    )
    assert stability.measure([run]).erased_tokens == 0


def test_committed_text_that_changes_is_a_fault(make_run: Callable[..., Run]) -> None:
    run = make_run([(1000, 0, [("a", 1), (" b", 2), (" c", 3)], "", False), (2000, 0, [("a", 1), (" x", 2)], "", True)])
    assert stability.measure([run]).taken_back == 2


def test_a_committed_word_that_grows_is_none(make_translated_run: Callable[..., Run]) -> None:
    run = make_translated_run([(1, 0, "guten Ta", "", False), (2, 0, "guten Tag", "", True)], "de")
    assert stability.measure([run], "de").taken_back == 0
    assert stability.measure([run], "fr").final_tokens == 0


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=4), max_size=6))
def test_text_that_only_grows_is_never_erased(make_translated_run: Callable[..., Run], growth: list[list[str]]) -> None:
    words: list[str] = []
    revisions = []
    for step, more in enumerate(growth):
        words += more
        revisions.append((float(step), 0, " ".join(words), "", False))
    revisions.append((99.0, 0, " ".join(words), "", True))
    found = stability.measure([make_translated_run(revisions, "fr")], "fr")
    assert (found.erased_tokens, found.taken_back, found.final_tokens) == (0, 0, len(words))


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=5), min_size=1, max_size=8))
def test_what_was_shown_and_is_gone_was_erased(make_translated_run: Callable[..., Run], tails: list[list[str]]) -> None:
    """Every token ever shown either stays or was erased, once for each time it was shown."""
    revisions = [(float(step), 0, "", " ".join(tail), False) for step, tail in enumerate(tails)]
    revisions.append((99.0, 0, "", "", True))
    found = stability.measure([make_translated_run(revisions, "fr")], "fr")
    assert max(map(len, tails)) <= found.erased_tokens <= sum(map(len, tails))


def test_words_in_silence_are_counted_by_the_minute(
    make_run: Callable[..., Run], make_recording: Callable[..., object]
) -> None:
    quiet = make_run([], of=make_recording(30.0))
    noisy = make_run(
        [(900, 0, [], "Thank you so", False), (1500, 0, [("Thank", 400), (" you.", 600)], "", True)],
        of=make_recording(30.0),
    )
    found = silence.measure([quiet, noisy], "en")
    assert (found.minutes, found.committed, found.shown, found.noisy) == (1.0, 2, 3, {"talk": 2})
    assert found.words_per_minute == 2.0
