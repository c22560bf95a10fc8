"""One engine on one pair of languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from translate.languages import is_spaced
from translate.translation.engine import Hypothesis, Translator
from translate.translation.glossary import Terms

__all__ = ["Direction"]


@dataclass(frozen=True, slots=True)
class Direction:
    """From ``source`` to ``target`` (canonical codes) by ``engine``."""

    engine: Translator
    source: str
    target: str
    beam_size: int
    """Of finished sentences."""
    terms: Terms = field(default_factory=Terms)
    """What comes out as the glossary has it."""

    @property
    def source_spaced(self) -> bool:
        """Whether spaces separate the words that are spoken."""
        return is_spaced(self.source)

    @property
    def target_spaced(self) -> bool:
        """Whether spaces separate the words of the translation."""
        return is_spaced(self.target)

    def draft(self, text: str, prefix: Sequence[str]) -> Hypothesis:
        """A quick translation that tells what its words rest on."""
        return self.engine.translate(
            text, source=self.source, target=self.target, prefix_tokens=prefix, beam_size=1, align=True
        )

    def best(self, text: str, prefix: Sequence[str]) -> Hypothesis:
        """The translation of a finished sentence."""
        return self.engine.translate(
            text, source=self.source, target=self.target, prefix_tokens=prefix, beam_size=self.beam_size
        )

    def joined(self, before: str, after: str) -> str:
        """Two runs of target text as one."""
        space = " " if self.target_spaced and before and after else ""
        return before + space + after
