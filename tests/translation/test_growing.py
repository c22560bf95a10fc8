"""What is shown of a sentence while it grows, with a model that says what the test wants."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translation.adversary import Adversary
from translate.config import MtConfig
from translate.events import Transcript
from translate.translation import Glossary, Hypothesis, IncrementalTranslator, Route, TranslationEngine, plan
from translate.translation.direction import Direction
from translate.translation.policy import Steadiness, showable
from translate.translation.routes import Hop
from translate.translation.segment import SegmentTranslator


class Scripted:
    """Word for word. ``answers``: what it says of a source; ``gaps``: how it dislikes other words in their place."""

    multilingual = False
    after_words = 1

    def __init__(self, answers: dict[str, str], gaps: dict[str, float] | None = None) -> None:
        self.answers, self.dislikes = answers, gaps or {}
        self.prefixes: list[str] = []

    def can(self, source: str, target: str) -> bool:
        return True

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
        self.prefixes.append(self.detokenize(prefix_tokens))
        first = tuple(f"▁{word}" for word in self.answers[text].split())
        tokens = (*prefix_tokens, *first[len(prefix_tokens) :])
        gaps = tuple(0.0 if token in first[i : i + 1] else self.dislikes[token] for i, token in enumerate(tokens))
        ends = [len(" ".join(text.split()[: i + 1]).encode()) for i in range(len(text.split()))]
        rests_on = tuple(ends[min(i, len(ends) - 1)] for i in range(len(tokens)))
        return (
            Hypothesis(self.detokenize(tokens), tokens, 0.0, rests_on, gaps)
            if align
            else Hypothesis(self.detokenize(tokens), tokens, 0.0)
        )

    def detokenize(self, tokens: Sequence[str]) -> str:
        return "".join(tokens).replace("▁", " ").strip()


ANSWERS = {"a b": "A B", "a b c": "A B C", "a b c d": "A X C D"}


@pytest.mark.parametrize(("dislike", "shown"), [(0.2, "A B C"), (2.0, "A X C")])
def test_a_shown_word_is_taken_back_only_when_the_model_dislikes_it(dislike: float, shown: str) -> None:
    engine = Scripted(ANSWERS, {"▁B": dislike})
    translator = SegmentTranslator(Direction(engine, "en", "es", 4))
    translator.step("", "a b", final=False)
    assert translator.step("", "a b c", final=False) == ("", "A B")
    assert translator.step("", "a b c d", final=False) == ("", shown)


def test_a_word_that_the_model_would_not_say_again_is_not_committed() -> None:
    committed = []
    for dislike in (0.0, 0.2):
        engine = Scripted(ANSWERS, {"▁B": dislike})
        translator = SegmentTranslator(Direction(engine, "en", "es", 4), Steadiness(commit_gap=0.1))
        translator.step("", "a b", final=False)
        translator.step("", "a b c", final=False)
        committed.append(translator.step("a b c", " d", final=False)[0])
    assert committed == ["A B C", "A"]


def test_the_end_follows_the_model_except_for_what_is_committed() -> None:
    engine = Scripted(ANSWERS, {"▁B": 0.2})
    translator = SegmentTranslator(Direction(engine, "en", "es", 4))
    translator.step("", "a b c", final=False)
    translator.step("a", " b c d", final=False)
    assert translator.step("a b c d", "", final=True) == ("A X C D", "")


def test_the_newest_word_is_shown_when_nothing_follows_it() -> None:
    translator = SegmentTranslator(Direction(Scripted(ANSWERS), "en", "es", 4))
    translator.step("", "a b", final=False)
    assert translator.step("", "a b c", final=False) == ("", "A B")
    assert translator.step("a b", " c", final=False)[1].endswith("C")


def test_what_is_shown_without_an_alignment_leaves_out_the_last_words() -> None:
    tokens = ["▁one", "▁two", "▁th", "ree", "▁four"]
    shown = showable(tokens, None, "a b c d", "", Steadiness(), source_spaced=True, target_spaced=True)
    assert shown == 2
    assert showable(["▁one"], None, "a", "", Steadiness(), source_spaced=True, target_spaced=True) == 0


def test_half_a_word_is_never_shown() -> None:
    tokens = ["▁one", "▁th", "ree", "▁four"]
    rests_on = [1, 3, 5, 7]
    for piece, shown in (("a b c", 1), ("a b c d", 3)):
        assert showable(tokens, rests_on, piece, piece, Steadiness(), source_spaced=True, target_spaced=True) == shown


@pytest.mark.parametrize(
    ("before", "shown"), [("a b c", 3), ("a b", 2), ("a", 2), ("", 2), ("a b c d", 3), ("a x c d", 2)]
)
def test_what_rests_on_words_heard_for_the_first_time_waits(before: str, shown: int) -> None:
    tokens, rests_on = ["▁1", "▁2", "▁3", "▁4"], [1, 3, 5, 7]
    steady = Steadiness(fresh_words=1, unseen_words=2)
    assert showable(tokens, rests_on, "a b c d", before, steady, source_spaced=True, target_spaced=True) == shown


def segment(number: int, text: str, start_ms: int, end_ms: int) -> Transcript:
    return Transcript(number, 1, "es", text, "", True, start_ms, end_ms)


def test_a_sentence_goes_on_in_the_next_segment(engines: dict[str, TranslationEngine]) -> None:
    """The second segment is translated behind the first, as what follows it."""
    engine = Scripted({"a b": "A B .", "a b c d.": "A B C D ."})
    route = Route("model", "es", "en", (Hop(engine, "es", "en"),))
    translator = IncrementalTranslator(route, "es", "en", MtConfig())
    assert translator.step(segment(0, "a b", 0, 900)).committed == "A B"  # the full stop is the model's own
    assert translator.step(segment(1, "c d.", 1600, 2500)).committed == "C D ."
    assert engine.prefixes[-1] == "A B"


@pytest.mark.parametrize(
    ("first", "number", "start_ms"),
    [("a b.", 1, 1600), ("a b", 1, 9000), ("a b", 2, 1600)],
    ids=["it was finished", "long ago", "one is missing"],
)
def test_a_new_sentence_begins_anew(first: str, number: int, start_ms: int) -> None:
    engine = Scripted({"a b": "A B", "a b.": "A B.", "c d.": "X Y."})
    route = Route("model", "es", "en", (Hop(engine, "es", "en"),))
    translator = IncrementalTranslator(route, "es", "en", MtConfig())
    translator.step(segment(0, first, 0, 900))
    assert translator.step(segment(number, "c d.", start_ms, start_ms + 900)).committed == "X Y."


def test_where_the_model_ends_too_soon_the_segment_is_translated_by_itself() -> None:
    engine = Scripted({"a b": "A B", "a b c d e f g h.": "A B", "c d e f g h.": "C D E F G H."})
    route = Route("model", "es", "en", (Hop(engine, "es", "en"),))
    translator = IncrementalTranslator(route, "es", "en", MtConfig())
    translator.step(segment(0, "a b", 0, 900))
    assert translator.step(segment(1, "c d e f g h.", 1000, 1900)).committed == "C D E F G H."


def test_a_sentence_over_two_segments_through_two_models(engines: dict[str, TranslationEngine]) -> None:
    route = plan("es", "de", [engines["opus"], engines["student-prefix"]], False)
    translator = IncrementalTranslator(route, "es", "de", MtConfig())
    assert translator.step(segment(0, "uno dos", 0, 900)).committed == "eins zwei"
    assert translator.step(segment(1, "tres cuatro.", 1000, 1900)).committed == "drei vier."


PART = st.text(alphabet=st.sampled_from("ab 17.,…A"), max_size=20)


@settings(max_examples=100)
@given(st.data(), st.lists(st.lists(PART, min_size=1, max_size=3), min_size=1, max_size=4))
def test_the_promises_hold_over_segments_whatever_the_model_says(
    data: st.DataObject, segments: list[list[str]]
) -> None:
    glossary = Glossary(("es", "en"), (("a b", "b a"), ("Ab",)))
    engine = Adversary(data, ["▁a", "▁b", "c", ".", "▁Paul", "▁7"])
    route = Route("model", "es", "en", (Hop(engine, "es", "en"),))
    translator = IncrementalTranslator(route, "es", "en", MtConfig(), glossary=glossary)
    for number, parts in enumerate(segments):
        source, shown = "", ""
        for rev, part in enumerate(parts):
            source += part
            final = rev == len(parts) - 1
            draft = translator.step(Transcript(number, rev, "es", source, "" if final else "a", final, 0, 0))
            assert draft.committed.startswith(shown)
            assert not (final and draft.tail)
            shown = draft.committed
