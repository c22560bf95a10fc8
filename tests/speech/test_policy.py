"""The commit policy: what it promises for any hypothesis."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from translate.speech.hypothesis import AlignedWord, Hypothesis, is_punctuation, normalized
from translate.speech.policy import (
    CommitPolicy,
    committable,
    committable_at_pause,
    cut_after,
    plausible,
    sentence_end,
)

POLICY = CommitPolicy(agreed_s=0.1, fresh_s=0.4, doubt=2.0, longest_s=1.0, early_s=0.2, fresh_probability=0.8)

texts = st.one_of(
    st.sampled_from([".", ",", "?", " ...", "。", " —"]),
    st.text("abcdeéñß語日本", min_size=1, max_size=8).map(lambda t: " " + t),
)


@st.composite
def spoken(draw: st.DrawFn, most: int = 14) -> tuple[AlignedWord, ...]:
    """Words in order of time."""
    words, at = [], draw(st.floats(0, 0.5))
    for text in draw(st.lists(texts, max_size=most)):
        length = 0.0 if is_punctuation(text) else draw(st.floats(0.04, 0.7))
        words.append(AlignedWord(text, (1,), at, at + length, 0.9))
        at += length + draw(st.sampled_from([0.0, 0.0, 0.1, 0.5]))
    return tuple(words)


def said(*words: str, start_s: float = 0.0, each_s: float = 0.3, probability: float = 0.9) -> tuple[AlignedWord, ...]:
    return tuple(
        AlignedWord(w, (1,), start_s + i * each_s, start_s + (i + 1) * each_s, probability) for i, w in enumerate(words)
    )


@given(spoken(), spoken(), st.floats(0, 12))
def test_committed_words_end_before_the_audio_and_not_in_a_mark(
    words: tuple[AlignedWord, ...], previous: tuple[AlignedWord, ...], audio_s: float
) -> None:
    count = committable(words, previous, audio_s, POLICY)
    sounded = [word for word in words[:count] if not is_punctuation(word.text)]
    assert all(word.end_s <= audio_s - POLICY.agreed_s for word in sounded)
    assert count == 0 or not is_punctuation(words[count - 1].text)
    for i, word in enumerate(words[:count]):
        seen_before = i < len(previous) and normalized(previous[i].text) == normalized(word.text)
        if not seen_before and not is_punctuation(word.text):
            assert word.end_s <= audio_s - POLICY.fresh_s
            assert word.probability >= POLICY.fresh_probability or word.end_s <= audio_s - POLICY.longest_s


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 5), st.booleans())
def test_doubt_and_an_early_place_lengthen_the_margin_up_to_a_limit(
    one: float, other: float, start_s: float, agreed: bool
) -> None:
    less, more = sorted((one, other))

    def margin_s(probability: float, start_s: float) -> float:
        return POLICY.margin_s(AlignedWord(" so", (1,), start_s, start_s + 0.3, probability), agreed=agreed)

    assert margin_s(more, start_s) <= margin_s(less, start_s) <= POLICY.longest_s
    assert margin_s(one, 0.5) >= margin_s(one, 2.0)
    assert margin_s(1.0, 2.0) == (POLICY.agreed_s if agreed else POLICY.fresh_s)


def test_agreement_commits_earlier_than_a_first_sight() -> None:
    words = said(" the", " house", " is", start_s=2, probability=0.95)
    assert committable(words, (), 3.05, POLICY) == 2
    assert committable(words, said(" the", " house", " is"), 3.05, POLICY) == 3
    assert committable(words, said(" the", " horse"), 3.05, POLICY) == 2


def test_an_improbable_word_waits_and_holds_back_what_follows_but_not_for_ever() -> None:
    words = said(" the", " house", " is", start_s=2, probability=0.95)  # the house ends at 2.6 s
    doubted = (words[0], replace(words[1], probability=0.7), words[2])
    assert committable(doubted, (), 3.4, POLICY) == 1
    assert committable(doubted, words, 3.4, POLICY) == 3, "seen twice"
    assert committable(doubted, words, 3.1, POLICY) == 1
    assert committable(doubted, (), 3.7, POLICY) == 3, "the longest margin"


def test_at_a_pause_all_words_go_but_improbable_ones_and_a_last_mark() -> None:
    words = (*said(" the", " house", probability=0.9), AlignedWord(".", (3,), 0.6, 0.6, 0.2))
    assert committable_at_pause(words, 0.5) == 2
    assert committable_at_pause((*words, *said(" Is", start_s=0.6, probability=0.4)), 0.5) == 2
    assert committable_at_pause((), 0.5) == 0


@given(spoken(), st.floats(0, 12))
def test_words_past_the_audio_are_dropped(words: tuple[AlignedWord, ...], audio_s: float) -> None:
    kept = plausible(Hypothesis(words), audio_s)
    assert kept == words[: len(kept)]
    assert all(word.start_s <= audio_s for word in kept if not is_punctuation(word.text))


def test_the_last_mark_stays_with_its_word_wherever_it_is_aligned() -> None:
    words = (*said(" the", " end"), AlignedWord(".", (3,), 1.4, 1.5, 0.9))
    assert plausible(Hypothesis(words), 0.7) == words


def test_doubted_speech_is_dropped() -> None:
    sure, unsure = (said(" Thank", " you", ".", probability=p) for p in (0.9, 0.4))
    assert plausible(Hypothesis(unsure, no_speech_probability=0.3), 5.0) == ()
    assert plausible(Hypothesis(unsure, no_speech_probability=0.1), 5.0) == unsure
    assert plausible(Hypothesis(sure, no_speech_probability=0.6), 5.0) == sure
    assert plausible(Hypothesis(sure, no_speech_probability=0.9), 5.0) == ()
    assert plausible(Hypothesis(said(" um", " hm", probability=0.1), no_speech_probability=0.0), 5.0) == ()


def test_a_loop_where_the_model_hears_little_speech_is_dropped_whole() -> None:
    looped = said(*([" no"] * 12))
    assert plausible(Hypothesis(looped, no_speech_probability=0.5), 5.0) == ()
    assert plausible(Hypothesis(looped, no_speech_probability=0.1), 5.0) == looped[:1]


@given(
    st.lists(st.text("abcdeñ語", min_size=1, max_size=6), min_size=4, max_size=9, unique=True),
    st.integers(2, 5),
    st.integers(0, 3),
)
def test_a_loop_is_cut_after_its_first_round(unit: list[str], rounds: int, partial: int) -> None:
    looped = said(*(f" {w}" for w in unit * rounds + unit[:partial]), each_s=0.1)
    assert plausible(Hypothesis(looped), 99.0) == looped[: len(unit)]


def test_what_people_repeat_is_kept() -> None:
    for phrase in (" no no no", " bye bye", " very very very good", " that that is is", " I know I know"):
        words = said(*(f" {w}" for w in phrase.split()))
        assert plausible(Hypothesis(words), 99.0) == words


def test_sentence_end_needs_a_committable_word_after_it() -> None:
    words = said(" Yes", ".", " No", ".", " Then")
    assert sentence_end(words, 5) == 2
    assert sentence_end(words, 2) is None
    assert sentence_end(said(" Yes", ",", " No"), 3) is None
    assert sentence_end(said(" ¿Sí", "?", " Claro"), 3) == 2


@given(spoken(most=30), st.floats(1, 20), st.floats(0.5, 8))
def test_a_cut_keeps_the_newest_audio(words: tuple[AlignedWord, ...], audio_s: float, keep_s: float) -> None:
    count = cut_after(words, audio_s, keep_s)
    if count is not None:
        assert 0 < count < len(words)
        assert words[count].start_s <= audio_s - keep_s
