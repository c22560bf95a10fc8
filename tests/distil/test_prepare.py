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
