"""Training: the same batches every time, a schedule that survives a kill, and cores left to others."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")
pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")

import torch

from models.distil import pacing
from models.distil.__main__ import main
from models.distil.batches import Batch, Place, Stream
from models.distil.config import Recipe, TrainConfig
from models.distil.optimiser import orthogonal, rate_at
from models.distil.prepare import Prepared, prefix_ids
from models.distil.progress import Progress
from models.distil.train import Trainer, load_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUIET = Progress(quiet=True)


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
