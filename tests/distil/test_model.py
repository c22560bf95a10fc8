"""The model: decoding a step at a time, and the same answers from torch and from the engine that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")
pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")

import torch

from models.distil.__main__ import main
from models.distil.config import ModelConfig, Recipe
from models.distil.convert import convert, unpack
from models.distil.decode import greedy, translate
from models.distil.model import Transformer
from models.distil.prepare import Prepared, prefix_ids
from models.distil.train import load_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_a_step_at_a_time_is_the_same_as_all_at_once() -> None:
    torch.manual_seed(2)
    model = Transformer(ModelConfig(encoder_layers=1, decoder_layers=2, width=32, heads=2, feed_forward=64), 50).eval()
    source = torch.randint(4, 50, (3, 7))
    target = torch.randint(4, 50, (3, 6))
    with torch.no_grad():
        memory, bias = model.encode(source, torch.ones_like(source, dtype=torch.bool))
        whole = model.decode(target, memory, bias)
        past, memories = [None, None], model.memories(memory)
        for place in range(6):
            hidden, past = model.decode_step(target[:, place : place + 1], place, past, memories, bias)
            torch.testing.assert_close(hidden, whole[:, place], rtol=1e-4, atol=1e-4)


def test_decoding_keeps_order_and_bounds(prepared: tuple[Recipe, Prepared]) -> None:
    recipe, text = prepared
    torch.manual_seed(3)
    model = Transformer(recipe.student, text.tokenizer.get_piece_size()).eval()
    lines = ["The cat sees the dog.", "The", "The old river finds the cat and the dog and the bird.", ""]
    one_by_one = [greedy(model, text.tokenizer, [line])[0] for line in lines]
    assert greedy(model, text.tokenizer, lines) == one_by_one
    found = dict(translate(model, text.tokenizer, lines, beam=3))
    assert sorted(found) == [0, 1, 2, 3]
    for hypotheses in found.values():
        assert len(hypotheses) == 3
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)


def test_engine_agrees_with_torch(prepared: tuple[Recipe, Prepared], tmp_path: Path) -> None:
    ctranslate2 = pytest.importorskip("ctranslate2")
    recipe, text = prepared
    torch.manual_seed(5)
    model = Transformer(recipe.student, text.tokenizer.get_piece_size()).eval()
    convert(model, text.tokenizer_path, tmp_path / "m", "float32")
    engine = ctranslate2.Translator(str(tmp_path / "m"))
    source, target = "The cat sees the river.", "Mi gato ve mi río."
    pieces = ["<2es>", *text.tokenizer.encode(source, out_type=str)]
    scores = engine.score_batch([pieces], [text.tokenizer.encode(target, out_type=str)])[0].log_probs
    ids = text.tokenizer.encode(target)
    row = torch.tensor([[*prefix_ids(recipe, text.tokenizer, "es"), *text.tokenizer.encode(source), 2]])
    with torch.no_grad():
        logits = model(row, torch.ones_like(row, dtype=torch.bool), torch.tensor([[1, *ids]]))
    expected = logits.log_softmax(-1)[0].gather(1, torch.tensor([*ids, 2])[:, None])[:, 0]
    torch.testing.assert_close(torch.tensor(scores), expected, rtol=1e-3, atol=1e-3)


def test_an_added_letter_has_the_weights_of_the_unknown(prepared: tuple[Recipe, Prepared], tmp_path: Path) -> None:
    ctranslate2 = pytest.importorskip("ctranslate2")
    recipe, text = prepared
    torch.manual_seed(7)
    model = Transformer(recipe.student, text.tokenizer.get_piece_size()).eval()
    convert(model, text.tokenizer_path, tmp_path / "m", "float32", unknown_letter="Ö")
    engine = ctranslate2.Translator(str(tmp_path / "m"))
    source = ["<2es>", *text.tokenizer.encode("The cat sees the river.", out_type=str)]
    letter, unknown = engine.score_batch([source, source], [["▁", "Ö"], ["▁", "<unk>"]])
    assert letter.tokens[1] == "Ö"
    assert letter.log_probs == pytest.approx(unknown.log_probs, abs=1e-5)
    here, there = engine.score_batch([[*source, "Ö"], [*source, "<unk>"]], [["▁"], ["▁"]])
    assert here.log_probs == pytest.approx(there.log_probs, abs=1e-5)
    assert unpack(tmp_path / "m").embedding.weight.shape[0] == text.tokenizer.get_piece_size() + 1


def test_a_shipped_student_can_be_read_back_and_adapted(
    recipe_path: Path, tmp_path: Path, prepared: tuple[Recipe, Prepared], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ctranslate2")
    recipe, text = prepared
    torch.manual_seed(6)
    model = Transformer(recipe.student, text.tokenizer.get_piece_size())
    convert(model, text.tokenizer_path, tmp_path / "student")
    same = unpack(tmp_path / "student")
    assert same.config == recipe.student
    for name, weight in model.named_parameters():
        torch.testing.assert_close(dict(same.named_parameters())[name], weight, rtol=0, atol=0.02)
    command = [str(recipe_path), "--work", str(tmp_path / "niche"), "--quiet", "--set", "train.max_steps=4"]
    command += ["--set", "start_from=student", "--set", 'directions=[["en", "es"]]', "--set", "student.width=64"]
    assert main(["prepare", *command]) == 0
    assert (tmp_path / "niche/prepared/spm.model").read_bytes() == text.tokenizer_path.read_bytes()
    assert main(["train-student", *command]) == 0
    adapted, _ = load_model(tmp_path / "niche/student/checkpoint.pt")
    assert adapted.config.width == 32

    (tmp_path / "student/model.bin").write_bytes(b"\6\0\0\0nonsense")
    assert main(["train-student", *command]) == 2
    assert "model.bin" in capsys.readouterr().err
