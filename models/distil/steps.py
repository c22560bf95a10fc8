"""The steps of a recipe. Each reads from the work folder what the steps before it wrote there."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from translate.manifest import STUDENT_MANIFEST, STUDENT_TOKENIZER, target_token

from .card import write_card, write_manifest
from .config import Recipe, TrainConfig
from .convert import convert, unpack
from .enlarge import with_pieces
from .errors import DistilError
from .model import Transformer
from .prepare import Prepared, load_prepared, prepare
from .progress import Progress
from .score import score_student, summary
from .teach import TEXT, load_taught, teach
from .teachers import ConvertedTeacher, Teacher, TrainedTeacher, described
from .train import Trainer, load_model

__all__ = ["STEPS", "RecipeRun"]

STEPS = ("prepare", "train-teacher", "translate", "train-student", "convert", "score", "card")


_WITHOUT_TEACHER = "from people's translations, without a teacher"


def _name(direction: tuple[str, str]) -> str:
    return f"{direction[0]}-{direction[1]}"


class RecipeRun:
    """One recipe and its work folder::

    prepared/             text and tokenizer
    teacher/              the teacher's checkpoint and training log
    taught/               the teacher's translations
    student/              the student of all directions
    student-en-es/        the student of one direction, trained on from that one
    export/en-es/         the converted student
    """

    def __init__(self, recipe: Recipe, work: Path, *, quiet: bool = False) -> None:
        self.recipe = dataclasses.replace(recipe, work=str(work.resolve()))
        self._work = work
        self._quiet = quiet
        work.mkdir(parents=True, exist_ok=True)
        self._say = Progress(quiet=quiet)

    def run(self, step: str) -> None:
        """Do one step of :data:`STEPS`, or ``all`` of them."""
        if step == "all":
            self._all()
            return
        actions = {
            "prepare": self.prepare,
            "train-teacher": self.train_teacher,
            "translate": self.translate,
            "train-student": self.train_student,
            "convert": self.convert,
            "score": self.score,
            "card": self.card,
        }
        actions[step]()

    def _all(self) -> None:
        for step in STEPS:
            if step == "prepare" and (self._work / "prepared" / STUDENT_TOKENIZER).exists():
                continue
            if step == "train-teacher" and not self._trains_teacher:
                continue
            if step == "translate" and not (self._trains_teacher or self.recipe.teach.teachers):
                continue
            self._say.say(f"== {step}")
            self.run(step)

    @property
    def _trains_teacher(self) -> bool:
        plan = self.recipe.train_teacher
        return (plan.hours > 0 or plan.max_steps > 0) and not self.recipe.teach.teachers

    def prepare(self) -> None:
        """Read and filter the text, and fit the tokenizer."""
        prepare(self.recipe, self._work / "prepared", self._say)

    def _prepared(self) -> Prepared:
        return load_prepared(self._work / "prepared")

    def _train(
        self,
        folder: str,
        prepared: Prepared,
        train: TrainConfig,
        *,
        teacher: bool = False,
        initial_checkpoint: Path | None = None,
        directions: Sequence[tuple[str, str]] = (),
    ) -> None:
        path = self._work / folder
        path.mkdir(exist_ok=True)
        student = self._start(prepared) if self.recipe.start_from and not teacher else None
        shape = self.recipe.teacher if teacher else student.config if student else self.recipe.student
        progress = Progress(path / "log.jsonl", quiet=self._quiet)
        trainer = Trainer(self.recipe, shape, train, prepared, path, progress, directions)
        if not trainer.resume():
            if initial_checkpoint is not None:
                trainer.start_from(initial_checkpoint)
            elif student is not None:
                trainer.start_from_model(student)
        trainer.run()

    def _start(self, prepared: Prepared) -> Transformer:
        return with_pieces(unpack(Path(self.recipe.path).parent / self.recipe.start_from), prepared.tokenizer)

    def train_teacher(self) -> None:
        """Train the teacher on the original text."""
        self._train("teacher", self._prepared(), self.recipe.train_teacher, teacher=True)

    def translate(self) -> None:
        """Have the teacher translate the training text."""
        trained = self._work / "teacher" / "checkpoint.pt"
        if not self.recipe.teach.teachers and not trained.exists():
            raise DistilError(
                f"{trained}: there is no teacher; run the step 'train-teacher' first, or name models in teach.teachers"
            )
        prepared = self._prepared()
        teach(self._teacher(trained, prepared), prepared, self.recipe, self._work / "taught", self._say)

    def _teacher(self, trained: Path, prepared: Prepared) -> Teacher:
        if self.recipe.teach.teachers:
            return self._converted_teacher()
        model, _ = load_model(trained, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
        return TrainedTeacher(model, prepared.tokenizer, self.recipe)

    def _converted_teacher(self) -> ConvertedTeacher:
        one, other = self.recipe.languages
        names = self.recipe.teach.teachers
        ways = {way: names[_name(way)] for way in ((one, other), (other, one)) if _name(way) in names}
        return ConvertedTeacher(ways, Path(self.recipe.path).parent, self.recipe.train.threads)

    def train_student(self) -> None:
        """Train one student for all directions, then one for each direction while the learning rate falls."""
        recipe, train = self.recipe, self.recipe.train
        prepared = dataclasses.replace(
            self._prepared(),
            taught=load_taught(recipe, self._work / "taught"),
            keep_original=recipe.teach.keep_original,
        )
        count = len(recipe.directions)
        share = recipe.specialise_share if count > 1 else 0.0
        self._train("student", prepared, _portion(train, 1 - share, **({"decay": 0.0} if share else {})))
        if not share:
            return
        own = _portion(train, share / count, warmup=0.0, decay=1.0)
        for direction in recipe.directions:
            initial_checkpoint = self._work / "student" / "checkpoint.pt"
            self._train(
                f"student-{_name(direction)}",
                prepared,
                own,
                initial_checkpoint=initial_checkpoint,
                directions=[direction],
            )

    def _checkpoint(self, direction: tuple[str, str]) -> Path:
        own = self._work / f"student-{_name(direction)}" / "checkpoint.pt"
        return own if own.exists() else self._work / "student" / "checkpoint.pt"

    def _export(self, direction: tuple[str, str]) -> Path:
        return self._work / "export" / _name(direction)

    def convert(self) -> None:
        """Convert the students to int8 folders of CTranslate2."""
        for direction in self.recipe.directions:
            model, _ = load_model(self._checkpoint(direction))
            tokenizer = self._work / "prepared" / STUDENT_TOKENIZER
            convert(model, tokenizer, self._export(direction), unknown_letter=self.recipe.unknown_letter)
            self._say.say(f"wrote {self._export(direction)}")

    def score(self) -> None:
        """Score the int8 folders on all development sets."""
        for direction in self.recipe.directions:
            folder = self._export(direction)
            prefix = target_token(direction[1]) if self.recipe.tags else ""
            scores = score_student(self.recipe, folder, direction, prefix)
            (folder / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
            for name, entry in scores.items():
                self._say.say(f"{_name(direction)} {name}: {summary(entry)}")

    def card(self) -> None:
        """Write ``student.toml`` and the model card."""
        pairs = self._prepared().pairs
        taught = load_taught(self.recipe, self._work / "taught")
        for direction in self.recipe.directions:
            folder = self._export(direction)
            if not (folder / "scores.json").exists():
                raise DistilError(f"{folder}: no scores there; run the step 'score' first")
            scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
            write_manifest(self.recipe, folder, direction, scores)
            read = [*pairs, *(pair for pair in taught.get(direction, ()) if pair.group == TEXT)]
            write_card(self.recipe, folder, direction, scores, read, self._training(direction, bool(taught)))

    def _training(self, direction: tuple[str, str], taught: bool) -> dict[str, Any]:
        tokens, seconds = 0, 0.0
        paths = {self._checkpoint(direction), self._work / "student" / "checkpoint.pt"}
        for path in paths:
            state = torch.load(path, map_location="cpu", weights_only=True)
            tokens, seconds = tokens + state["tokens"], seconds + state["seconds"]
        return {"tokens": tokens, "hours": seconds / 3600, "taught": self._read_from() if taught else _WITHOUT_TEACHER}

    def _read_from(self) -> str:
        teacher, converted = "a teacher's translations", self.recipe.teach.teachers
        if converted:
            teacher = f"translations by {described(converted.values(), Path(self.recipe.path).parent)}"
        return f"from {teacher} and people's" if self.recipe.teach.keep_original else f"from {teacher}"

    def ship(self, students: Path) -> None:
        """Copy the finished folders, without the raw scores, to ``students``."""
        for direction in self.recipe.directions:
            source = self._export(direction)
            if not (source / STUDENT_MANIFEST).exists():
                raise DistilError(f"{source}: no card there; run the step 'card' first")
            target = students / _name(direction)
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("scores.json"))


def _portion(train: TrainConfig, share: float, **changes: Any) -> TrainConfig:
    steps = max(1, round(train.max_steps * share)) if train.max_steps > 0 else 0
    return dataclasses.replace(train, hours=train.hours * share, max_steps=steps, **changes)
