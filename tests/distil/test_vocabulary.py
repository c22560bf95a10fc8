"""The vocabulary of a model that is gone on with: old pieces stay, new ones come, and no name is one of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")

import sentencepiece

from models.distil.config import load_recipe
from models.distil.corpus import read_pairs
from models.distil.errors import DistilError
from models.distil.filters import reject_reason, tidy
from models.distil.vocabulary import fit_from, left_out, merge, pieces_of, proper_names, used_pieces

RECIPES = Path(__file__).parents[2] / "models" / "distil" / "recipes"


@pytest.fixture
def old(spm_model: bytes) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=spm_model)


def test_names_are_words_with_a_capital_inside_sentences() -> None:
    texts = ["Ayer vino Ramírez. Luego comimos.", "la casa de ramírez", "(Luego) «Comimos con Ramírez, en la Casa»."]
    assert proper_names(texts, share=0.6) == {"ramírez"}
    assert proper_names([*texts, "El ramírez", "el ramírez"], share=0.6) == frozenset()
    assert list(left_out(["Ramírez.", "a Ramírez, RAMÍREZ: b"], frozenset({"ramírez"}))) == ["a b"]


def test_new_pieces_join_the_old_ones(old: sentencepiece.SentencePieceProcessor) -> None:
    model = old.serialized_model_proto()
    before = pieces_of(old)
    used = [piece for piece in used_pieces(old, ["abe da abe", "öd"]) if len(piece) > 1]
    new = {"▁zugzug": -5.0, "zug": -6.0}
    found = sentencepiece.SentencePieceProcessor(model_proto=merge(model, used, new, "zug’ñ", 55))
    assert found.get_piece_size() == 55
    assert [found.unk_id(), found.bos_id(), found.eos_id(), found.pad_id()] == [0, 1, 2, 3]
    after = pieces_of(found)
    assert {"▁zugzug", "zug", "’", "ñ", *used, *(piece for piece in before if len(piece) == 1)} <= after.keys()
    assert all(after[piece] == pytest.approx(before[piece]) for piece in after.keys() & before.keys())
    assert found.encode("zugzug", out_type=str) == ["▁zugzug"]
    assert found.encode("abe", out_type=str) == old.encode("abe", out_type=str)
    with pytest.raises(DistilError, match="no room"):
        merge(model, used, new, "", 10)
    with pytest.raises(DistilError, match="too few"):
        merge(model, used, new, "", 500)


def test_a_name_becomes_no_piece_though_it_is_frequent(
    old: sentencepiece.SentencePieceProcessor, tmp_path: Path
) -> None:
    from models.distil.config import DataConfig, Recipe
    from models.distil.corpus import Pair

    texts = [f"{a}{b} dabe {b}{a} Zuquq {a} cebö {c}." for a in "abcde" for b in "abö" for c in "aed"]
    pairs = [Pair("toy", "", "abe", text) for text in texts]
    recipe = Recipe(
        name="toy", languages=("en", "es"), directions=(("es", "en"),), data=DataConfig(vocabulary=60)
    )  # fmt: skip
    fit_from(old)(pairs, recipe, tmp_path / "spm.model")
    found = pieces_of(sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "spm.model")))
    assert {"Z", "u", "q"} <= found.keys()
    assert not [piece for piece in found if "Zu" in piece or "qu" in piece or "zu" in piece]
    assert [piece for piece in found if len(piece) > 2 and piece not in pieces_of(old)]


def test_lines_to_copy_names_and_units_from() -> None:
    counts: Counter[str] = Counter()
    sources = load_recipe(RECIPES / "es-en.transfer.toml").data.source_weights
    for kind in ("names", "units"):
        for pair in read_pairs(RECIPES / f"{kind}.en-es.phrases.tsv", ("en", "es")):
            counts[pair.source] += 1
            assert pair.source in sources
            assert not reject_reason(tidy(pair.first), tidy(pair.second), max_words=60, max_ratio=2.5), pair
            assert (pair.first[-1] == "?") == (pair.second[-1] == "?") == ("¿" in pair.second), pair
            assert {pair.first[-1], pair.second[-1]} <= {".", "?"}, pair
            for english, spanish in (("milligrams", "miligramos"), ("percent", "por ciento"), ("°C", "°C")):
                assert (english in pair.first) == (spanish in pair.second), pair
    assert counts["names_filled"] > 1500
    assert counts["units_filled"] > 1000
