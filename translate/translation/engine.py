"""The translation engine: one CTranslate2 model, shared by every session."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ctranslate2
import numpy as np

from translate.config import MtConfig
from translate.errors import ConfigError, LanguageError, ModelDamaged
from translate.languages import canonical
from translate.translation.sentences import clean, lengths_of, pieces
from translate.translation.tokenizer import Encoded, Tokenizer, open_tokenizer

__all__ = ["Hypothesis", "TranslationEngine", "Translator"]

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
    """What incremental translation needs of an engine."""

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


class TranslationEngine:
    """One model folder, loaded. Thread-safe: calls from many threads wait for one another inside CTranslate2.

    Args:
        folder: a CTranslate2 model folder with its SentencePiece files.
        config: compute type, threads and lengths.

    Raises:
        ModelDamaged: the folder is incomplete, foreign or cannot be loaded.
        ConfigError: this machine cannot do the compute type.
    """

    def __init__(self, folder: Path, config: MtConfig | None = None) -> None:
        self.folder = folder
        self.name = folder.name
        self._config = config or MtConfig()
        self._tokenizer: Tokenizer = open_tokenizer(folder)
        self._model = _load(folder, self._config)
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
            self._model,
            self._tokenizer.target_index,
            self._tokenizer.start(target),
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


@dataclass(frozen=True, slots=True)
class _Decoded:
    tokens: tuple[str, ...]
    score: float
    rests_on: tuple[int, ...] | None
    gaps: tuple[float, ...] | None
    ended: bool
    """Whether the model came to an end by itself."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of :meth:`TranslationEngine.translate`, down to tokens."""

    model: Any
    index: Mapping[str, int]
    """The place of each target token in the model's output."""
    start: list[str]
    beam_size: int
    max_tokens: int
    align: bool

    def run(self, inputs: Sequence[Encoded], prefix: list[str]) -> Iterator[_Decoded]:
        """Decode ``inputs``; ``prefix`` belongs to the first."""
        for i in range(0, len(inputs), _BATCH):
            batch = inputs[i : i + _BATCH]
            prefixes = [prefix if i + j == 0 else [] for j in range(len(batch))]
            for part, part_prefix, decoded in zip(batch, prefixes, self._decode(batch, prefixes), strict=True):
                if _loop_start(decoded.tokens) is None or _loop_start(part.tokens) is not None:
                    yield decoded
                else:
                    yield self._without_loop(part, part_prefix, decoded)

    def _without_loop(self, part: Encoded, prefix: list[str], looping: _Decoded) -> _Decoded:
        """Decode again with repeats forbidden; where that rambles on instead, cut the loop off.

        What is asked for with an alignment is a draft, soon to be replaced: there the cut will do.
        """
        if not self.align:
            (decoded,) = self._decode([part], [prefix], no_repeat_ngram_size=3, repetition_penalty=1.2)
            if decoded.ended and _loop_start(decoded.tokens) is None:
                return decoded
        cut = max(_loop_start(looping.tokens) or 0, len(prefix))
        rests_on = looping.rests_on[:cut] if looping.rests_on else None
        gaps = looping.gaps[:cut] if looping.gaps else None
        return _Decoded(looping.tokens[:cut], looping.score, rests_on, gaps, ended=True)

    def _decode(self, batch: Sequence[Encoded], prefixes: Sequence[list[str]], **guards: float) -> Iterator[_Decoded]:
        # Twice the source is ample for any pair, and what is forced must always fit.
        ample = min(self.max_tokens, 16 + 2 * max(len(part.ends) for part in batch))
        skip = len(self.start)
        longest = skip + max(ample, 8 + max(map(len, prefixes)))
        results = self.model.translate_batch(
            [part.tokens for part in batch],
            target_prefix=[[*self.start, *prefix] for prefix in prefixes],
            beam_size=self.beam_size,
            max_decoding_length=longest,
            max_input_length=0,
            disable_unk=True,
            return_scores=True,
            return_attention=self.align,
            return_logits_vocab=self.align and self.beam_size == 1,
            **guards,
        )
        for part, result in zip(batch, results, strict=True):
            tokens = tuple(result.hypotheses[0][skip:])
            rests_on = _rests_on(np.asarray(result.attention[0][skip:]), part) if self.align and tokens else None
            gaps = self._gaps(tokens, result.logits[0][skip:]) if self.align and result.logits else None
            yield _Decoded(tokens, result.scores[0], rests_on, gaps, ended=len(tokens) + skip < longest)

    def _gaps(self, tokens: Sequence[str], logits: Sequence[Any]) -> tuple[float, ...]:
        """``logits``: those of the whole vocabulary for each step, forced steps among them."""
        rows = (np.asarray(row) for row in logits)
        return tuple(float(row.max() - row[self.index[token]]) for token, row in zip(tokens, rows, strict=False))


def _load(folder: Path, config: MtConfig) -> Any:
    known = ctranslate2.get_supported_compute_types("cpu") | {"default", "auto"}
    if config.compute_type not in known:
        raise ConfigError(
            f"mt.compute_type {config.compute_type!r} does not run here; choose one of {', '.join(sorted(known))}"
        )
    try:
        return ctranslate2.Translator(
            str(folder),
            device="cpu",
            compute_type=config.compute_type,
            inter_threads=1,
            intra_threads=config.threads,
        )
    except (RuntimeError, ValueError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelDamaged(f"cannot load the translation model {folder}: {reason}") from error


def _rests_on(attention: np.ndarray[Any, np.dtype[np.float32]], part: Encoded) -> tuple[int, ...] | None:
    """For each target token the end of the source token that it attends to most; ``attention``: (target, source).

    ``None`` if the attention is no alignment: one that aligns visits most of the source or gives most target tokens a
    place of their own; a head that only looks at the end of the sentence does neither.
    """
    text = attention[:, part.lead : part.lead + len(part.ends)]
    places = text.argmax(axis=1)
    if len(set(places.tolist())) * 2 < min(text.shape):
        return None
    ends = [part.ends[place] for place in places]
    # Where a token looks at </s> or a language token, it rests on nothing new.
    for i, weights in enumerate(text):
        if weights.sum() < 0.1:
            ends[i] = ends[i - 1] if i else 0
    return tuple(ends)


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
