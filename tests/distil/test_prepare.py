"""What may not be trained on: the sentences that a student is scored with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")
pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")

from models.distil.__main__ import main
from models.distil.prepare import load_prepared


def test_lines_of_a_development_set_are_not_trained_on(recipe_path: Path, corpus: Path, tmp_path: Path) -> None:
    with corpus.open("a", encoding="utf-8") as lines:
        lines.write("toy\tA\tTHE CAT SEES THE CAT!\tOtra cosa dice él.\n")  # the same but for case and marks
        lines.write("toy\tA\tThank you very much.\tMuchas gracias.\n")
    for language, polite in (("en", "Thank you very much."), ("es", "Muchas gracias.")):
        with (tmp_path / f"dev.{language}").open("a", encoding="utf-8") as dev:
            dev.write(f"{polite}\n")
    scored = {
        line for language in ("en", "es") for line in (tmp_path / f"dev.{language}").read_text("utf-8").splitlines()
    }
    assert "The cat sees the cat." in scored
    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "w"), "--quiet"]) == 0
    sides = {side for pair in load_prepared(tmp_path / "w/prepared").pairs for side in pair[2:]}
    # What everybody says belongs to nobody's test.
    assert sides & scored == {"Thank you very much.", "Muchas gracias."}
    assert "THE CAT SEES THE CAT!" not in sides
    counts = json.loads((tmp_path / "w/prepared/prepared.json").read_text("utf-8"))
    assert counts["toy: development set"] >= 2


def test_without_development_sets_everything_is_trained_on(recipe_path: Path, tmp_path: Path) -> None:
    text = recipe_path.read_text("utf-8").replace('dev = "dev.{lang}"', "")
    recipe_path.write_text(text, encoding="utf-8")
    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "w"), "--quiet"]) == 0
    assert len(load_prepared(tmp_path / "w/prepared").pairs) == 400


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


def test_a_bad_line_stops_the_recipe_with_its_number(
    recipe_path: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.write_text("en\tes\nHi there.\tHola.\nHi.\t\n", encoding="utf-8")
    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "w"), "--quiet"]) == 2
    assert "toy.tsv:3: the es side is empty" in capsys.readouterr().err
