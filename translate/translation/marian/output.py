"""Which tokens may come next, and how likely each is: the widest layer of a small model, made narrow.

A vocabulary has 32,000 tokens, and a student of this size spends most of its time on them. For one source only those
that its lexical shortlist names are looked at, those that come often whatever is said, and those of the prefix.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import numpy as np

from translate.translation.marian.items import Matrix
from translate.translation.marian.shortlist import Ids, Shortlist
from translate.translation.marian.weights import Embeddings

__all__ = ["Candidates", "Output", "to_log_probabilities"]

FREQUENT = 500
"""Tokens at the beginning of a vocabulary, which SentencePiece orders by frequency, that are always looked at."""
_NEVER = np.float32(-1e4)
"""The logit of a token that is never put out, near enough."""


def to_log_probabilities(logits: Matrix) -> None:
    """Make logits (R, columns) the log probabilities of each row, in place."""
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))


class Candidates:
    """The tokens that one translation may be made of.

    Args:
        ids: theirs, in the order of the columns of :meth:`logits`.
        parts: rows of the output layer with their bias, one behind the other.
    """

    def __init__(self, ids: Ids, parts: Sequence[tuple[Matrix, Matrix]]) -> None:
        self.ids = ids
        self._parts = parts

    def logits(self, said: Matrix) -> Matrix:
        """How likely each token is, for every row of ``said`` (R, d): (R, columns)."""
        found = [(rows @ said.T).T + bias for rows, bias in self._parts]
        return found[0] if len(found) == 1 else np.concatenate(found, axis=1)

    def columns(self, ids: Iterable[int]) -> Ids:
        """The columns of tokens that are among the candidates."""
        return self._order[np.searchsorted(self.ids, np.fromiter(ids, np.int64), sorter=self._order)]

    @functools.cached_property
    def _order(self) -> Ids:
        """Only a prefix asks for it, and a search that forbids repeats."""
        return np.argsort(self.ids)


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
        wanted = np.zeros(self._embeddings.size, np.bool_)
        if self._shortlist is not None:
            wanted[self._shortlist.of(source)] = True
        wanted[self._never] = False
        wanted[list(prefix)] = True
        wanted[self._frequent] = False
        more = np.flatnonzero(wanted)
        if not len(more):
            return Candidates(self._frequent, [self._rows])
        rows = self._embeddings.of(more), np.where(np.isin(more, self._never), _NEVER, self._bias[more])
        return Candidates(np.concatenate([self._frequent, more]), [self._rows, rows])
