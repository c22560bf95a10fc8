"""An engine fails in the middle of a step: the step after it goes on, and nothing committed changes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_engines import FakeTranslation, Script, translated
from translate.config import MtConfig
from translate.events import Transcript
from translate.inference import WorkerError
from translate.translation import Draft, IncrementalTranslator, Route
from translate.translation.routes import Hop


def revisions(segments: Sequence[str], lag: int) -> list[Transcript]:
    """Each segment word by word, the last ``lag`` words in the tail, and then final."""
    all_of_them = []
    for number, text in enumerate(segments):
        words = text.split()
        for heard in range(1, len(words) + 1):
            sure = max(0, heard - lag)
            tail = (" " if sure else "") + " ".join(words[sure:heard])
            all_of_them.append(Transcript(number, heard, "es", " ".join(words[:sure]), tail, False, 0, 0))
        all_of_them.append(Transcript(number, len(words) + 1, "es", text, "", True, 0, 0))
    return all_of_them


def steps(segments: Sequence[str], lag: int, hops: int, at: frozenset[int]) -> tuple[list[tuple[int, Draft]], int]:
    """The drafts that came out, by segment, and how many steps failed."""
    script = Script()
    script.errors["mt"] = [
        WorkerError("it was given up") if call in at else None for call in range(1 + max(at, default=0))
    ]
    engine = FakeTranslation(script, "mt")
    languages = ["es", "en", "de"][: hops + 1]
    way = tuple(Hop(engine, *pair) for pair in itertools.pairwise(languages))
    translator = IncrementalTranslator(
        Route("model" if hops == 1 else "pivot", languages[0], languages[-1], way), "es", languages[-1], MtConfig()
    )
    drafts, failed = [], 0
    for revision in revisions(segments, lag):
        try:
            drafts.append((revision.segment, translator.step(revision)))
        except WorkerError:
            failed += 1
    return drafts, failed


WORDS = st.lists(st.sampled_from(["uno", "dos", "tres.", "cuatro", "cinco.", "seis"]), min_size=1, max_size=9)


@settings(max_examples=150, deadline=None)
@given(
    segments=st.lists(WORDS.map(" ".join), min_size=1, max_size=3),
    lag=st.integers(0, 3),
    hops=st.sampled_from([1, 2]),
    at=st.frozensets(st.integers(0, 40), max_size=12),
)
def test_a_step_after_a_failed_one_goes_on(segments: list[str], lag: int, hops: int, at: frozenset[int]) -> None:
    drafts, _ = steps(segments, lag, hops, at)
    shown: dict[int, str] = {}
    for segment, draft in drafts:
        assert draft.committed.startswith(shown.get(segment, ""))
        shown[segment] = draft.committed
        if draft.final:
            whole = segments[segment]
            for language in ("en", "de")[:hops]:
                whole = translated(whole, language)
            assert draft.committed.split() == whole.split(), "a final has every word of its source"


def test_the_sentence_that_was_being_finished_is_finished_by_the_next_step() -> None:
    text = "uno dos tres. cuatro cinco seis"
    whole, _ = steps([text], 1, 1, frozenset())
    last = len(whole) - 1
    for call in range(30):
        drafts, failed = steps([text], 1, 1, frozenset({call}))
        if failed and drafts[-1][1].final:
            assert drafts[-1] == whole[last]
