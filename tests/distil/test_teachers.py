"""Teachers that are on the machine already: our own shipped students stand in for an OPUS-MT that was pulled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the recipe needs torch (extra 'distil')")
pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")
pytest.importorskip("ctranslate2", reason="converted teachers run in CTranslate2")

from models.distil.__main__ import main
from models.distil.config import Recipe, load_recipe
from models.distil.corpus import read_pairs
from models.distil.decode import Hypothesis
from models.distil.errors import DistilError
from models.distil.prepare import Prepared, load_prepared
from models.distil.progress import Progress
from models.distil.teach import TEXT, Taught, keep, lines_for, load_taught, teach
from models.distil.teachers import ConvertedTeacher, Direction

STUDENTS = Path(__file__).parents[2] / "models" / "students"
SAYINGS = ("Thank you very much.", "Where is the station?", "I have two brothers.", "It is raining today.")


def _louder(line: str) -> str:
    return " ".join(reversed(line.upper().split()))


class Shouter:
    """A teacher that says everything louder; it knows the ways that it was given."""

    def __init__(self, *ways: Direction) -> None:
        self._ways = ways
        self.read: list[tuple[Direction, str]] = []

    def can(self, direction: Direction) -> bool:
        return direction in self._ways

    def write(
        self, direction: Direction, lines: Sequence[str], *, beam: int = 1, hypotheses: int = 1
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        for number in reversed(range(len(lines))):
            self.read.append((direction, lines[number]))
            yield (
                number,
                [Hypothesis(_louder(lines[number]) + "!" * place, -float(place)) for place in range(hypotheses)],
            )


@pytest.fixture
def made(recipe_path: Path, tmp_path: Path) -> tuple[Path, Prepared]:
    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "work"), "--quiet"]) == 0
    (tmp_path / "minutes.txt").write_text("A new line.\n\n  A new line.\nA second one.\n", encoding="utf-8")
    return recipe_path, load_prepared(tmp_path / "work" / "prepared")


def _recipe(path: Path, *changes: str) -> Recipe:
    return load_recipe(path, ["teach.worst_share=0.0", "teach.min_round_trip_chrf=0.0", *changes])


def test_a_shipped_student_teaches_another(recipe_path: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (tmp_path / "sayings.txt").write_text("\n".join(SAYINGS), encoding="utf-8")
    teachers = f'{{"en-es" = "{STUDENTS / "en-es"}", "es-en" = "es-en"}}'
    command = [str(recipe_path), "--work", str(work), "--quiet", "--set", f"teach.teachers={teachers}"]
    command += ["--set", 'teach.text={en=["sayings.txt"]}', "--set", "teach.pairs=false", "--set", "teach.back=true"]
    command += ["--set", "teach.worst_share=0.0"]
    assert main(["all", *command]) == 0
    assert not (work / "teacher").exists()
    taught = {pair.first: pair.second for pair in read_pairs(work / "taught/en-es.tsv", ("en", "es"))}
    assert set(taught) == set(SAYINGS)
    assert taught["Thank you very much."] == "Muchas gracias."
    assert "estación" in taught["Where is the station?"]
    assert not (work / "taught/es-en.tsv").exists()
    card = (work / "export/es-en/README.md").read_text(encoding="utf-8")
    assert "translations by en-es (CC-BY-SA-4.0" in card
    assert "| sayings | 4 |" in card


def test_a_line_that_says_nothing_or_too_much_is_not_taught() -> None:
    teacher = ConvertedTeacher({("en", "es"): "en-es"}, STUDENTS, 1)
    lines = ["Thank you very much.", "...", "word " * 600, "I have two brothers."]
    found = dict(teacher.write(("en", "es"), lines, beam=2, hypotheses=2))
    assert sorted(found) == [0, 3]
    assert all(len(hypotheses) == 2 for hypotheses in found.values())
    assert found[0][0].text == "Muchas gracias."
    assert found[0][0].score >= found[0][1].score
    assert dict(teacher.write(("en", "es"), [])) == {}


def test_text_serves_both_ways_and_pairs_only_their_own(made: tuple[Path, Prepared], tmp_path: Path) -> None:
    path, prepared = made
    recipe = _recipe(path, 'teach.text={en=["minutes.txt"]}', "teach.back=true")
    teach(Shouter(("en", "es"), ("es", "en")), prepared, recipe, tmp_path / "taught", Progress(quiet=True))
    lessons = load_taught(recipe, tmp_path / "taught")
    there, back = lessons["en", "es"], lessons["es", "en"]
    assert len(there) == len(prepared.pairs) + 2
    assert all(pair.second == _louder(pair.first) for pair in there)
    assert {pair.first for pair in there if pair.group == TEXT} == {"A new line.", "A second one."}
    assert [pair for pair in back if pair.group == TEXT] == [pair for pair in there if pair.group == TEXT]
    assert all(pair.first == _louder(pair.second) for pair in back if pair.group != TEXT)


def test_a_student_of_one_direction_is_taught_backwards(made: tuple[Path, Prepared], tmp_path: Path) -> None:
    path, prepared = made
    recipe = _recipe(
        path, 'directions=[["es", "en"]]', "teach.pairs=false", "teach.back=true", 'teach.text={en=["minutes.txt"]}'
    )
    teacher = Shouter(("en", "es"))
    teach(teacher, prepared, recipe, tmp_path / "taught", Progress(quiet=True))
    assert {direction for direction, _ in teacher.read} == {("en", "es")}
    lessons = load_taught(recipe, tmp_path / "taught")
    assert {(pair.first, pair.second) for pair in lessons["es", "en"]} == {
        ("A new line.", "LINE. NEW A"),
        ("A second one.", "ONE. SECOND A"),
    }


def test_what_is_there_is_not_taught_again(made: tuple[Path, Prepared], tmp_path: Path) -> None:
    path, prepared = made
    recipe = _recipe(path, 'directions=[["en", "es"]]', "teach.hypotheses=2")
    first, again = Shouter(("en", "es")), Shouter(("en", "es"))
    teach(first, prepared, recipe, tmp_path / "taught", Progress(quiet=True), part_lines=100)
    assert len(first.read) == len(prepared.pairs)
    (tmp_path / "taught/en-es.tsv").unlink()
    (tmp_path / "taught/en-es.parts/00001.pt").unlink()
    teach(again, prepared, recipe, tmp_path / "taught", Progress(quiet=True), part_lines=100)
    assert len(again.read) == 100
    assert len(load_taught(recipe, tmp_path / "taught")["en", "es"]) == 2 * len(prepared.pairs)


def test_lines_that_are_too_long_are_left_out(made: tuple[Path, Prepared], tmp_path: Path) -> None:
    path, prepared = made
    (tmp_path / "minutes.txt").write_text("word " * 100 + "\nShort.\n", encoding="utf-8")
    recipe = _recipe(path, "teach.pairs=false", 'teach.text={es=["minutes.txt"]}')
    assert [line.text for line in lines_for(("es", "en"), recipe, prepared.pairs)] == ["Short."]
    assert lines_for(("en", "es"), recipe, prepared.pairs) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (['teach.teachers={"en-es"="nothing/here"}'], "nothing/here"),
        (['teach.teachers={"en-es"="no-such-model"}'], "no-such-model"),
        (['teach.teachers={"en-es"="de-en"}'], "de-en does not translate en to es"),
        (['teach.teachers={"en-es"="opus-mt-en-es"}'], "sottovoce models pull opus-mt-en-es"),
        (['teach.teachers={"en-fr"="en-fr"}'], "'en-fr' is neither en-es nor es-en"),
        (['teach.text={fr=["a.txt"]}'], "'fr' is none of"),
        (['teach.text={en="a.txt"}'], "must be a list of files"),
        (['teach.teachers={"en-es"="en-es"}', 'teach.text={en=["a.txt"]}'], "a.txt: no such file"),
        (['teach.teachers={"es-en"="es-en"}'], "no teacher for en-es"),
    ],
)
def test_a_teacher_that_cannot_teach_is_named(
    made: tuple[Path, Prepared],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOTTOVOCE_CACHE", str(tmp_path / "cache"))
    settings = [part for change in changes for part in ("--set", change)]
    assert main(["translate", str(made[0]), "--work", str(tmp_path / "work"), "--quiet", *settings]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_teacher_that_has_not_finished_is_waited_for(made: tuple[Path, Prepared], tmp_path: Path) -> None:
    path, prepared = made
    recipe = _recipe(path)
    assert load_taught(recipe, tmp_path / "taught") == {}
    with pytest.raises(DistilError, match="no teacher for es-en"):
        teach(Shouter(("en", "es")), prepared, recipe, tmp_path / "taught", Progress(quiet=True))
    with pytest.raises(DistilError, match=r"es-en\.tsv: the teacher has not finished"):
        load_taught(recipe, tmp_path / "taught")


def test_teacher_lines_are_kept_by_score_and_round_trip() -> None:
    lines = [Taught(str(i), score=-float(i), round_trip_chrf=100 - 10.0 * i) for i in range(10)]  # type: ignore[arg-type]
    assert keep(lines, 0.2, 0.0) == [str(i) for i in range(8)]
    assert keep(lines, 0.0, 55.0) == [str(i) for i in range(5)]
    assert keep([], 0.5, 0.0) == []
