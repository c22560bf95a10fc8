"""The manifest of a student: what ``models/distil`` writes is what the registry and the tokenizer read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from translate.errors import ModelDamaged
from translate.manifest import (
    STUDENT_FILES,
    StudentFacts,
    languages_manifest,
    read_manifest,
    student_manifest,
    target_token,
)
from translate.resources import models_folder

STUDENTS = sorted((models_folder() / "students").iterdir())


@pytest.mark.parametrize("folder", STUDENTS, ids=lambda folder: folder.name)
def test_the_manifest_of_each_shipped_student_would_be_written_the_same(folder: Path) -> None:
    text = (folder / "student.toml").read_text("utf-8")
    table = tomllib.loads(text)
    (source,), (target,) = table["source"], table["target"]
    facts = StudentFacts(
        source=source,
        target=target,
        source_prefix_token=target_token(target),
        max_source_tokens=table["max_source_tokens"],
        licence=table["licence"],
        recipe=table["recipe"],
        seed=table["seed"],
        files={name: (table["sizes"][name], table["sha256"][name]) for name in STUDENT_FILES},
        scores=table["scores"],
    )
    assert student_manifest(facts) == text


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    facts = StudentFacts(
        source="en", target="es", source_prefix_token="", max_source_tokens=256, licence="CC0 \"zero\"", recipe="toy",
        seed=3, files={"model.bin": (5, "ab" * 32)}, scores={"flores-dev": {"bleu_beam4": 20.5, "peers": {"x": 1}}},
    )  # fmt: skip
    (tmp_path / "student.toml").write_text(student_manifest(facts), "utf-8")
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert (manifest.pairs, manifest.quality) == ((("en", "es"),), {("en", "es"): 20.5})
    assert (manifest.licence, manifest.recipe, manifest.seed) == ('CC0 "zero"', "toy", 3)
    assert (manifest.tokenizer, manifest.source_prefix_token, manifest.add_eos) == ("spm.model", None, True)
    assert manifest.sha256 == {"model.bin": "ab" * 32}


def test_a_manifest_that_states_only_languages(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    (tmp_path / "sottovoce.toml").write_text(languages_manifest(["en", "fr"], ["es"]), "utf-8")
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert manifest.pairs == (("en", "es"), ("fr", "es"))
    assert manifest.quality == {}


@pytest.mark.parametrize("text", ["source = 5", "source = [5]", "target = ['Klingonish']", "sha256 = 5", "= ", "\xff"])
def test_a_bad_manifest_is_named_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "student.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelDamaged, match=r"student\.toml cannot be read: ") as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)
