"""What every test folder shares: real speech, and the rule that CI skips nothing."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from translate import prepare_process

prepare_process()  # before NumPy is imported: many sessions run in this process, and it would grow by gigabytes

from translate.inference import translators  # noqa: E402
from translate.registry import ResolvedModel, installed_translations  # noqa: E402

pytest_plugins = ["tests.chromium", "tests.soundcard"]

settings.register_profile("no_deadline", deadline=None)  # timings are never pass or fail
settings.load_profile("no_deadline")

AUDIO = Path(__file__).parent / "data" / "audio"
STUDENTS = Path(__file__).parent.parent / "models" / "students"


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording of ``tests/data/audio``."""

    path: Path
    lang: str
    seconds: float
    transcript: str
    english: str


@pytest.fixture(scope="session")
def clips() -> dict[str, Clip]:
    """The recordings by name (``fleurs_es_005``)."""
    with (AUDIO / "manifest.tsv").open(encoding="utf-8") as rows:
        return {
            Path(row["file"]).stem: Clip(
                AUDIO / row["file"], row["lang"], float(row["seconds"]), row["transcript"], row["english"]
            )
            for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)
        }


@pytest.fixture(scope="session")
def students() -> dict[str, Path]:
    """The folders of the students that ship, by pair; ``SOTTOVOCE_TEST_STUDENTS`` names others to test."""
    root = Path(os.environ.get("SOTTOVOCE_TEST_STUDENTS") or STUDENTS)
    found = {name: root / name for name in ("en-es", "es-en") if (root / name / "model.bin").is_file()}
    if len(found) < 2:
        pytest.skip(f"no students en-es and es-en in {root}")
    return found


@pytest.fixture
def students_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has our students and no other translation model: none reads Portuguese."""

    def installed(folders: Sequence[str] = ()) -> list[ResolvedModel]:
        return [model for model in installed_translations(folders) if model.origin == "student"]

    monkeypatch.setattr(translators, "installed_translations", installed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """In CI a skipped test is a failed one: it says what is missing, and CI has to have it."""
    report = yield
    if report.skipped and os.environ.get("SOTTOVOCE_TEST_ALL") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI may skip nothing: {report.longrepr}"
    return report
