import itertools
from collections.abc import Iterator, Sequence
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translation.adversary import Adversary
from translate.config import MtConfig
from translate.events import Transcript
from translate.translation import Draft, Hypothesis, IncrementalTranslator, Route, TranslationEngine, plan
from translate.translation.direction import Direction
from translate.translation.segment import SegmentTranslator


def transcript(committed: str, tail: str = "", *, rev: int = 1, final: bool = False, segment: int = 0) -> Transcript:
    return Transcript(segment, rev, "es", committed, tail, final, 0, 0)


def spoken(text: str, *, lag: int = 2, segment: int = 0) -> Iterator[Transcript]:
    """``text`` as a recognizer reports it: a word more each time, the last ``lag`` words not certain yet."""
    words = text.split()
    for heard in range(1, len(words) + 1):
        certain = max(0, heard - lag)
        committed = " ".join(words[:certain])
        tail = (" " if certain else "") + " ".join(words[certain:heard])
        yield transcript(committed, tail, rev=heard, segment=segment)
    yield transcript(text, "", rev=len(words) + 1, final=True, segment=segment)


def check_promises(drafts: Sequence[Draft]) -> None:
    """What every reader relies on."""
    for before, after in itertools.pairwise(drafts):
        assert after.committed.startswith(before.committed)
    assert all(draft.tail == "" for draft in drafts if draft.final)


def run(route: Route, revisions: Sequence[Transcript], mode: str = "fast") -> list[Draft]:
    translator = IncrementalTranslator(route, route.source, route.target, MtConfig(), mode)  # type: ignore[arg-type]
    return [translator.step(revision) for revision in revisions]


COUNTED = "uno dos tres cuatro cinco seis siete ocho nueve diez"
COUNTED_EN = "one two three four five six seven eight nine ten"
COUNTED_DE = "eins zwei drei vier fünf sechs sieben acht neun zehn"


@pytest.mark.parametrize("name", ["opus", "nllb", "student"])
def test_words_are_committed_while_they_are_spoken(engines: dict[str, TranslationEngine], name: str) -> None:
    drafts = run(plan("es", "en", [engines[name]], False), list(spoken(COUNTED)))
    check_promises(drafts)
    assert drafts[-1] == Draft(COUNTED_EN, "", True, 11)
    # The translation of the newest word, which the next one would most likely change, is not shown yet.
    assert [draft.committed + draft.tail for draft in drafts[:-1]] == [
        " ".join(COUNTED_EN.split()[:i]) for i in range(10)
    ]
    # Two words are uncertain, so each revision commits what the words before them say.
    assert [len(draft.committed.split()) for draft in drafts[:-1]] == [max(0, i - 1) for i in range(10)]


def test_a_pivot_commits_while_words_are_spoken(engines: dict[str, TranslationEngine]) -> None:
    route = plan("es", "de", [engines["opus"], engines["student-prefix"]], False)
    assert route.kind == "pivot"
    drafts = run(route, list(spoken(COUNTED)))
    check_promises(drafts)
    assert drafts[-1].committed == COUNTED_DE
    assert len(drafts[-2].committed.split()) >= 6
    assert drafts[-2].committed + drafts[-2].tail == COUNTED_DE.removesuffix(" zehn")


def test_several_targets_from_one_transcript(engines: dict[str, TranslationEngine]) -> None:
    able = [engines["opus"], engines["student-prefix"]]
    routes = [plan("es", target, able, False) for target in ("en", "de", "es")]
    translators = [IncrementalTranslator(route, "es", route.target, MtConfig()) for route in routes]
    results: list[list[Draft]] = [[], [], []]
    for revision in spoken(COUNTED):
        for translator, drafts in zip(translators, results, strict=True):
            drafts.append(translator.step(revision))
    for drafts in results:
        check_promises(drafts)
    assert [drafts[-1].committed for drafts in results] == [COUNTED_EN, COUNTED_DE, COUNTED]


def test_calm_shows_only_what_stays(engines: dict[str, TranslationEngine]) -> None:
    for route in (
        plan("es", "en", [engines["opus"]], False),
        plan("es", "de", [engines["opus"], engines["student-prefix"]], False),
        plan("es", "es", [], False),
    ):
        drafts = run(route, list(spoken(COUNTED)), "calm")
        check_promises(drafts)
        assert all(draft.tail == "" for draft in drafts)
        assert len(drafts[-2].committed.split()) >= 6
        assert len(drafts[-1].committed.split()) == 10


def test_the_same_language_is_the_transcript_itself() -> None:
    drafts = run(plan("es", "es", [], False), [transcript(" uno", " dos"), transcript(" uno dos", final=True)])
    assert drafts == [Draft(" uno", " dos", False, 1), Draft(" uno dos", "", True, 1)]


def test_sentences_are_joined_by_one_space(engines: dict[str, TranslationEngine]) -> None:
    drafts = run(plan("es", "en", [engines["student"]], False), list(spoken("uno dos. tres cuatro. Y cinco seis?")))
    check_promises(drafts)
    assert drafts[-1].committed == "one two. three four. Y five six?"


def test_a_finished_sentence_is_committed_at_once(engines: dict[str, TranslationEngine]) -> None:
    (draft,) = run(plan("es", "en", [engines["student"]], False), [transcript("uno dos tres.", " cuatro cinco se")])
    assert (draft.committed, draft.tail) == ("one two three.", " four")


def test_changed_tails_never_reach_committed_text(engines: dict[str, TranslationEngine]) -> None:
    revisions = [
        transcript("la", " gata", rev=1),
        transcript("la", " casa bl", rev=2),
        transcript("la casa", " blanca y Marta", rev=3),
        transcript("la casa", " blanca", rev=4),
        transcript("la casa blanca", "", rev=5),
        transcript("la casa blanca y el perro", final=True, rev=6),
    ]
    drafts = run(plan("es", "en", [engines["opus"]], False), revisions)
    check_promises(drafts)
    assert [draft.committed for draft in drafts] == [
        "",
        "the",
        "the house",
        "the house",
        "the house",
        "the house white and el dog",
    ]
    assert drafts[3].tail == " white"


def test_segments_do_not_touch_one_another(engines: dict[str, TranslationEngine]) -> None:
    route = plan("es", "en", [engines["opus"]], False)
    translator = IncrementalTranslator(route, "es", "en", MtConfig())
    first, second = list(spoken("uno dos tres cuatro")), list(spoken("seis siete ocho", segment=1))
    for revision in first[:-1]:
        translator.step(revision)
    check_promises(drafts := [translator.step(revision) for revision in second])
    assert drafts[-1].committed == "six seven eight"
    assert translator.step(first[-1]).committed == "one two three four"
    with pytest.raises(ValueError, match="segment 0 is closed"):
        translator.step(first[0])
    assert translator.step(transcript("nueve diez", final=True, segment=2)).committed == "nine ten"


def test_broken_promises_of_the_caller_are_named(engines: dict[str, TranslationEngine]) -> None:
    route = plan("es", "en", [engines["opus"]], False)
    translator = IncrementalTranslator(route, "es", "en", MtConfig())
    translator.step(transcript("uno dos", ""))
    with pytest.raises(ValueError, match="changed after it was committed"):
        translator.step(transcript("dos", ""))
    with pytest.raises(ValueError, match="recognizer"):
        IncrementalTranslator(plan("fr", "en", [], True), "fr", "en", MtConfig())
    with pytest.raises(ValueError, match="from es to en"):
        IncrementalTranslator(route, "fr", "en", MtConfig())


class Counting:
    """An engine behind which the calls are counted."""

    def __init__(self, engine: TranslationEngine, *, aligns: bool = True) -> None:
        self.engine, self.aligns = engine, aligns
        self.calls: list[str] = []

    def translate(
        self,
        text: str,
        *,
        source: str,
        target: str,
        prefix_tokens: Sequence[str] = (),
        beam_size: int = 1,
        align: bool = False,
    ) -> Hypothesis:
        self.calls.append(text)
        return self.engine.translate(
            text,
            source=source,
            target=target,
            prefix_tokens=prefix_tokens,
            beam_size=beam_size,
            align=align and self.aligns,
        )

    def detokenize(self, tokens: Sequence[str]) -> str:
        return self.engine.detokenize(tokens)


def steps(translator: SegmentTranslator, revisions: Sequence[Transcript]) -> list[Draft]:
    drafts = []
    for revision in revisions:
        committed, tail = translator.step(revision.committed, revision.tail, final=revision.final)
        drafts.append(Draft(committed, tail, revision.final, revision.rev))
    return drafts


def test_a_long_segment_costs_one_sentence_an_update(engines: dict[str, TranslationEngine]) -> None:
    counting = Counting(engines["student"])
    text = "3 uno dos tres cuatro. " * 30
    drafts = steps(SegmentTranslator(Direction(counting, "es", "en", 4)), list(spoken(text.strip())))
    check_promises(drafts)
    assert drafts[-1].committed == ("3 one two three four. " * 30).strip()
    assert max(len(call.split()) for call in counting.calls) == 5
    assert len(counting.calls) <= 2 * len(drafts) + 30


def test_an_unchanged_text_is_not_decoded_again(engines: dict[str, TranslationEngine]) -> None:
    counting = Counting(engines["student"])
    translator = SegmentTranslator(Direction(counting, "es", "en", 4))
    drafts = steps(
        translator, [transcript("", "uno dos tres"), transcript("uno dos", " tres"), transcript("uno dos", " tres")]
    )
    assert len(counting.calls) == 1
    assert (drafts[1].committed, drafts[1].tail) == ("one two", " three")


@pytest.mark.parametrize("comma_every", [7, 1000])
def test_speech_without_full_stops_stays_bounded(engines: dict[str, TranslationEngine], comma_every: int) -> None:
    counting = Counting(engines["student"])
    source, expected = (
        " ".join(words.split()[i % 10] + "," * (i % comma_every == comma_every - 1) for i in range(150))
        for words in (COUNTED, COUNTED_EN)
    )
    drafts = steps(SegmentTranslator(Direction(counting, "es", "en", 4)), list(spoken(source)))
    check_promises(drafts)
    assert drafts[-1].committed == expected
    assert max(map(len, counting.calls)) <= 420


def test_without_alignment_the_committed_source_alone_is_the_support(engines: dict[str, TranslationEngine]) -> None:
    drafts = steps(
        SegmentTranslator(Direction(Counting(engines["student"], aligns=False), "es", "en", 4)), list(spoken(COUNTED))
    )
    check_promises(drafts)
    assert drafts[-1].committed == COUNTED_EN
    assert [len(draft.committed.split()) for draft in drafts[:-1]] == [max(0, i - 1) for i in range(10)]


class Reordering:
    """Word for word, but an adjective goes before its noun; it continues a prefix where that leaves off."""

    WORDS: ClassVar = {
        "la": "the",
        "casa": "house",
        "blanca": "white",
        "es": "is",
        "grande": "big",
        "y": "and",
        "vieja": "old",
    }
    ADJECTIVES = frozenset({"blanca", "vieja"})

    def translate(
        self,
        text: str,
        *,
        source: str,
        target: str,
        prefix_tokens: Sequence[str] = (),
        beam_size: int = 1,
        align: bool = False,
    ) -> Hypothesis:
        placed: list[tuple[str, int]] = []
        end = 0
        for word in text.split():
            end += len(word) + (end > 0)
            at = len(placed) - 1 if word in self.ADJECTIVES and placed else len(placed)
            placed.insert(at, (f"▁{self.WORDS[word]}", end))
        tokens = (*prefix_tokens, *(token for token, _ in placed[len(prefix_tokens) :]))
        return Hypothesis(self.detokenize(tokens), tokens, 0.0, tuple(end for _, end in placed) if align else None)

    def detokenize(self, tokens: Sequence[str]) -> str:
        return "".join(tokens).replace("▁", " ").strip()


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_a_word_waits_for_the_one_that_goes_before_it_in_the_translation(lag: int) -> None:
    text = "la casa blanca es grande y la casa vieja es la casa blanca"
    drafts = steps(SegmentTranslator(Direction(Reordering(), "es", "en", 4)), list(spoken(text, lag=lag)))
    check_promises(drafts)
    assert drafts[-1].committed == "the white house is big and the old house is the white house"
    assert len(drafts[-2].committed.split()) >= 8


class Contracting(Reordering):
    """Its tokenizer puts text back in a way that depends on what follows."""

    def detokenize(self, tokens: Sequence[str]) -> str:
        return super().detokenize(tokens).replace("the house", "th'house")


def test_text_that_comes_back_differently_is_not_taken_back() -> None:
    drafts = steps(
        SegmentTranslator(Direction(Contracting(), "es", "en", 4)), list(spoken("la casa es grande y es grande"))
    )
    check_promises(drafts)
    assert drafts[2].committed == "the"
    assert drafts[-1].committed == "the house is big and is big"


SOURCE = st.text(alphabet=st.sampled_from("ab 3.,?!…。" + "A"), max_size=30)


@settings(max_examples=150, deadline=None)
@given(
    st.data(),
    st.lists(st.tuples(SOURCE, SOURCE), max_size=8),
    st.sampled_from([("es", "en"), ("en", "zh"), ("ja", "th")]),
    st.sampled_from([["▁a", "▁b", "c", ".", "▁"], ["▁", "你", "好", "<0xE5>", "▁a"], ["▁a"]]),
    st.booleans(),
)
def test_the_promises_hold_whatever_the_model_says(
    data: st.DataObject,
    revisions: list[tuple[str, str]],
    pair: tuple[str, str],
    vocabulary: list[str],
    wants_tail: bool,
) -> None:
    first = SegmentTranslator(Direction(Adversary(data, vocabulary), *pair, 4))
    second = SegmentTranslator(Direction(Adversary(data, vocabulary), pair[1], "de", 4))
    source, shown, pivoted = "", "", ""
    for i, (more, tail) in enumerate(revisions):
        final = i == len(revisions) - 1
        source += more
        tail = "" if final else tail
        committed, draft = first.step(source, tail, final=final, wants_tail=wants_tail)
        assert committed.startswith(shown)
        assert source.strip() or not committed
        assert not (final and draft)
        # A second hop takes what the first one gives, and gives the same promises.
        onward, _ = second.step(committed, draft, final=final)
        assert onward.startswith(pivoted)
        assert committed.strip() or not onward
        shown, pivoted = committed, onward


@settings(max_examples=40, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(["uno", "dos", "tres", "casa", "Marta", "gato.", "es,", "3.5", "Dr."]), min_size=1, max_size=25
    ),
    commits=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    tails=st.lists(
        st.lists(st.sampled_from(["cinco", "gata", "seis.", "Y", "bl"]), max_size=4), min_size=12, max_size=12
    ),
)
def test_incremental_and_whole_translation_agree_for_a_word_for_word_model(
    engines: dict[str, TranslationEngine], words: list[str], commits: list[int], tails: list[list[str]]
) -> None:
    route = plan("es", "en", [engines["student"]], False)
    translator = IncrementalTranslator(route, "es", "en", MtConfig())
    certain, drafts = 0, []
    for rev, (count, tail) in enumerate(zip(commits, tails, strict=False)):
        certain = min(len(words), certain + count)
        committed = " ".join(words[:certain])
        drafts.append(translator.step(transcript(committed, " " + " ".join(tail) if tail else "", rev=rev)))
        assert committed or not drafts[-1].committed
    drafts.append(translator.step(transcript(" ".join(words), final=True)))
    check_promises(drafts)
    expected = " ".join(engines["student"].translate(word, source="es", target="en").text for word in words)
    assert drafts[-1].committed == expected
