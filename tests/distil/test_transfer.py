"""Going on from a Marian model: torch computes what our engine computes, and what is exported is what was trained."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")
pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")

import sentencepiece
import torch
from torch.nn import functional

from models.distil.config import Recipe
from models.distil.errors import DistilError
from models.distil.marian_file import MarianWeights, read_weights, step_of, write_folder
from models.distil.prepare import Prepared
from models.distil.progress import Progress
from models.distil.shortlist import best_targets, make_shortlist, translation_table
from models.distil.ssru import EMBEDDINGS, OUTPUT_BIAS, SsruTransformer, _Scan, carry_over, segment
from models.distil.transfer import Budget, Transfer, main, translate_lines
from tests.translation.marian_model import items_of, options, pack, weights
from translate.translation.marian.items import read_items
from translate.translation.marian.network import Network
from translate.translation.marian.shortlist import Shortlist

SIZE = 60
"""Pieces of the vocabulary ``spm_model``."""
SHAPE = {"width": 16, "hidden": 24, "size": SIZE, "encoder_layers": 2, "decoder_layers": 2}


def description(**changes: object) -> str:
    return options(**{key: value for key, value in SHAPE.items() if key != "hidden"} | {"heads": 4, **changes})


@pytest.fixture
def folder(tmp_path: Path, spm_model: bytes) -> Path:
    """A model folder of random weights on the grid of int8, for Portuguese and English by its name."""
    path = tmp_path / "pten"
    path.mkdir()
    found = items_of(weights(5, **SHAPE), description())
    (path / "model.pten.intgemm.alphas.bin").write_bytes(pack(found))
    (path / "vocab.pten.spm").write_bytes(spm_model)
    return path


def network_of(model: MarianWeights) -> SsruTransformer:
    return SsruTransformer(model.architecture, model.weights).eval()


@torch.no_grad()
def test_torch_gives_the_logits_of_our_engine(folder: Path) -> None:
    model = read_weights(folder)
    network = network_of(model)
    engine = Network(model.architecture, read_items(folder / "model.pten.intgemm.alphas.bin"))
    sources, prefixes = [[5, 7, 30, 12, 9, 2], [44, 5, 2]], [[8, 9, 10, 20], [7, 55, 4, 4]]
    source = torch.tensor([[*row, *[3] * (6 - len(row))] for row in sources])
    present = torch.arange(6) < torch.tensor([[len(row)] for row in sources])
    target = torch.tensor([[1, *row] for row in prefixes])
    logits = network.project(network(source, present, target)).numpy()
    for memory, prefix, found in zip(engine.encode(sources), prefixes, logits, strict=True):
        said, _, _ = engine.read(memory, prefix)
        expected = said @ engine.output.of(np.arange(SIZE)).T + engine.output_bias
        assert np.abs(expected).max() > 1
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_an_export_can_be_read_back_and_exported_again(folder: Path, tmp_path: Path) -> None:
    model = read_weights(folder)
    rng = np.random.default_rng(1)
    moved = {name: array + 0.01 * rng.standard_normal(array.shape, np.float32) for name, array in model.weights.items()}
    write_folder(tmp_path / "one", MarianWeights(model.description, moved), folder / "vocab.pten.spm", ("es", "en"))
    read = read_weights(tmp_path / "one")
    assert read.architecture == model.architecture
    for name, array in moved.items():
        step = 0.0 if len(array) == 1 else float(np.abs(array).max()) / 127
        np.testing.assert_allclose(read.weights[name], array, atol=step)
    write_folder(tmp_path / "two", read, tmp_path / "one" / "vocab.esen.spm", ("es", "en"))
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["model.esen.intgemm.alphas.bin", "vocab.esen.spm"]
    again = read_weights(tmp_path / "two")
    assert again.description == read.description
    for name, array in read.weights.items():
        np.testing.assert_allclose(again.weights[name], array, rtol=1e-6)
    found = translate_lines(tmp_path / "one", ["abe da", "", "eöd", "xyz"], ("es", "en"))
    assert len(found) == 4
    assert found[1] == found[3] == ""


def test_a_number_that_stands_out_does_not_cost_the_others_their_precision() -> None:
    matrix = np.random.default_rng(2).standard_normal((64, 64)).astype(np.float32)
    matrix[3, 4] = 6.0
    assert step_of(matrix) < 6.0 / 127
    grid = np.float32(0.01) * np.array([[-127, 3, 50], [0, 127, 1]], np.float32)
    assert step_of(grid) == pytest.approx(0.01)


def test_a_new_piece_begins_as_the_mean_of_the_old_pieces_that_it_splits_into(
    spm_model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.distil.ssru._PLAIN", {ord("’"): "ö", ord("a"): "b"})  # it has no mark at all
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=spm_model)
    old = weights(5, **SHAPE)
    found = carry_over(old, tokenizer, tokenizer)
    for number in range(SIZE):
        if not tokenizer.is_control(number):
            np.testing.assert_allclose(found[EMBEDDINGS][number], old[EMBEDDINGS][number], rtol=1e-6)

    class Other:
        """A vocabulary of what the old one has in pieces, in part, and not at all."""

        pieces = ("<unk>", "</s>", "▁ab", "be", "xö", "xyz", "a’")

        def get_piece_size(self) -> int:
            return len(self.pieces)

        def eos_id(self) -> int:
            return 1

        def is_control(self, number: int) -> bool:
            return number == 1

        def is_unknown(self, number: int) -> bool:
            return number == 0

        def id_to_piece(self, number: int) -> str:
            return self.pieces[number]

    new = carry_over(old, tokenizer, Other())  # type: ignore[arg-type]
    scores = {
        tokenizer.id_to_piece(i): (i, tokenizer.get_score(i))
        for i in range(SIZE)
        if not tokenizer.is_control(i) and not tokenizer.is_unknown(i)
    }
    unknown = tokenizer.unk_id()
    rows = [
        [unknown],
        [tokenizer.eos_id()],
        segment("▁ab", scores),
        segment("be", scores),
        segment("ö", scores),
        [unknown],
        segment("aö", scores),
    ]
    for number, row in enumerate(rows):
        np.testing.assert_allclose(new[EMBEDDINGS][number], old[EMBEDDINGS][row].mean(axis=0), rtol=1e-5)
        assert new[OUTPUT_BIAS][0, number] == pytest.approx(old[OUTPUT_BIAS][0, row].mean(), rel=1e-5)
    assert new["encoder_l1_self_Wq"] is old["encoder_l1_self_Wq"]


def test_the_likeliest_split() -> None:
    scores = {"▁": (0, -3.0), "a": (1, -3.0), "b": (2, -3.0), "ab": (3, -4.0), "▁a": (4, -2.0), "▁ab": (5, -9.0)}
    assert segment("▁ab", scores) == [4, 2]
    assert segment("ab", scores) == [3]
    assert segment("▁a?b", scores) == [4, 2]
    assert segment("", scores) == segment("??", scores) == []


def test_the_loss_is_that_of_the_logits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.distil.ssru._ROWS", 3)
    network = network_of(read_weights(folder))
    said = torch.randn(8, 16, generator=torch.Generator().manual_seed(1)).requires_grad_()
    labels = torch.tensor([4, 4, 7, 20, 59, 0, 1, 33])
    gradients = []
    plain = functional.cross_entropy(network.project(said), labels, label_smoothing=0.1)
    own = network.loss(said, labels, 0.1)
    for loss in (plain, own):
        network.zero_grad()
        said.grad = None
        loss.backward()
        kept = (said, network.weights[EMBEDDINGS], network.weights[OUTPUT_BIAS])
        gradients.append([weight.grad.clone() for weight in kept])
    torch.testing.assert_close(own, plain)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-6)


def test_the_gradient_of_the_recurrence() -> None:
    shape = (2, 4, 3)
    chance = torch.Generator().manual_seed(3)
    keep = torch.rand(shape, generator=chance, dtype=torch.float64).requires_grad_()
    new = torch.rand(shape, generator=chance, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(_Scan.apply, (keep, new))


def test_the_rate_rises_stays_and_falls() -> None:
    budget = Budget(tokens=1000, warmup=100, decay=0.25)
    assert [round(budget.share(tokens), 2) for tokens in (0, 49, 99, 500, 750, 875, 1000, 1100)] == [
        0.01, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0,
    ]  # fmt: skip
    longer = dataclasses.replace(budget, tokens=2000)
    assert [longer.share(tokens) for tokens in (49, 700)] == [budget.share(tokens) for tokens in (49, 700)]


@pytest.fixture
def toy(tmp_path: Path) -> Recipe:
    """A recipe for one direction and tiny batches."""
    for language in ("en", "es"):
        (tmp_path / f"dev.{language}").write_text("abca deed\n" * 2, encoding="utf-8")
    recipe = Recipe(
        name="toy", languages=("en", "es"), directions=(("es", "en"),),
        dev={"toy": "dev.{lang}"}, path=str(tmp_path / "toy.toml"),
    )  # fmt: skip
    train = dataclasses.replace(recipe.train, batch_tokens=160, threads=1, score_sentences=2)
    return dataclasses.replace(recipe, train=train)


@pytest.fixture
def text(spm_model: bytes, folder: Path, tmp_path: Path) -> Prepared:
    """Pairs of made-up words."""
    from models.distil.corpus import Pair

    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=spm_model)
    words = [a + b for a in ("ab", "de", "öc") for b in ("ca", "bö", "ed", "a")]
    pairs = [Pair("toy", "", f"{one} {other}", f"{other} {one}") for one in words for other in words]
    return Prepared(pairs, tokenizer, folder / "vocab.pten.spm")


def test_the_translation_table_finds_what_comes_of_what() -> None:
    chance = np.random.default_rng(7)
    sources = [chance.choice(np.arange(1, 10), size=4, replace=False) for _ in range(60)]
    table = translation_table([(np.append(row, 0), row[::-1] + 10) for row in sources], 20, 4)
    assert [int(row.argmax()) for row in table[1:10]] == list(range(11, 20))
    lists = best_targets(table, 2, 0.2)
    assert lists[3].tolist() == [3, 13]
    assert lists[15].tolist() == [15]


def test_the_shortlist_of_a_text_is_one_for_our_engine(toy: Recipe, text: Prepared, tmp_path: Path) -> None:
    path = tmp_path / "lex.bin"
    make_shortlist(toy, text, path)
    found = Shortlist(path, SIZE, SIZE)
    piece = text.tokenizer.encode("ab")[0]
    assert piece in found.of([piece])
    assert len(found.of([piece])) < SIZE


def test_what_was_stopped_goes_on_as_if_it_had_not_been(
    folder: Path, toy: Recipe, text: Prepared, tmp_path: Path
) -> None:
    def transfer(work: str, tokens: int) -> Transfer:
        (tmp_path / work).mkdir(exist_ok=True)
        budget = Budget(tokens=tokens, warmup=100, decay=0.0)
        return Transfer(toy, text, budget, tmp_path / work, Progress(quiet=True))

    whole, stopped = transfer("whole", 900), transfer("stopped", 400)
    for each in (whole, stopped):
        assert not each.resume()
        each.begin(read_weights(folder), text.tokenizer)
        each.run()
    resumed = transfer("stopped", 900)
    assert resumed.resume()
    assert 0 < resumed.tokens == stopped.tokens < whole.tokens
    resumed.run()
    assert (resumed.step, resumed.place, resumed.tokens) == (whole.step, whole.place, whole.tokens)
    for name, array in whole.network.arrays().items():
        np.testing.assert_array_equal(resumed.network.arrays()[name], array)
    assert set(whole.score()) == {"toy", "toy chrF2"}


def test_what_cannot_be_gone_on_with_says_so(
    folder: Path, recipe_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DistilError, match="no Marian model folder"):
        read_weights(tmp_path)
    with pytest.raises(DistilError, match="dec-cell"):
        _ = MarianWeights(description().replace("ssru", "gru"), {}).architecture
    separate = MarianWeights(description(tied_all="false"), {}).architecture
    with pytest.raises(DistilError, match="one vocabulary"):
        SsruTransformer(separate, {})
    whole = (folder / "model.pten.intgemm.alphas.bin").read_bytes()
    (folder / "model.pten.intgemm.alphas.bin").write_bytes(whole[:5000])
    with pytest.raises(DistilError, match="damaged"):
        read_weights(folder)
    assert main([str(tmp_path / "none.toml"), "--work", str(tmp_path / "work"), "--export", str(tmp_path / "out")]) == 2
    assert "no such recipe" in capsys.readouterr().err
