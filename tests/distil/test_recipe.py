"""The whole recipe on made-up text: it runs, it resumes, it says what is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")
pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")

from models.distil.__main__ import main
from models.distil.score import Student, normalised_erasure, peers, word_prefixes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


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
