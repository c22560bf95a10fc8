"""The list of Firefox's models: what ships, what is refused, and how maintainers make it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from translate import resources
from translate.errors import ConfigError
from translate.registry import default_catalog
from translate.registry.firefox import load_firefox

ROOT = Path(__file__).parents[2]


def entry(**changes: Any) -> dict[str, Any]:
    files = [
        ["model.ende.intgemm.alphas.bin", 10, "0" * 64, 5, "1" * 64],
        ["lex.50.50.ende.s2t.bin", None, None, 5, "2" * 64],
        ["vocab.ende.spm", None, None, 5, "3" * 64],
    ]
    whole = {"name": "firefox-en-de", "pair": ["en", "de"], "architecture": "tiny", "folder": "models/tiny/ende"}
    return {**whole, "files": files, **changes}


def loaded(tmp_path: Path, *entries: object, **head: object) -> list[Any]:
    path = tmp_path / "firefox.json"
    path.write_text(json.dumps({"schema": 1, "commit": "c" * 40, "records": 7, "models": list(entries), **head}))
    return load_firefox(path)


def test_a_model_tells_what_can_be_said_of_it(tmp_path: Path) -> None:
    (spec,) = loaded(tmp_path, entry(dev=38.8, devtest=38, vocabulary=[32000], warning="odd"))
    assert spec.note == (
        "Firefox's own, tiny, 32,000 subwords. BLEU 38.8 on flores-dev, 38.0 on devtest, measured by Mozilla; odd."
    )
    assert (spec.quality, spec.licence, spec.warning) == ({("en", "de"): 38.8}, "MPL-2.0", "odd")
    assert (spec.size_bytes, spec.wire_bytes) == (15, 15)  # not every size is stated: those of what comes
    (spec,) = loaded(tmp_path, entry())
    assert spec.quality == {}
    assert "no score" in spec.note


LEX = entry()["files"][1]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ([], r"models\[0\]: a key is missing"),
        ({"name": "x"}, r"models\[0\]: a key is missing"),
        (entry(colour=1), r"unknown key 'colour'"),
        (entry(name="../x"), r"models\[0\]\.name"),
        (entry(name=None), r"models\[0\]\.name"),
        (entry(pair=["en"]), r"\(firefox-en-de\)\.pair"),
        (entry(pair=["en", "nb"]), r"\.pair must be two canonical codes"),
        (entry(pair=["en", ["de"]]), r"\.pair"),
        (entry(folder="/etc"), r"\.folder"),
        (entry(folder="models/../x"), r"\.folder"),
        (entry(folder=None), r"files\[0\] has too few or many"),
        (entry(dev="38"), r"\.dev must be a BLEU score"),
        (entry(devtest=[1]), r"\.devtest"),
        (entry(warning=3), r"\.warning"),
        (entry(vocabulary=3), r"\.vocabulary"),
        (entry(files=[]), r"\.files must be three"),
        (entry(files=[LEX, LEX, LEX]), r"files\[0\] must be the model"),
        (entry(files=[*entry()["files"], LEX]), r"names a file twice"),
        (entry(files=[["model.x", 1, "0" * 64, 5], LEX, LEX]), r"files\[0\] has too few"),
        (entry(files=[["model./etc/x", 1, "0" * 64, 5, "0" * 64], LEX, LEX]), r"files\[0\]: 'model./etc/x' is no name"),
        (entry(files=[["model.x", 1, None, 5, "0" * 64], LEX, LEX]), r"files\[0\]: bad size or SHA-256$"),
        (entry(files=[["model.x", True, "0" * 64, 5, "0" * 64], LEX, LEX]), r"files\[0\]: bad size"),
        (entry(files=[["model.x", None, None, 5, "0" * 63], LEX, LEX]), r"SHA-256 of the gzip file"),
        (entry(files=[["model.x", None, None, 0, "0" * 64], LEX, LEX]), r"SHA-256 of the gzip file"),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, bad: object, named: str) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        loaded(tmp_path, bad)
    assert "\n" not in str(caught.value)


def test_an_attachment_needs_hash_and_path(tmp_path: Path) -> None:
    whole = entry(
        files=[["model.x", 1, "0" * 64, "a/b.bin"], ["lex.x", 1, "0" * 64, "c"], ["vocab.x", 1, "0" * 64, "d"]]
    )
    del whole["folder"]
    assert loaded(tmp_path, whole)[0].files[0].path == "a/b.bin"
    for bad, named in (
        (["model.x", None, None, "a"], "size and SHA-256"),
        (["model.x", 1, "0" * 64, "../a"], "a path"),
        (["model.x", 1, "0" * 64, "https://x/a"], "a path"),
    ):
        with pytest.raises(ConfigError, match=rf"files\[0\] needs {named}"):
            loaded(tmp_path, {**whole, "files": [bad, *whole["files"][1:]]})


@pytest.mark.parametrize(
    ("head", "named"),
    [
        ({"schema": 2}, "schema"),
        ({"commit": "main"}, "commit"),
        ({"records": None}, "records"),
        ({"models": 1}, "models"),
    ],
)
def test_a_bad_list_is_named(tmp_path: Path, head: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        loaded(tmp_path, **head)
    (tmp_path / "firefox.json").write_text("[")
    with pytest.raises(ConfigError, match="is not JSON"):
        load_firefox(tmp_path / "firefox.json")
    with pytest.raises(ConfigError, match="cannot read"):
        load_firefox(tmp_path / "nothing.json")


def test_a_name_of_the_catalog_is_not_taken(firefox) -> None:
    firefox.offer("en", "de", 38.8)
    firefox.offer("en", "de", 38.8)
    with pytest.raises(ConfigError, match="two models 'firefox-en-de'"):
        default_catalog()


def test_the_list_that_ships() -> None:
    models = default_catalog().models
    firefox = {name: spec for name, spec in models.items() if spec.web is not None}
    assert len(firefox) > 150
    assert (resources.models_folder() / "firefox.json").stat().st_size < 200_000
    assert {"firefox-en-de", "firefox-de-en-base", "firefox-en-no", "firefox-pt-en-tiny"} <= set(firefox)
    assert models["firefox-en-pt"].packages
    assert models["firefox-en-de"].quality == {("en", "de"): 38.8}
    assert models["firefox-is-en"].warning
    for name, spec in firefox.items():
        (pair,) = spec.pairs
        assert name.startswith(f"firefox-{pair[0]}-{pair[1]}")
        assert "en" in pair
        assert all(file.sha256 or file.packed for file in spec.files)
    for spec in firefox.values():  # the smallest is the first of its pair, and has the plain name if that is free
        first = next(other for other in firefox.values() if other.pairs == spec.pairs)
        source, target = spec.pairs[0]
        assert first.name in (f"firefox-{source}-{target}", f"firefox-{source}-{target}-tiny")
        assert default_catalog().suggested(source, target) in (first, models.get(f"{first.name}-base-memory"))
    assert {pair for spec in firefox.values() for pair in spec.pairs} >= {("ja", "en"), ("en", "ja"), ("uk", "en")}


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.org", *words],
        check=True, capture_output=True,
    )  # fmt: skip


def pointer(sha256: str, size: int) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"


def test_the_maintainers_tool(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for architecture in ("tiny", "base"):
        folder = clone / f"models/{architecture}/nben"
        folder.mkdir(parents=True)
        about = {
            "sourceLanguage": "nb", "targetLanguage": "en", "architecture": architecture, "byteSize": 10,
            "hash": "0" * 64, "modelConfig": {"dim-vocabs": [16000, 16000]},
        }  # fmt: skip
        (folder / "metadata.json").write_text(json.dumps(about))
        for file in (
            "vocab.nben.spm",
            "model.nben.intgemm.alphas.bin",
            "lex.50.50.nben.s2t.bin",
            "qualityModel.nben.bin",
        ):
            (folder / f"{file}.gz").write_text(pointer("1" * 64, 5))
    (clone / "evaluation").mkdir()
    table = {"nb-en": {"flores-dev": {"bergamot-tiny": 37.4, "bergamot-base": 0}, "flores-test": {}}}
    (clone / "evaluation/bleu-results.json").write_text(json.dumps(table))
    git(tmp_path, "init", "-q", "clone")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "x")

    def record(source: str, version: str, name: str, **more: str) -> dict[str, Any]:
        attachment = {"hash": "4" * 64, "size": 31_000_000, "location": f"{version}/{name}"}
        return {"fromLang": source, "toLang": "en", "version": version, "name": name, "attachment": attachment, **more}

    files = ("lex.50.50.then.s2t.bin", "vocab.then.spm", "model.then.intgemm.alphas.bin")
    records = [record("th", version, name) for version in ("2.0", "10.0", "11.0a1") for name in files]
    records += [record(source, "1.0", "model.x.bin") for source in ("ug", "nb")]
    (tmp_path / "dump.json").write_text(json.dumps({"timestamp": 7, "data": records}))
    made = subprocess.run(
        [sys.executable, "-m", "models.firefox", str(clone / ".git"), str(tmp_path / "dump.json")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (tmp_path / "firefox.json").write_text(made.stdout)
    specs = {spec.name: spec for spec in load_firefox(tmp_path / "firefox.json")}
    assert list(specs) == ["firefox-no-en", "firefox-no-en-base", "firefox-th-en"]
    assert specs["firefox-no-en"].quality == {("no", "en"): 37.4}
    assert specs["firefox-no-en"].warning
    assert specs["firefox-no-en-base"].quality == {}
    assert specs["firefox-th-en"].files[0].path == "10.0/model.then.intgemm.alphas.bin"
    assert [file.name.partition(".")[0] for file in specs["firefox-no-en"].files] == ["model", "lex", "vocab"]
    assert len([line for line in made.stdout.splitlines() if line.startswith('{"name"')]) == 3
    assert "left out: ug to en: unknown language 'ug'" in made.stderr
    assert "models/tiny/nben; its hash is not confirmed" in made.stderr
