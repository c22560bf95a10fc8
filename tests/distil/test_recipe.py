"""The whole recipe on made-up text: it runs, it resumes, it says what is wrong."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")
pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")

import torch

from models.distil import pacing
from models.distil.__main__ import main
from models.distil.batches import Batch, Place, Stream
from models.distil.config import ModelConfig, Recipe, TrainConfig, load_recipe
from models.distil.convert import convert, unpack
from models.distil.decode import greedy, translate
from models.distil.model import Transformer
from models.distil.optimiser import orthogonal, rate_at
from models.distil.prepare import Prepared, load_prepared, prefix_ids
from models.distil.progress import Progress
from models.distil.score import Student, normalised_erasure, peers, word_prefixes
from models.distil.teach import Taught, keep
from models.distil.train import Trainer, load_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUIET = Progress(quiet=True)


@pytest.fixture
def prepared(recipe_path: Path, tmp_path: Path) -> tuple[Recipe, Prepared]:
    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "work"), "--quiet"]) == 0
    return load_recipe(recipe_path), load_prepared(tmp_path / "work" / "prepared")


def test_all_steps_give_a_student_that_the_service_can_read(recipe_path: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    work, students = tmp_path / "work", tmp_path / "students"
    command = [str(recipe_path), "--work", str(work), "--quiet"]
    assert main(["all", *command]) == 0
    assert main(["ship", *command, "--students", str(students)]) == 0
    folder = students / "en-es"
    manifest = tomllib.loads((folder / "student.toml").read_text(encoding="utf-8"))
    assert (manifest["source"], manifest["target"]) == (["en"], ["es"])
    assert manifest["source_prefix_token"] == "<2es>"
    assert set(manifest["sha256"]) == {"model.bin", "config.json", "shared_vocabulary.json", "spm.model"}
    assert manifest["scores"]["dev"]["sentences"] == 40
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "It knows twelve nouns." in card
    assert "from a teacher's translations" in card
    assert str(tmp_path) not in card
    assert not (folder / "scores.json").exists()
    output = Student(folder, "<2es>").translate(["The cat sees the dog.", "", "🙂 \u200b", "word " * 500])
    assert len(output) == 4
    assert len(output[3].split()) < 2000


def test_resuming_gives_the_same_schedule_as_not_stopping(prepared: tuple[Recipe, Prepared], tmp_path: Path) -> None:
    recipe, text = prepared
    train = dataclasses.replace(recipe.train, max_steps=24, warmup=0.25, decay=0.5, score_sentences=1)

    def trainer(folder: str, steps: int = 24) -> Trainer:
        config = dataclasses.replace(train, max_steps=steps)
        return Trainer(recipe, recipe.student, config, text, tmp_path / folder, QUIET)

    whole = trainer("whole")
    whole.run()

    stopped = trainer("stopped")
    stopped.run(until_step=11)
    resumed = trainer("stopped")
    assert resumed.resume()
    assert resumed.step == 11
    resumed.run()
    assert (resumed.step, resumed.place, resumed.tokens) == (whole.step, whole.place, whole.tokens)
    for name, weight in whole.model.named_parameters():
        torch.testing.assert_close(dict(resumed.model.named_parameters())[name], weight, rtol=0, atol=0)


def test_a_checkpoint_of_another_shape_is_refused(
    recipe_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(recipe_path), "--work", str(tmp_path / "work"), "--quiet", "--set", "train.max_steps=2"]
    assert main(["prepare", *command]) == 0
    assert main(["train-student", *command]) == 0
    assert main(["train-student", *command, "--set", "student.width=64"]) == 2
    assert "another shape" in capsys.readouterr().err


def test_stream_goes_on_at_its_place(prepared: tuple[Recipe, Prepared]) -> None:
    recipe, text = prepared

    def take(place: Place, count: int) -> list[tuple[Place, Batch]]:
        batches = Stream(recipe, text, recipe.train).batches(place)
        return [next(batches) for _ in range(count)]

    whole = take(Place(), 30)
    assert {place.epoch for place, _ in whole} >= {0, 1}
    for cut in (1, 7, 20):
        rest = take(whole[cut - 1][0], 30 - cut)
        for (place, batch), (other_place, other) in zip(whole[cut:], rest, strict=True):
            assert place == other_place
            assert torch.equal(batch.source, other.source)
            assert torch.equal(batch.labels, other.labels)


def test_batches_hold_what_they_may(prepared: tuple[Recipe, Prepared]) -> None:
    recipe, text = prepared
    batches = Stream(recipe, text, recipe.train).batches(Place())
    tags = {prefix_ids(recipe, text.tokenizer, language)[0] for language in recipe.languages}
    for _ in range(20):
        _, batch = next(batches)
        assert max(batch.source.numel(), batch.target.numel()) <= recipe.train.batch_tokens
        assert set(batch.source[:, 0].tolist()) <= tags
        assert int((batch.labels >= 0).sum()) == batch.tokens
        assert torch.equal(
            batch.target[:, 1:][batch.labels[:, 1:] >= 0], batch.labels[:, :-1][batch.labels[:, 1:] >= 0]
        )


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


def test_schedule() -> None:
    train = TrainConfig(warmup=0.1, decay=0.4)
    assert [round(rate_at(p, train), 3) for p in (0.0, 0.05, 0.1, 0.5, 0.6, 0.8, 1.0)] == [0, 0.5, 1, 1, 1, 0.5, 0]
    assert rate_at(0.0, TrainConfig(warmup=0.0, decay=0.0)) == 1.0


def test_orthogonal() -> None:
    torch.manual_seed(4)
    for shape in ((2, 16, 16), (3, 8, 24), (1, 24, 8)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
        assert float(values.min()) > 0.5
        assert float(values.max()) < 1.4


def test_teacher_lines_are_kept_by_score_and_round_trip() -> None:
    lines = [Taught(str(i), score=-float(i), round_trip_chrf=100 - 10.0 * i) for i in range(10)]  # type: ignore[arg-type]
    assert keep(lines, 0.2, 0.0) == [str(i) for i in range(8)]
    assert keep(lines, 0.0, 55.0) == [str(i) for i in range(5)]
    assert keep([], 0.5, 0.0) == []


def test_erasure_counts_the_words_taken_back() -> None:
    assert list(word_prefixes("a b c")) == ["a", "a b", "a b c"]
    assert normalised_erasure(["Yo", "Yo soy", "Yo soy libre"]) == 0
    assert normalised_erasure(["Ella", "Yo soy", "Yo estoy aquí hoy"]) == pytest.approx(2 / 4)
    assert normalised_erasure([]) == 0


def test_peers(tmp_path: Path) -> None:
    path = tmp_path / "peers.tsv"
    path.write_text("set\tdirection\tsystem\tBLEU\ndev\ten-es\targos\t23.8\ndev\tes-en\targos\t25.3\n")
    assert peers(path, "dev", "en-es") == {"argos": 23.8}
    assert peers(tmp_path / "none.tsv", "dev", "en-es") == {}


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("train-student", "run the step 'prepare' first"),
        ("translate", "there is no teacher"),
        ("convert", "no such checkpoint"),
        ("score", "run the step 'convert' first"),
        ("ship", "--students"),
    ],
)
def test_a_step_too_early_says_which_comes_first(
    recipe_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str, message: str
) -> None:
    assert main([step, str(recipe_path), "--work", str(tmp_path / "w"), "--quiet"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_bad_line_stops_the_recipe_with_its_number(
    recipe_path: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.write_text("en\tes\nHi there.\tHola.\nHi.\t\n", encoding="utf-8")
    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "w"), "--quiet"]) == 2
    assert "toy.tsv:3: the es side is empty" in capsys.readouterr().err


def test_held_out_pairs_are_not_trained_on(recipe_path: Path, tmp_path: Path) -> None:
    work = tmp_path / "w"
    command = [str(recipe_path), "--work", str(work), "--quiet", "--set", "data.hold_out={toy=25}"]
    command += ["--set", 'dev.own="{work}/prepared/held-out.toy.{lang}"', "--set", "train.max_steps=2"]
    assert main(["prepare", *command]) == 0
    prepared = load_prepared(work / "prepared")
    for language, side in (("en", 2), ("es", 3)):
        held = (work / f"prepared/held-out.toy.{language}").read_text(encoding="utf-8").splitlines()
        assert len(held) == 25
        assert not set(held) & {pair[side] for pair in prepared.pairs}
    assert main(["train-student", *command]) == 0
    assert "own en-es" in (work / "student/log.jsonl").read_text(encoding="utf-8")
    assert main(["prepare", *command, "--set", "data.hold_out={toy=2500}"]) == 2


def test_of_a_source_no_more_pairs_are_used_than_the_recipe_says(recipe_path: Path, tmp_path: Path) -> None:
    work = tmp_path / "w"
    command = ["prepare", str(recipe_path), "--work", str(work), "--quiet", "--set", "data.hold_out={toy=25}"]
    assert main([*command, "--set", "data.most={toy=150}", "--set", "data.vocabulary=70"]) == 0
    assert len(load_prepared(work / "prepared").pairs) == 150
    assert main([*command, "--set", "data.most={foreign=5}"]) == 2


def test_too_little_text_for_the_vocabulary(
    recipe_path: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.write_text("en\tes\nHi there.\tHola a todos.\n", encoding="utf-8")
    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "w"), "--quiet"]) == 2
    assert "SentencePiece" in capsys.readouterr().err


def test_the_journal_is_json_lines(recipe_path: Path, tmp_path: Path) -> None:
    command = [str(recipe_path), "--work", str(tmp_path / "w"), "--quiet", "--set", "train.max_steps=3"]
    assert main(["prepare", *command]) == 0
    assert main(["train-student", *command]) == 0
    lines = (tmp_path / "w" / "student" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert events[0] == "start"
    assert events[-1] == "scores"
    model, state = load_model(tmp_path / "w" / "student" / "checkpoint.pt")
    assert state["step"] == 2
    assert not model.training


def test_worker_processes_make_the_same_batches(prepared: tuple[Recipe, Prepared]) -> None:
    recipe, text = prepared

    def take(workers: int) -> list[Batch]:
        train = dataclasses.replace(recipe.train, workers=workers, gpu_workers=workers)
        batches = Stream(recipe, text, train).batches(Place(0, 1, 1))
        found = [next(batches)[1] for _ in range(12)]
        batches.close()  # type: ignore[attr-defined]
        return found

    for one, other in zip(take(0), take(2), strict=True):
        assert torch.equal(one.source, other.source)
        assert torch.equal(one.labels, other.labels)


def test_pacer_leaves_busy_cores_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat, now = tmp_path / "stat", [100.0]
    monkeypatch.setattr(pacing, "_STAT", stat)
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(pacing.time, "process_time", lambda: 0.0)
    before = torch.get_num_threads()

    def others_used(seconds: float, *, within: float) -> int:
        user, system = (int(field) for field in stat.read_text().split()[1:4:2])
        stat.write_text(f"cpu {user + int(seconds * 100)} 999 {system} 0\n")
        now[0] += within
        pacer.tick()
        return torch.get_num_threads()

    try:
        stat.write_text("cpu 0 999 0 0\n")
        pacer = pacing.Pacer(2, cores=2)
        assert others_used(0.2, within=4) == 2
        assert others_used(4, within=4) == 1
        assert others_used(0, within=1) == 1, "too soon to look again"
        assert others_used(12, within=4) == 1, "one thread is kept whatever the others do"
        assert others_used(0, within=4) == 2
    finally:
        torch.set_num_threads(before)
