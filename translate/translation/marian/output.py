"""Which tokens may come next, and how likely each is: the widest layer of a small model, made narrow.

A vocabulary has 32,000 tokens, and a student of this size spends most of its time on them. For one source only those
that its lexical shortlist names are looked at, those that come often whatever is said, and those of the prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from translate.translation.marian.items import Matrix
from translate.translation.marian.network import Embeddings
from translate.translation.marian.shortlist import Ids, Shortlist

__all__ = ["Candidates", "Output"]

FREQUENT = 500
"""Tokens at the beginning of a vocabulary, which SentencePiece orders by frequency, that are always looked at."""
_NEVER = np.float32(-1e4)
"""The logit of a token that is never put out, near enough."""


class Candidates:
    """The tokens that one translation may be made of.

    Args:
        ids: theirs, in the order of the columns of :meth:`logits`.
        parts: rows of the output layer with their bias, one behind the other.
    """

    def __init__(self, ids: Ids, parts: Sequence[tuple[Matrix, Matrix]]) -> None:
        self.ids = ids
        self._parts = parts
        self._order = np.argsort(ids)

    def logits(self, said: Matrix) -> Matrix:
        """How likely each token is, for every row of ``said`` (R, d): (R, columns)."""
        found = [(rows @ said.T).T + bias for rows, bias in self._parts]
        return found[0] if len(found) == 1 else np.concatenate(found, axis=1)

    def columns(self, ids: Iterable[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The columns of tokens that are among the candidates."""
        wanted = np.fromiter(ids, np.int64)
        return self._order[np.searchsorted(self.ids, wanted, sorter=self._order)]


class Output:
    """The output layer of one model.

    Args:
        embeddings: the row of every token.
        bias: the same for every token.
        shortlist: ``None``: every token is looked at, always.
        never: tokens that are never put out, such as ``<unk>``, and that no model finds likely in a prefix.
        always: tokens that may always come, such as ``</s>``.
    """

    def __init__(
        self, embeddings: Embeddings, bias: Matrix, shortlist: Shortlist | None, never: set[int], always: set[int]
    ) -> None:
        self._embeddings = embeddings
        self._bias = bias
        self._shortlist = shortlist
        self._never = np.array(sorted(never), np.int64)
        count = min(FREQUENT, embeddings.size) if shortlist is not None else embeddings.size
        frequent = np.union1d(np.arange(count), np.array(sorted(always), np.int64))
        self._frequent = np.setdiff1d(frequent, self._never)
        self._rows = embeddings.of(self._frequent), bias[self._frequent]

    def candidates(self, source: Sequence[int], prefix: Sequence[int]) -> Candidates:
        """What a translation of ``source`` that begins with ``prefix`` may be made of (token ids)."""
        more = np.array(sorted(set(prefix)), np.int64)
        if self._shortlist is not None:
            more = np.union1d(np.setdiff1d(self._shortlist.of(source), self._never), more)
        more = np.setdiff1d(more, self._frequent, assume_unique=True)
        if not len(more):
            return Candidates(self._frequent, [self._rows])
        rows = self._embeddings.of(more), np.where(np.isin(more, self._never), _NEVER, self._bias[more])
        return Candidates(np.concatenate([self._frequent, more]), [self._rows, rows])
