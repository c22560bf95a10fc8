"""Which model serves a pair: by measured quality."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.errors import ModelDamaged
from translate.registry import ResolvedModel, installed_translations, preference, resolve, serving

PAIR = ("en", "es")


def model(name: str, quality: float | None = None, *, own: bool = False, many: bool = False) -> ResolvedModel:
    return ResolvedModel(
        path=Path(name), name=name, kind="translation", origin="cache", own=own,
        languages=("en", "es", "fr") if many else (), pairs=() if many else (PAIR,),
        quality={} if quality is None else {PAIR: quality},
    )  # fmt: skip


def test_the_configuration_then_quality_then_the_pairs_own() -> None:
    models = [
        model("nllb", many=True), model("unknown"), model("unknown-2"), model("student", 15.5), model("firefox", 25.9),
        model("opus", 26.6), model("own", own=True), model("measured-nllb", 26.2, many=True),
        model("own-2", 99, own=True),
    ]  # fmt: skip
    best = sorted(models, key=lambda each: preference(each, *PAIR))
    assert [each.name for each in best] == [
        "own", "own-2", "opus", "measured-nllb", "firefox", "student", "unknown", "unknown-2", "nllb",
    ]  # fmt: skip


measured = st.one_of(st.none(), st.floats(1, 60))
models_of_a_pair = st.lists(st.tuples(measured, st.booleans(), st.booleans()), min_size=1, max_size=6).map(
    lambda rows: [model(str(i), quality, own=own, many=many) for i, (quality, own, many) in enumerate(rows)]
)


@given(models_of_a_pair)
def test_nobody_better_is_left_aside(models: list[ResolvedModel]) -> None:
    chosen = min(models, key=lambda each: preference(each, *PAIR))
    if any(each.own for each in models):
        assert chosen is next(each for each in models if each.own)
        return
    scores = [score for each in models if (score := each.quality_of(*PAIR)) is not None]
    assert chosen.quality_of(*PAIR) == max(scores, default=None)
    if not scores:
        assert chosen.pairs or not any(each.pairs for each in models)
    shown = {choice.pair: choice.model for choice in serving(models)}
    assert shown.get(PAIR, chosen) is chosen


def test_each_pair_is_told_with_the_reason() -> None:
    many = model("nllb", 26.2, many=True)
    assert [(c.model.name, c.reason) for c in serving([model("student", 15.5), model("x"), many])] == [
        ("nllb", "BLEU 26.2 (student 15.5, x not measured)")
    ]
    assert serving([model("a", own=True), many])[0].reason == "named in mt.models (nllb 26.2)"
    assert serving([model("a"), model("nllb", many=True)])[0].reason == "of the pair's own (nllb not measured)"
    assert serving([model("a")])[0].reason == "the only one"
    assert serving([model("nllb", many=True)]) == []


def test_an_estimate_is_told_as_such() -> None:
    guessed = dataclasses.replace(model("guessed", 49.4), estimated=frozenset({PAIR}))
    assert serving([guessed, model("a", 26)])[0].reason == "BLEU ≈49.4 (a 26.0)"
    assert serving([guessed, model("a", 50)])[0].reason == "BLEU 50.0 (guessed ≈49.4)"


def test_what_is_here_carries_its_quality(firefox, tmp_path: Path) -> None:
    house = firefox.house
    student = house.student("en-es", "en", "es")
    with (student / "student.toml").open("a") as file:
        file.write("[scores.flores-dev]\nbleu_beam4 = 15.53\n")
    own = house.student("../own/en-es", "en", "es")
    found = installed_translations([str(own)])
    assert [(each.name, each.origin, each.own, each.quality) for each in found] == [
        ("en-es", "path", True, {}), ("en-es", "student", False, {PAIR: 15.53}),
    ]  # fmt: skip
    assert resolve("en-es").quality_of(*PAIR) == 15.53
    # A folder that the configuration names is its own, also where it is found anyway.
    (same,) = installed_translations([str(student)])
    assert same.own


@pytest.mark.parametrize("score", ['"good"', "-1", "1000", "[]"])
def test_a_bad_score_is_named(house, score: str) -> None:
    with (house.student("en-es", "en", "es") / "student.toml").open("a") as file:
        file.write(f"[scores.flores-dev]\nbleu_beam4 = {score}\n")
    with pytest.raises(ModelDamaged, match=r"student\.toml cannot be read: scores\.flores-dev\.bleu_beam4"):
        resolve("en-es")
