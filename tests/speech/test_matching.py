"""Finding what is committed in a new hypothesis."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from translate.speech.hypothesis import AlignedWord, join
from translate.speech.matching import after_committed, tail_distance, unsaid


def said(*words: str, start_s: float = 0.0, each_s: float = 0.3, probability: float = 0.9) -> tuple[AlignedWord, ...]:
    return tuple(
        AlignedWord(w, (1,), start_s + i * each_s, start_s + (i + 1) * each_s, probability) for i, w in enumerate(words)
    )


@given(
    st.lists(st.text("bcdfglmnprst", min_size=3, max_size=9), min_size=1, max_size=12, unique=True),
    st.integers(1, 11),
    st.lists(st.floats(-0.12, 0.12), min_size=12, max_size=12),
    st.booleans(),
)
def test_committed_words_are_found_again(texts: list[str], committed: int, jitter: list[float], shout: bool) -> None:
    committed = min(committed, len(texts))
    before = said(*(f" {t}" for t in texts[:committed]))
    now = tuple(
        AlignedWord(f" {t.upper()}," if shout else f" {t}", (2,), i * 0.3 + jitter[i], (i + 1) * 0.3 + jitter[i], 0.9)
        for i, t in enumerate(texts)
    )
    assert after_committed(now, before) == committed


def test_a_changed_spelling_is_still_the_same_word() -> None:
    before = said(" in", " Cintra")
    assert after_committed(said(" in", " Sintra", ",", " which"), before) == 2
    assert after_committed(said(" in", " Sin", "tra", " which", each_s=0.25), before) == 3


def test_a_mark_after_the_committed_words_is_new() -> None:
    before = said(" the", " end")
    now = (*said(" the", " end"), AlignedWord(".", (3,), 0.6, 0.6, 0.9), *said(" Now", start_s=0.7))
    assert after_committed(now, before) == 2


def test_a_word_cut_by_the_end_of_the_audio_is_carried_on() -> None:
    before = said(" den", " Anweis")
    now = said(" den", " Anweisungen", " des")
    rest = unsaid(now, before)
    assert [word.text for word in rest] == ["ungen", " des"]
    assert rest[0].start_s == before[-1].end_s <= rest[0].end_s == now[1].end_s
    again = unsaid(said(" den", " Anweisungens", " des"), (*before, rest[0]))
    assert [word.text for word in again] == ["s", " des"]


def test_what_was_said_again_is_not_carried_on() -> None:
    assert unsaid(said(" den", " anweis", "."), said(" den", " Anweis"))[0].text == "."
    assert unsaid(said(" in", " Sintra"), said(" in", " Cintra")) == ()
    assert unsaid(said(" a", " and", " b"), said(" a"))[0].text == " and"
    # Nothing of the segment is committed yet: what is carried on belongs to the one before.
    assert unsaid(said(" den", " Anweisungen"), said(" den", " Anweis"), carry_on=False) == ()


@given(
    st.lists(
        st.sampled_from(
            ["Anweisungen", "folgen", "Projekt", "Erkennung", "Seite", "dahinter", "zeigt", "morgen", "Nachbarn"]
        ),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    st.integers(0, 7),
    st.integers(3, 8),
)
def test_committed_and_unsaid_together_say_what_was_heard(texts: list[str], whole: int, letters: int) -> None:
    now = said(*(f" {t}" for t in texts))
    whole = min(whole, len(texts) - 1)
    cut = AlignedWord(now[whole].text[: 1 + letters], (1,), now[whole].start_s, now[whole].end_s, 0.99)
    before = (*now[:whole], cut)
    assert join(before) + join(unsaid(now, before)) == join(now)


@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_the_distance_to_a_tail(said: str, spoken: str) -> None:
    assert (tail_distance(said, spoken) == 0) == said.endswith(spoken)
    assert tail_distance("c" + said, spoken) <= tail_distance(said, spoken) <= len(spoken)
    assert tail_distance(said, spoken + "d") in (tail_distance(said, spoken), tail_distance(said, spoken) + 1)
