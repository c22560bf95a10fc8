"""Steadiness of translation while a text grows: the figures, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from translate.bench.prefixes import growing, measure_prefixes, measure_retranslation
from translate.translation import Hypothesis


class Table:
    """Says what the table has."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers

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
        said = tuple(f"▁{word}" for word in self.answers[text].split())
        tokens = (*prefix_tokens, *said[len(prefix_tokens) :])
        return Hypothesis(self.detokenize(tokens), tokens, 0.0)

    def detokenize(self, tokens: Sequence[str]) -> str:
        return "".join(tokens).replace("▁", " ").strip()


def test_a_text_grows_by_words_and_ends() -> None:
    assert list(growing("a b c", uncertain=1)) == [
        ("", "a", False),
        ("a", " b", False),
        ("a b", " c", False),
        ("a b c", "", True),
    ]


def test_every_word_taken_back_and_every_word_waited_for_counts() -> None:
    measured = measure_retranslation(Table({"a": "A", "a b": "X B", "a b c": "A B C"}), "en", "es", ["a b c", " "])
    assert measured.normalised_erasure == pytest.approx((1 + 2) / 3)
    assert measured.shown_words == 0  # each word when its own is heard
    assert measured.standing_words == pytest.approx((2 + 1 + 0) / 3)
    assert measured.committed_words == pytest.approx((2 + 1 + 0) / 3)
    assert measured.texts == ("A B C",)


def test_the_policy_is_measured_to_its_end() -> None:
    """Without an alignment the last two words are hidden until the end."""
    measured = measure_prefixes(Table({"a": "A", "a b": "A B", "a b c": "A B C"}), "en", "es", ["a b c"])
    assert measured.normalised_erasure == 0
    assert measured.shown_words == pytest.approx((2 + 1 + 0) / 3)
    assert measured.texts == ("A B C",)
