"""Model folders that somebody carried in."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.translation.conftest import EN_DE, train_sentencepiece, write_opus_with_target_tokens
from translate.cli.models import models
from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.registry import Store, installed_translations, resolve
from translate.registry.folders import has_model_file, read_lock
from translate.translation.marian import is_marian_folder


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(models, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


@pytest.fixture
def carried(firefox) -> Callable[..., Path]:
    """Writes the files of a model for a pair into a folder."""

    def write(name: str, source: str = "en", target: str = "fr", *, packed: bool = False) -> Path:
        folder = firefox.house.root / name
        for file, data in firefox.parts(source, target).items():
            path = f"{name}/{file}.gz" if packed else f"{name}/{file}"
            firefox.house.write(path, gzip.compress(data) if packed else data)
        return folder

    return write


def cached(firefox) -> list[str]:
    folder = firefox.house.cache / "models"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_becomes_a_model(firefox, carried, packed: bool) -> None:
    folder = carried("my-french", packed=packed)
    firefox.house.write("my-french/README.md", b"not part of it")
    where = firefox.house.cache / "models/my-french"
    assert run("add", str(folder)).stdout == f"added my-french: translation, en → fr, {where}\n"
    assert sorted(path.name for path in where.iterdir()) == [
        "lex.50.50.enfr.s2t.bin", "model.enfr.intgemm.alphas.bin", "sottovoce.lock.json", "vocab.enfr.spm",
    ]  # fmt: skip
    model = resolve("my-french", kind="translation")
    assert (model.path, model.origin, model.pairs) == (where, "added", (("en", "fr"),))
    assert [each.name for each in installed_translations()] == ["my-french"]
    lock = read_lock(where)
    assert lock
    assert lock.source == "folder my-french"
    assert run("path", "my-french").stdout == f"{where}\n"
    assert "ok       my-french: 3 files" in run("verify").stdout
    row = json.loads(run("list", "--json").stdout)[-1]
    assert (row["name"], row["origin"], row["serves"]) == ("my-french", "added", [["en", "fr"]])
    assert "my-french" in run("list").stdout
    with pytest.raises(ConfigError, match="there is a model my-french already; sottovoce models rm my-french"):
        run("add", str(folder))
    assert "removed my-french" in run("rm", "my-french").stdout
    assert cached(firefox) == []


def test_an_added_model_is_held_against_what_it_was(firefox, carried) -> None:
    run("add", str(carried("my-french")))
    path = firefox.house.cache / "models/my-french/lex.50.50.enfr.s2t.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelDamaged, match=r"lex\S+ is damaged.*repair: sottovoce models rm my-french, then"):
        resolve("my-french")
    with pytest.raises(ModelDamaged):
        run("verify", "my-french")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sottovoce.lock.json", "{"), ("sottovoce.lock.json", "[" * 50_000 + "]" * 50_000),
        ("sottovoce.toml", "a = " + "[" * 50_000), ("sottovoce.lock.json", None),
    ],
)  # fmt: skip
def test_a_broken_added_model_is_told_how_to_repair_and_can_go(firefox, carried, file: str, text: str | None) -> None:
    run("add", str(carried("my-french")))
    path = firefox.house.cache / "models/my-french" / file
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
        assert "damaged: " in run("list").stdout
        assert installed_translations() == []
        repair = "repair: sottovoce models rm my-french, then sottovoce models add FOLDER from where it came$"
        for command in ("path", "verify"):
            with pytest.raises(ModelDamaged, match=rf"{file} cannot be read.*{repair}") as caught:
                run(command, "my-french")
            assert "\n" not in str(caught.value)
    assert "removed my-french" in run("rm", "my-french").stdout
    assert cached(firefox) == []


def test_two_additions_of_one_name_are_one(firefox, carried, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = carried("my-french"), carried("other", "en", "de")
    locked = Store.locked

    def late(store: Store, name: str, **options: float) -> Any:
        monkeypatch.setattr(Store, "locked", locked)
        run("add", str(one))  # by another process, just before this one gets the lock
        return locked(store, name, **options)

    monkeypatch.setattr(Store, "locked", late)
    with pytest.raises(ConfigError, match="there is a model my-french already"):
        run("add", str(other), "--name", "my-french")
    assert resolve("my-french").pairs == (("en", "fr"),)


@pytest.mark.parametrize("pair", ["en-fr", "enfr", "en_fr"])
def test_the_names_of_weights_are_the_same_everywhere(firefox, carried, tmp_path: Path, pair: str) -> None:
    folder = carried("my-french")
    name = f"model.{pair}.intgemm.alphas.bin"
    (folder / "model.enfr.intgemm.alphas.bin").rename(folder / name)
    assert "added my-french: translation, en → fr" in run("add", str(folder)).stdout
    for each in ("model.bin", name, "model.npz", "model.x y.bin", "model..bin", "models.a.bin", "model.a-b.c-d.bin"):
        firefox.house.write(f"names/{each}/{each}", (folder / name).read_bytes())
        assert has_model_file(tmp_path / "names" / each) == is_marian_folder(tmp_path / "names" / each)


def test_a_model_of_the_catalog_is_known_again(firefox, tmp_path: Path) -> None:
    firefox.offer("de", "en", 39.6)
    name = firefox.offer("en", "de", 38.8)
    for address, packed in firefox.files.items():
        if ".ende." in address:
            file = address.rpartition("/")[2]
            firefox.house.write(f"packed/{file}", packed)
            firefox.house.write(f"raw/{file.removesuffix('.gz')}", gzip.decompress(packed))
    for folder in ("packed", "raw"):
        result = run("add", str(tmp_path / folder))
        assert f"added {name}: translation, en → de, " in result.stdout
        note = "note: there is no published hash of lex.50.50.ende.s2t.bin, vocab.ende.spm; what came now is trusted"
        assert result.stderr.startswith(note) == (folder == "raw")
        model = resolve(name)
        assert (model.origin, model.quality_of("en", "de")) == ("cache", 38.8)
        run("rm", name)
    assert firefox.asked == []
    with pytest.raises(ConfigError, match="is firefox-en-de of the catalog; add it without --name"):
        run("add", str(tmp_path / "raw"), "--name", "mine")


def test_a_known_model_with_a_vocabulary_that_is_none_leaves_nothing(firefox, tmp_path: Path) -> None:
    firefox.offer("en", "de", 38.8)
    for address, packed in firefox.files.items():
        file = address.rpartition("/")[2].removesuffix(".gz")
        firefox.house.write(f"raw/{file}", b"?" if file.startswith("vocab") else gzip.decompress(packed))
    with pytest.raises(ModelDamaged, match=r"/raw/vocab\.ende\.spm"):
        run("add", str(tmp_path / "raw"))
    assert cached(firefox) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Upper", "cannot be the name of a model"), ("../up", "cannot be the name"), ("a" * 65, "cannot be the name"),
        ("remote", "is not the remote of the catalog"), ("en-es", "ships with Sottovoce"), (".x", "cannot be the name"),
        ("", "'' cannot be the name of a model"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_taken_is_refused(firefox, carried, name: str, message: str) -> None:
    firefox.house.student("en-es", "en", "es")
    with pytest.raises(ConfigError, match=message):
        run("add", str(carried("my-french")), "--name", name)
    assert cached(firefox) == []


def test_an_opus_folder_keeps_its_languages_under_another_name(firefox, translation_folder) -> None:
    folder = translation_folder("opus-mt-en-es", ["source.spm", "target.spm"], ["a", "b"], real=True)
    assert "added mine: translation, en → es" in run("add", str(folder), "--name", "mine").stdout
    assert resolve("mine").pairs == (("en", "es"),)
    from translate.translation.tokenizer import open_tokenizer

    assert open_tokenizer(resolve("mine").path).sources == {"en"}


def test_an_opus_folder_of_a_group_has_the_languages_of_its_tokens(firefox, tmp_path: Path) -> None:
    folder = write_opus_with_target_tokens(tmp_path / "opus-mt-en-ROMANCE", EN_DE, [">>fra<<", ">>ita<<"])
    assert run("add", str(folder), "--name", "romance").exit_code == 0
    assert resolve("romance").pairs == (("en", "fr"), ("en", "it"))


def test_a_folder_of_many_languages_and_one_of_whisper(firefox, translation_folder, make_model_bin) -> None:
    tokens = ["eng_Latn", "spa_Latn", "deu_Latn"]
    run("add", str(translation_folder("nllb", ["sentencepiece.bpe.model"], tokens, real=True)))
    assert resolve("nllb").languages == ("de", "en", "es")
    firefox.house.write("hears/model.bin", make_model_bin("WhisperSpec"))
    with pytest.raises(ModelDamaged, match=r"hears has no tokenizer\.json"):
        run("add", str(firefox.house.root / "hears"))
    firefox.house.write("hears/tokenizer.json", b"{}")
    run("add", str(firefox.house.root / "hears"))
    assert resolve("hears", kind="whisper").origin == "added"
    assert [each.name for each in installed_translations()] == ["nllb"]


def test_known_weights_with_the_vocabulary_of_others_are_refused(firefox, tmp_path: Path) -> None:
    name = firefox.attach("en", "th")
    for file, data in zip(firefox.parts("en", "th"), firefox.files.values(), strict=True):
        firefox.house.write(f"odd/{file}", data)
    path = tmp_path / "odd/vocab.enth.spm"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"a", b"c").replace(b"b", b"d"))  # as many words, but others
    for more in ((), ("--name", "mine")):
        with pytest.raises(ModelDamaged, match=rf"/odd/vocab\.enth\.spm is not .* which are those of {name}$"):
            run("add", str(tmp_path / "odd"), *more)
    assert cached(firefox) == []
    path.write_bytes(good)
    assert run("add", str(tmp_path / "odd")).stderr == ""
    assert cached(firefox) == [name]


def test_a_damaged_one_of_many_files_is_told_by_the_name_of_the_folder(firefox, translation_folder) -> None:
    folder = translation_folder("opus-mt-en-es", ["source.spm", "target.spm"], ["a", "b"], real=True)
    good = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(good[: len(good) // 2])
    with pytest.raises(ModelDamaged, match="cannot load the translation model") as caught:
        run("add", str(folder), "--name", "mine")
    assert str(folder) in str(caught.value)
    assert ".mine.new" not in str(caught.value)
    (folder / "model.bin").write_bytes(good)
    (folder / "config.json").write_text("[" * 50_000)
    with pytest.raises(ModelDamaged, match="opus-mt-en-es"):
        run("add", str(folder), "--name", "mine")
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(MissingModel, match="holds no model that can be used"):
        run("add", str(folder), "--name", "mine")
    assert cached(firefox) == []


def test_a_known_model_with_the_shortlist_of_another_leaves_what_was_there(firefox, tmp_path: Path) -> None:
    name = firefox.offer("en", "de", 38.8)
    for address, packed in firefox.files.items():
        file = address.rpartition("/")[2].removesuffix(".gz")
        firefox.house.write(f"raw/{file}", gzip.decompress(packed))
    run("add", str(tmp_path / "raw"))
    where = firefox.house.cache / "models" / name
    (where / "vocab.ende.spm").write_bytes(b"?")  # so that it is brought again
    (tmp_path / "raw/lex.50.50.ende.s2t.bin").write_bytes(b"no shortlist")
    with pytest.raises(ModelDamaged, match=r"/raw/lex\.50\.50\.ende\.s2t\.bin") as caught:
        run("add", str(tmp_path / "raw"))
    assert f".{name}.new" not in str(caught.value)
    assert cached(firefox) == [name]


def _half(folder: Path) -> None:
    path = folder / "model.enfr.intgemm.alphas.bin"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _none(folder: Path) -> None:
    (folder / "model.enfr.intgemm.alphas.bin").write_bytes(b"")


def _of_another(folder: Path) -> None:
    (folder / "vocab.enfr.spm").write_bytes(train_sentencepiece(["one", "two"]))


def _truncated(folder: Path) -> None:
    (folder / "model.enfr.intgemm.alphas.bin").rename(folder / "model.enfr.intgemm.alphas.bin.gz")


def _bomb(folder: Path) -> None:
    (folder / "vocab.enfr.spm").unlink()
    (folder / "vocab.enfr.spm.gz").write_bytes(gzip.compress(bytes(3_000_000)))


def _huge(folder: Path) -> None:
    with (folder / "vocab.enfr.spm").open("wb") as file:
        file.truncate(1 << 40)


def _link(folder: Path) -> None:
    (folder / "vocab.enfr.spm").unlink()
    (folder / "vocab.enfr.spm").symlink_to("/etc/passwd")


def _pipe(folder: Path) -> None:
    (folder / "vocab.enfr.spm").unlink()
    os.mkfifo(folder / "vocab.enfr.spm")


def _folder(folder: Path) -> None:
    (folder / "model.enfr.intgemm.alphas.bin").unlink()
    (folder / "model.enfr.intgemm.alphas.bin").mkdir()


def _outside(folder: Path) -> None:
    (folder / "student.toml").write_text('source = "en"\ntarget = "fr"\ntokenizer = "/etc/hostname"\n')


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_half, r"/odd/model\.enfr\.intgemm\.alphas\.bin is no Marian model, or damaged"),
        (_none, r"/odd/model\.enfr\.intgemm\.alphas\.bin"),
        (_of_another, r"/odd/vocab\.enfr\.spm does not fit"),
        (_truncated, r"model\.enfr\.intgemm\.alphas\.bin\.gz of odd cannot be unpacked"),
        (_bomb, r"vocab\.enfr\.spm\.gz of odd unpacks to more than"),
        (_huge, r"vocab\.enfr\.spm has 1099\.5 GB: too large"),
        (_link, r"vocab\.enfr\.spm is no plain file; copy the files themselves"),
        (_pipe, r"vocab\.enfr\.spm is no plain file"),
        (_folder, r"model\.enfr\.intgemm\.alphas\.bin is no plain file"),
        (_outside, r"its tokenizer '/etc/hostname' is not in the folder"),
        (lambda folder: (folder / "vocab.enfr.spm").write_bytes(b"?"), r"/odd/vocab\.enfr\.spm"),
        (lambda folder: (folder / "vocab.enfr.spm").unlink(), r"/odd has no vocabulary"),
        (lambda folder: (folder / "vocab.x.spm").write_bytes(b"?"), r"/odd has two files where one vocabulary"),
        (lambda folder: [(folder / f"lex.{i}.bin").write_bytes(b"") for i in range(50)], r"files of models; add the"),
    ],
)
def test_a_hostile_or_damaged_folder_is_refused_and_nothing_stays(firefox, carried, harm, message: str) -> None:
    folder = carried("odd")
    harm(folder)
    with pytest.raises(ModelDamaged, match=message) as caught:
        run("add", str(folder))
    assert "\n" not in str(caught.value)
    assert ".odd.new" not in str(caught.value)
    assert cached(firefox) == []


def test_what_is_no_model_is_said(firefox, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is not a folder"):
        run("add", str(tmp_path / "nowhere"))
    firefox.house.write("empty/README.md", b"")
    with pytest.raises(MissingModel, match=r"empty has no model: no file model\.bin"):
        run("add", str(tmp_path / "empty"))
    firefox.house.write("odd/model.bin", b"MZ" + bytes(60))
    with pytest.raises(MissingModel, match="odd holds no model that can be used"):
        run("add", str(tmp_path / "odd"))
    assert cached(firefox) == []


def test_a_full_disk_leaves_nothing(firefox, carried, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translate.registry.store.Store._free_bytes", lambda _: 0)
    with pytest.raises(MissingModel, match="no room for my-french"):
        run("add", str(carried("my-french")))
    assert cached(firefox) == []
