"""Firefox's translation models and their like, run one token at a time behind any prefix."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from translate.errors import ModelDamaged
from translate.translation.decoding import Decoded, rests_on
from translate.translation.marian.architecture import read_architecture
from translate.translation.marian.folder import find_folder
from translate.translation.marian.items import read_items
from translate.translation.marian.network import Memory, Network, State
from translate.translation.marian.output import Candidates, Output, to_log_probabilities
from translate.translation.marian.search import Found, Search
from translate.translation.marian.shortlist import Shortlist
from translate.translation.tokenizer import Encoded, Tokenizer, ids_of

__all__ = ["MarianDecoder"]

_END = "</s>"
_UNKNOWN = "<unk>"


class MarianDecoder:
    """The :class:`~translate.translation.decoding.Decoder` of a Marian folder.

    Everything is computed in float32, whatever the configuration says of types: the weights are int8 in the file, and a
    multiplication by one row is bound by memory. It is NumPy's library that decides on threads: in our processes it has
    one (:func:`~translate.own_process.prepare_process`), which is best.

    Raises:
        ModelDamaged: a file is missing or damaged, or the model is of an architecture that is not computed here.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer) -> None:
        files = find_folder(folder)
        self._path = files.model
        items = read_items(files.model)
        try:
            if "special:model.yml" not in items:
                raise ValueError("it does not describe itself (special:model.yml)")
            self._architecture = read_architecture(items["special:model.yml"].text)
            self._network = Network(self._architecture, items)
        except ValueError as error:
            raise ModelDamaged(f"{files.model} cannot be used: {error}") from error
        self._source_index = self._index = ids_of(tokenizer.source_model, files.source_vocabulary)
        if files.target_vocabulary != files.source_vocabulary:
            self._index = ids_of(tokenizer.target_model, files.target_vocabulary)
        sizes = len(self._source_index), len(self._index)
        rows = self._network.embeddings.size, self._network.output.size
        for path, size, count in zip((files.source_vocabulary, files.target_vocabulary), sizes, rows, strict=True):
            if size != count:
                raise ModelDamaged(f"{path} does not fit: it has {size} tokens, {files.model.name} has {count}")
        shortlist = Shortlist(files.shortlist, *sizes) if files.shortlist else None
        self._pieces = list(self._index)
        self._end, self._unknown = self._index[_END], self._index[_UNKNOWN]
        self._output = Output(
            self._network.output, self._network.output_bias, shortlist, never={self._unknown}, always={self._end}
        )

    def decode(
        self,
        batch: Sequence[Encoded],
        prefixes: Sequence[Sequence[str]],
        *,
        target: str,
        beam_size: int,
        longest: int,
        align: bool = False,
        forbid_repeats: bool = False,
    ) -> list[Decoded]:
        """See :meth:`Decoder.decode`."""
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is looked at below
            texts = self._texts(batch, prefixes, beam_size=beam_size, longest=longest, forbid_repeats=forbid_repeats)
        return [
            self._decoded(part, prefix, text, align=align, gaps=align and beam_size == 1)
            for part, prefix, text in zip(batch, prefixes, texts, strict=True)
        ]

    def _texts(
        self,
        batch: Sequence[Encoded],
        prefixes: Sequence[Sequence[str]],
        *,
        beam_size: int,
        longest: int,
        forbid_repeats: bool,
    ) -> list[_Text]:
        sources = [[self._source_index[token] for token in part.tokens] for part in batch]
        memories = self._network.encode(sources)
        search = functools.partial(
            Search, beam_size=beam_size, longest=longest, end=self._end, forbid_repeats=forbid_repeats
        )
        texts = [
            self._begin(
                source,
                memory,
                [self._index.get(token, self._unknown) for token in prefix],
                search,
            )
            for source, memory, prefix in zip(sources, memories, prefixes, strict=True)
        ]
        self._finish(texts)
        return texts

    def _begin(
        self,
        source: Sequence[int],
        memory: Memory,
        prefix: Sequence[int],
        search: Callable[[Candidates, Found], Search],
    ) -> _Text:
        """Read the prefix of a translation and say the first token behind it."""
        candidates = self._output.candidates(source, prefix)
        said, state, looks = self._network.read(memory, prefix)
        gaps: list[float] = []
        score = 0.0
        if prefix:
            likely = candidates.logits(said[:-1])
            to_log_probabilities(likely)
            chosen = likely[np.arange(len(prefix)), candidates.columns(prefix)]
            gaps = (likely.max(axis=1) - chosen).tolist()
            # A token that the model does not have says nothing of how likely the rest is.
            known = np.array(prefix) != self._unknown
            score = float(chosen[known].sum())
        text = _Text(memory, search(candidates, Found(list(prefix), score, list(looks[:-1]))), state, gaps)
        if not text.search.over:
            parents = text.search.step(said[-1:], looks[-1:])
            text.state = tuple(layer[parents] for layer in state)
        return text

    def _finish(self, texts: Sequence[_Text]) -> None:
        """Go on with all translations, one token each at a time, until every one is over."""
        live = [text for text in texts if not text.search.over]
        state = _together(live)
        while live:
            rows = [len(text.search.live) for text in live]
            ends = np.cumsum(rows).tolist()
            spans = [slice(end - count, end) for end, count in zip(ends, rows, strict=True)]
            hypotheses = [found for text in live for found in text.search.live]
            said, state, looks = self._network.advance(
                [found.ids[-1] for found in hypotheses],
                [len(found.ids) for found in hypotheses],
                state,
                [text.memory for text in live],
                spans,
            )
            goes_on: list[int] = []
            still = []
            for text, span, look in zip(live, spans, looks, strict=True):
                parents = text.search.step(said[span], look)
                if not text.search.over:
                    goes_on += [span.start + parent for parent in parents]
                    still.append(text)
            live = still
            if goes_on != list(range(len(said))):
                state = tuple(layer[goes_on] for layer in state)

    def _decoded(self, part: Encoded, prefix: Sequence[str], text: _Text, *, align: bool, gaps: bool) -> Decoded:
        found = text.search.best
        if not math.isfinite(found.score):
            raise ModelDamaged(f"{self._path} computes numbers that are not finite")
        pieces = self._pieces
        tokens = (*prefix, *(pieces[token] for token in found.ids[len(prefix) :]))
        places = None
        if align and tokens and self._architecture.aligned:
            places = rests_on(np.stack(found.looks), part)
        more = len(tokens) - len(prefix)
        return Decoded(tokens, found.mean, places, (*text.gaps, *[0.0] * more) if gaps else None, found.ended)


@dataclass(slots=True)
class _Text:
    """One translation under way."""

    memory: Memory
    search: Search
    state: State
    """A row for every live hypothesis; of the first step only."""
    gaps: list[float]
    """Of the prefix."""


def _together(texts: Sequence[_Text]) -> State:
    return tuple(np.concatenate(layers) for layers in zip(*(text.state for text in texts), strict=True))
