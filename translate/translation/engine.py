"""The translation engine: one model, shared by every session, whichever library runs it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from translate.config import MtConfig
from translate.errors import LanguageError
from translate.languages import canonical
from translate.translation.decoding import Decoded, Decoder
from translate.translation.marian import is_marian_folder
from translate.translation.phrases import Phrases, phrases_of
from translate.translation.policy import MARIAN_AFTER_WORDS, Steadiness
from translate.translation.sentences import clean, lengths_of, pieces
from translate.translation.tokenizer import Encoded, Tokenizer, open_tokenizer

__all__ = ["Hypothesis", "TranslationEngine", "Translator", "after_words_of"]

_log = logging.getLogger(__name__)

_BATCH = 8
"""Sentences of one long text that are decoded together."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A translation. ``tokens`` begins with the prefix that was asked for."""

    text: str
    tokens: tuple[str, ...]
    score: float
    """Mean log probability of a token; 0 for no text."""
    rests_on: tuple[int, ...] | None = None
    """For each token, where the source token that its attention rests on ends, in UTF-8 bytes of the cleaned source.

    ``None`` if it was not asked for, or the model's attention does not align words.
    """
    gaps: tuple[float, ...] | None = None
    """For each token, how much less likely than its first choice the model finds it in its place, in nats; 0 for the
    first choice, as all are that a greedy search adds to a prefix. ``None`` if it was not asked for."""


class Translator(Protocol):
    """What incremental translation needs of an engine: :class:`TranslationEngine`, or one that is loaded when used.

    Calls block and may come from any thread. Text is made into tokens and back in this process, wherever the model runs
    (:class:`~translate.translation.decoding.Decoder`).
    """

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
        """Translate ``text``; the result's tokens begin with ``prefix_tokens``."""

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The text of target tokens."""


def after_words_of(folder: Path) -> int:
    """How many words have to follow those that a committed word of this model rests on."""
    return MARIAN_AFTER_WORDS if is_marian_folder(folder) else Steadiness().after_words


class TranslationEngine:
    """One model folder, loaded. Thread-safe.

    Args:
        folder: a model folder of CTranslate2 or Marian with its SentencePiece files.
        config: compute type, threads and lengths.
        decoder: runs the model; ``None``: it is loaded here. Text is made into tokens and back here in any case.

    Raises:
        ModelDamaged: the folder is incomplete, foreign or cannot be loaded.
        ConfigError: this machine cannot do the compute type.
    """

    def __init__(self, folder: Path, config: MtConfig | None = None, decoder: Decoder | None = None) -> None:
        self.folder = folder
        self.name = folder.name
        self._config = config or MtConfig()
        self._tokenizer: Tokenizer = open_tokenizer(folder)
        self._phrases = Phrases()
        self.after_words = after_words_of(folder)
        """See :class:`~translate.translation.policy.Steadiness`."""
        if self._tokenizer.style == "marian":  # ours have learned such sentences
            self._phrases = phrases_of(*self._tokenizer.sources, *self._tokenizer.targets)
        if decoder is None:
            from translate.translation.decoders import open_decoder  # loads CTranslate2, which a remote one spares us

            decoder = open_decoder(folder, self._config, self._tokenizer)
        self._decoder: Decoder = decoder
        _log.info("loaded translation model %s (%s)", folder, self._tokenizer.style)

    @property
    def sources(self) -> frozenset[str]:
        """Canonical codes of the languages that it translates from."""
        return self._tokenizer.sources

    @property
    def targets(self) -> frozenset[str]:
        """Canonical codes of the languages that it translates to."""
        return self._tokenizer.targets

    @property
    def multilingual(self) -> bool:
        """Whether it does more than one pair."""
        return len(self.sources) * len(self.targets) > 1

    def pairs(self) -> frozenset[tuple[str, str]]:
        """Every ``(source, target)`` that it translates."""
        return frozenset((s, t) for s in self.sources for t in self.targets if s != t)

    def can(self, source: str, target: str) -> bool:
        """Whether it translates ``source`` (canonical code) to ``target``."""
        return source != target and source in self.sources and target in self.targets

    def translate(
        self,
        text: str,
        *,
        source: str,
        target: str,
        prefix_tokens: Sequence[str] = (),
        beam_size: int = 1,
        max_tokens: int | None = None,
        align: bool = False,
    ) -> Hypothesis:
        """Translate a text of any length and content; blocks while the model runs.

        Long text is cut into sentences. The result is never much longer than the source: decoding is bounded by the
        source's length, and a hypothesis that goes round in a loop is decoded again with repeats forbidden.

        Args:
            text: what was said; control characters and pieces unknown to the model are left out.
            source: language of ``text``.
            target: language to translate to.
            prefix_tokens: target tokens that the translation has to begin with (of an earlier hypothesis).
            beam_size: 1 for greedy search.
            max_tokens: longest translation of one sentence; ``None``: the configuration's.
            align: tell what each token rests on, and of a greedy search how much the model dislikes each token of the
                prefix; ``text`` is then taken as one sentence, as it is with a prefix.

        Raises:
            LanguageError: the model does not do the pair.
        """
        source, target = canonical(source), canonical(target)
        if not self.can(source, target):
            raise LanguageError(f"model {self.name} does not translate {source} to {target}")
        text = clean(text)
        known = self._phrases.find(text)
        if known is not None:
            forced = self._tokenizer.pieces(known)
            if forced[: len(prefix_tokens)] == tuple(prefix_tokens):
                return self._recited(text, source, target, forced, align=align)
        # A prefix and an alignment belong to one sentence, whatever the text looks like.
        parts = [text] if align or prefix_tokens else pieces(text, lengths=lengths_of(source))
        inputs = [
            part
            for piece in parts
            for part in self._tokenizer.encode(piece, source=source, target=target)
            if part.says_something
        ]
        if not inputs:
            return Hypothesis(self.detokenize(prefix_tokens), tuple(prefix_tokens), 0.0)
        call = _Call(
            self._decoder,
            target,
            beam_size,
            max_tokens or self._config.max_tokens,
            align=align and len(inputs) == 1,
        )
        found = list(call.run(inputs, list(prefix_tokens)))
        tokens = tuple(token for decoded in found for token in decoded.tokens)
        joined = " ".join(filter(None, (self.detokenize(decoded.tokens) for decoded in found)))
        score = sum(decoded.score for decoded in found) / len(found)
        if not call.align:
            return Hypothesis(joined, tokens, score)
        return Hypothesis(joined, tokens, score, found[0].rests_on, found[0].gaps)

    def detokenize(self, tokens: Sequence[str]) -> str:
        """The text of target tokens."""
        return self._tokenizer.decode(tokens)

    def _recited(self, text: str, source: str, target: str, tokens: tuple[str, ...], *, align: bool) -> Hypothesis:
        """A translation that is known, with what its words rest on."""
        part = self._tokenizer.encode(text, source=source, target=target)[0]
        (found,) = self._decoder.decode([part], [tokens], target=target, beam_size=1, longest=len(tokens), align=align)
        gaps = (0.0,) * len(tokens) if align else None
        return Hypothesis(self.detokenize(tokens), tokens, found.score, found.rests_on, gaps)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of :meth:`TranslationEngine.translate`, down to tokens."""

    decoder: Decoder
    target: str
    beam_size: int
    max_tokens: int
    align: bool

    def run(self, inputs: Sequence[Encoded], prefix: list[str]) -> Iterator[Decoded]:
        """Decode ``inputs``; ``prefix`` belongs to the first."""
        for i in range(0, len(inputs), _BATCH):
            batch = inputs[i : i + _BATCH]
            prefixes = [prefix if i + j == 0 else [] for j in range(len(batch))]
            for part, part_prefix, decoded in zip(batch, prefixes, self._decode(batch, prefixes), strict=True):
                if _loop_start(decoded.tokens) is None or _loop_start(part.tokens) is not None:
                    yield decoded
                else:
                    yield self._without_loop(part, part_prefix, decoded)

    def _without_loop(self, part: Encoded, prefix: list[str], looping: Decoded) -> Decoded:
        """Decode again with repeats forbidden; where that rambles on instead, cut the loop off.

        What is asked for with an alignment is a draft, soon to be replaced: there the cut will do.
        """
        if not self.align:
            (decoded,) = self._decode([part], [prefix], forbid_repeats=True)
            if decoded.ended and _loop_start(decoded.tokens) is None:
                return decoded
        cut = max(_loop_start(looping.tokens) or 0, len(prefix))
        rests_on = looping.rests_on[:cut] if looping.rests_on else None
        gaps = looping.gaps[:cut] if looping.gaps else None
        return Decoded(looping.tokens[:cut], looping.score, rests_on, gaps, ended=True)

    def _decode(
        self, batch: Sequence[Encoded], prefixes: Sequence[list[str]], *, forbid_repeats: bool = False
    ) -> list[Decoded]:
        # Twice the source is ample for any pair, and what is forced must always fit.
        ample = min(self.max_tokens, 16 + 2 * max(len(part.ends) for part in batch))
        return self.decoder.decode(
            batch,
            prefixes,
            target=self.target,
            beam_size=self.beam_size,
            longest=max(ample, 8 + max(map(len, prefixes))),
            align=self.align,
            forbid_repeats=forbid_repeats,
        )


_LONGEST_LOOP = 8
_LOOP_ROUNDS = 4


def _loop_start(tokens: Sequence[str]) -> int | None:
    """Where a run of tokens starts to repeat for the fourth time in a row, ``None`` if none does."""
    for size in range(1, _LONGEST_LOOP + 1):
        run = 0
        for i in range(size, len(tokens)):
            run = run + 1 if tokens[i] == tokens[i - size] else 0
            if run >= size * (_LOOP_ROUNDS - 1) and any(t.strip("▁.-…") for t in tokens[i - size + 1 : i + 1]):
                return i - run + 1
    return None
