"""The students that ship, on text that a live session gives them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from translate.bench.prefixes import growing, measure_prefixes
from translate.config import MtConfig
from translate.events import Transcript
from translate.translation import Glossary, IncrementalTranslator, TranslationEngine, plan, translate_text
from translate.translation.shield import missing_numbers

pytestmark = [pytest.mark.models]

TALK = [
    "Good morning, everybody, and thank you very much for coming.",
    "I would like to tell you about a small village where my grandmother lived when she was a child.",
    "When the war ended, she went back to the house and found that nothing was left.",
    "We have to decide today whether we want to open a new office in the city or not.",
    "The children were playing in the garden while their parents talked about the weather.",
    "If you have a question, please wait until the end of the meeting.",
    "He said that the new computer was faster than the old one, but I do not believe him.",
    "The most important thing that we learned last year is that people need time.",
]
BAD = {
    "empty": "",
    "white space": " \t\n\u2003 ",
    "2,000 words": "the dog and the cat went to the house " * 223,
    "one word 2,000 times": "no " * 2000,
    "emoji": "😀🎉👩‍👩‍👧 " * 200,
    "emoji between": "I 😀 am 🎉 here 👍🏽.",
    "control characters": "hello\x00\x07\x1b[31m there\u202e \ud800 friend",
    "Chinese": "我们昨天去了商店，买了一些面包和牛奶。" * 20,
    "Russian": "Мы вчера пошли в магазин и купили хлеба. " * 20,
    "its own target": "Ayer fuimos a la tienda y compramos pan para toda la familia. " * 5,
    "letters": "asdfjkl qwerzxcv " * 60,
    "no space": "a" * 2000,
    "punctuation": "?!.,;:-" * 300,
    "digits": "0123456789" * 100,
    "URL": "https://example.com/a/b/c?d=e&f=g#h " * 20,
    "stutter": "I I I I I I I I I I I I I I I want want want want to to to to go",
    "laughter": "ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_bad_input_gives_short_text_without_a_loop(student_engines: dict[str, TranslationEngine], text: str) -> None:
    route = plan("en", "es", list(student_engines.values()), False)
    result = translate_text(route, text, 4)
    result.encode()
    assert len(result) <= 40 + 4 * len(text)
    assert longest_run(result.split()) <= max(4, longest_run(text.split())) or " " not in text.strip()
    if not any(map(str.isalnum, text)):
        assert result == ""


def longest_run(words: list[str]) -> int:
    return max((len(list(run)) for _, run in itertools.groupby(words)), default=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["emoji", "control characters", "Russian", "stutter", "letters", "no space", "digits"])
def test_bad_input_that_grows_keeps_the_promises(student_engines: dict[str, TranslationEngine], name: str) -> None:
    translator = translator_of(student_engines, "en", "es")
    before = ""
    for revision in spoken(BAD[name][:200]):
        draft = translator.step(revision)
        assert draft.committed.startswith(before)
        assert len(draft.committed + draft.tail) <= 40 + 4 * len(revision.committed + revision.tail)
        before = draft.committed


@pytest.mark.slow
def test_little_is_taken_back_while_sentences_grow(student_engines: dict[str, TranslationEngine]) -> None:
    measured = measure_prefixes(student_engines["en-es"], "en", "es", TALK)
    assert measured.normalised_erasure < 0.3
    assert measured.shown_words < 2.5  # words that a listener reads behind the speaker
    assert measured.committed_words < 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "The train leaves at 11:45 from platform 17.",
        "In 1987 we had 2,350 members and 48 offices.",
        "Call 555-0142 before the 23rd of May 2026.",
        "The price rose from 12.5 to 14.75 dollars in 2019.",
    ],
)
def test_numbers_survive(student_engines: dict[str, TranslationEngine], text: str) -> None:
    route = plan("en", "es", list(student_engines.values()), False)
    assert missing_numbers(text, translate_text(route, text, 4)) == []
    draft = [translator_of(student_engines, "en", "es").step(revision) for revision in [*spoken(text)][-1:]]
    assert missing_numbers(text, draft[0].committed) == []


GLOSSARY = Glossary(("en", "es"), (("force majeure", "fuerza mayor"), ("plaintiff", "parte actora"), ("Sottovoce",)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The force majeure clause is in the contract.", ["fuerza mayor"]),
        ("The plaintiff came with her lawyer.", ["parte actora"]),
        ("I use Sottovoce every day.", ["Sottovoce"]),
        ("Paul told the plaintiff about Sottovoce.", ["Paul", "parte actora", "Sottovoce"]),
    ],
)
def test_terms_come_out_as_written_while_they_are_spoken(
    student_engines: dict[str, TranslationEngine], text: str, wanted: list[str]
) -> None:
    route = plan("en", "es", list(student_engines.values()), False)
    translator = IncrementalTranslator(route, "en", "es", MtConfig(), glossary=GLOSSARY)
    before = ""
    for revision in spoken(text):
        draft = translator.step(revision)
        assert draft.committed.startswith(before)
        before = draft.committed
    assert all(term in before for term in wanted), before


@pytest.mark.slow
def test_a_sentence_over_two_pauses_is_one(student_engines: dict[str, TranslationEngine]) -> None:
    """A clause that goes on is no new sentence: nothing in the middle is written as a beginning or an end."""
    translator = translator_of(student_engines, "en", "es")
    texts = [
        [*map(translator.step, spoken(part, segment=number))][-1].committed
        for number, part in enumerate(["We went to the", "house of my brother", "and we had dinner."])
    ]
    assert all(texts)
    assert not any(text.endswith(".") for text in texts[:2])
    assert all(text[0].islower() for text in texts[1:])


def translator_of(engines: dict[str, TranslationEngine], source: str, target: str) -> IncrementalTranslator:
    return IncrementalTranslator(plan(source, target, list(engines.values()), False), source, target, MtConfig())


def spoken(text: str, segment: int = 0) -> Iterator[Transcript]:
    """``text`` as it is recognised, a word more in each revision, the last two not certain."""
    for rev, (committed, tail, final) in enumerate(growing(text), 1):
        yield Transcript(segment, rev, "en", committed, tail, final, segment * 3000, segment * 3000 + 2500)
