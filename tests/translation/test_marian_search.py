"""Greedy and beam search, against trying everything."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from translate.translation.marian.output import Candidates
from translate.translation.marian.search import Found, Search

END = 0


class Chain:
    """A model whose next token depends on the last one only: its logits are a table."""

    def __init__(self, seed: int, size: int) -> None:
        self.table = np.random.default_rng(seed).standard_normal((size + 1, size)).astype(np.float32) * 2
        self.candidates = Candidates(np.arange(size), [(np.eye(size, dtype=np.float32), np.zeros(size, np.float32))])

    def said(self, ids: list[int]) -> np.ndarray:
        return self.table[ids[-1] if ids else -1]

    def log_probability(self, ids: list[int]) -> float:
        total = 0.0
        for i, token in enumerate(ids):
            row = self.said(ids[:i]).astype(np.float64)
            total += row[token] - np.log(np.exp(row).sum())
        return total

    def search(self, beam_size: int, longest: int, prefix: tuple[int, ...] = (), **options: bool) -> Found:
        start = Found(list(prefix), self.log_probability(list(prefix)), [np.zeros(1)] * len(prefix))
        search = Search(self.candidates, start, beam_size, longest, END, **options)
        while not search.over:
            rows = [self.said(found.ids) for found in search.live]
            parents = search.step(np.stack(rows), np.arange(len(rows), dtype=np.float32)[:, None])
            assert len(parents) == len(search.live) <= beam_size
            assert parents == sorted(parents) or beam_size > 1
        return search.best


chains = st.builds(Chain, st.integers(0, 10_000), st.integers(3, 5))


@given(chain=chains, longest=st.integers(1, 6))
def test_greedy_search_takes_the_likeliest_every_time(chain: Chain, longest: int) -> None:
    ids: list[int] = []
    while len(ids) < longest and (token := int(chain.said(ids).argmax())) != END:
        ids.append(token)
    found = chain.search(1, longest)
    assert found.ids == ids
    assert found.ended == (len(ids) < longest)
    assert len(found.looks) == len(ids)
    expected = chain.log_probability([*ids, END] if found.ended else ids)
    assert np.isclose(found.score, expected, atol=1e-4)


@given(chain=chains, longest=st.integers(1, 4))
def test_a_beam_as_wide_as_all_there_is_misses_nothing_that_is_as_short(chain: Chain, longest: int) -> None:
    size = chain.table.shape[1]
    found = chain.search(2 * size**longest, longest)
    assert found.ended
    assert np.isclose(found.mean, chain.log_probability([*found.ids, END]) / (len(found.ids) + 1), atol=1e-4)
    others = itertools.chain.from_iterable(
        itertools.product(range(1, size), repeat=length) for length in range(len(found.ids) + 1)
    )
    assert all(found.mean >= chain.log_probability([*ids, END]) / (len(ids) + 1) - 1e-4 for ids in others)


@given(chain=chains, beam_size=st.sampled_from([1, 2, 4]), prefix=st.lists(st.integers(1, 2), max_size=4))
def test_a_prefix_is_kept(chain: Chain, beam_size: int, prefix: list[int]) -> None:
    found = chain.search(beam_size, 8, tuple(prefix))
    assert found.ids[: len(prefix)] == prefix
    assert len(found.ids) <= 8
    assert len(found.looks) == len(found.ids)


@given(chain=chains, beam_size=st.sampled_from([1, 4]))
def test_no_three_tokens_come_twice_where_repeats_are_forbidden(chain: Chain, beam_size: int) -> None:
    chain.table[:, END] = -20
    ids = chain.search(beam_size, 12, forbid_repeats=True).ids
    threes = list(zip(ids, ids[1:], ids[2:], strict=False))
    assert len(set(threes)) == len(threes)


@given(
    ids=st.lists(st.integers(0, 50), min_size=1, unique=True),
    rows=st.integers(1, 3),
    seed=st.integers(0, 1000),
    cut=st.integers(0, 50),
)
def test_candidates_in_two_parts_are_the_same_candidates(ids: list[int], rows: int, seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, bias = rng.standard_normal((len(ids), 4)), rng.standard_normal(len(ids))
    cut = min(cut, len(ids))
    parts = [(matrix[:cut], bias[:cut]), (matrix[cut:], bias[cut:])]
    split = Candidates(np.array(ids), [part for part in parts if len(part[0])])
    said = rng.standard_normal((rows, 4))
    np.testing.assert_allclose(split.logits(said), said @ matrix.T + bias, atol=1e-9)
    assert split.columns(ids).tolist() == list(range(len(ids)))
