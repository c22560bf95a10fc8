"""The worst model there can be."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from translate.translation import Hypothesis


class Adversary:
    """A model that says anything: other words each time, nothing, in any order, without the prefix, misaligned."""

    multilingual = False
    after_words = 1

    def __init__(self, data: st.DataObject, vocabulary: Sequence[str]) -> None:
        self.data = data
        self.texts = st.lists(st.sampled_from(vocabulary), max_size=8)

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
        keeps_prefix = self.data.draw(st.integers(0, 9)) > 0
        tokens = (*(prefix_tokens if keeps_prefix else ()), *self.data.draw(self.texts))
        ends = st.integers(0, 30)
        rests_on = tuple(self.data.draw(st.lists(ends, min_size=len(tokens), max_size=len(tokens))))
        aligned = align and self.data.draw(st.booleans())
        gaps = tuple(self.data.draw(st.sampled_from([0.0, 0.2, 9.0])) for _ in tokens)
        told = align and self.data.draw(st.booleans())
        return Hypothesis(self.detokenize(tokens), tokens, 0.0, rests_on if aligned else None, gaps if told else None)

    def can(self, source: str, target: str) -> bool:
        return True

    def detokenize(self, tokens: Sequence[str]) -> str:
        # Some tokenizers put text back in a way that depends on what follows.
        return "".join(tokens).replace("▁", " ").replace("a b", "AB").strip()
