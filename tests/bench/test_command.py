"""``sottovoce bench`` as it is run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from translate.bench.trouble import TROUBLES
from translate.cli import main
from translate.cli.bench import bench


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that it says before it exits with 2."""
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_a_missing_package_is_named_with_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jiwer", None)
    assert "sottovoce[bench]" in refused(capsys, "quality")


def test_what_cannot_end_well_is_refused_before_it_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "manifest.tsv" in refused(capsys, "latency", "--material", str(tmp_path))
    assert "add quality" in refused(capsys, "latency", "--plot", str(tmp_path / "plot.svg"))
    assert "no folder" in refused(capsys, "latency", "--json", str(tmp_path / "nowhere" / "x.json"))
    assert "no clips in ja; it has de, en, es, fr, pt" in refused(capsys, "latency", "--lang", "ja")
    assert "ending .svg" in refused(capsys, "quality", "--plot", str(tmp_path / "plot.png"))
    assert "add robust" in refused(capsys, "latency", "--trouble", "music")
    assert "'speed'" in refused(capsys, "speed")


@pytest.mark.models
def test_there_is_nothing_to_measure_where_the_model_knows_no_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert "does not know de" in refused(capsys, "latency", "--model", "whisper-tiny.en", "--lang", "de")
    assert "more --minutes" in refused(
        capsys, "robust", "--model", "whisper-tiny.en", "--lang", "en", "--minutes", "0.3"
    )


def test_every_trouble_can_be_asked_for() -> None:
    (option,) = (one for one in bench.params if one.name == "troubles")
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(TROUBLES)


@pytest.mark.models
@pytest.mark.slow
def test_a_real_run(capsys: pytest.CaptureFixture[str], tmp_path: Path, clips: dict[str, Any]) -> None:
    """Ours, both baselines and the model offline, on one short clip."""
    folder = tmp_path / "material"
    folder.mkdir()
    clip = clips["fleurs_en_007"]
    (folder / "clip.flac").symlink_to(clip.path)
    (folder / "manifest.tsv").write_text(
        f"lang\tfile\ttranscript\nen\tclip.flac\t{clip.transcript}\n", encoding="utf-8"
    )
    figures, drawn, logs = tmp_path / "figures.json", tmp_path / "plot.svg", tmp_path / "logs"
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "bench",
                "quality",
                "baselines",
                "--model",
                "whisper-tiny.en",
                "--material",
                str(folder),
                "--json",
                str(figures),
                "--plot",
                str(drawn),
                "--logs",
                str(logs),
            ]
        )
    assert ended.value.code == 0, capsys.readouterr().err
    assert "Latency in s" in capsys.readouterr().out
    report = json.loads(figures.read_text())
    ours, agreement, whole = report["systems"]
    for system in (ours, agreement, whole):
        assert system["stability"]["taken_back"] == 0
        assert 12 <= system["latency"]["commit"]["count"] <= 22, "it has 16 words"
        assert system["words"]["all"]["rate"] < 0.5
        assert system["latency"]["commit"]["median"] > 0
    # By construction, whatever the machine's speed: nothing is written until the pause, seven seconds on.
    assert whole["latency"]["commit"]["median"] > ours["latency"]["commit"]["median"]
    assert report["offline"]["all"]["rate"] < 0.5
    assert drawn.read_text().startswith("<svg")
    assert len(list(logs.glob("*.jsonl"))) == 6


def test_fanout_needs_no_speech_and_no_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "fanout.json"
    monkeypatch = pytest.MonkeyPatch()
    with monkeypatch.context() as patched:
        patched.setattr("translate.bench.fanout.SECONDS", 0.8)
        patched.setattr("translate.inference.engines.Engines", None)
        with pytest.raises(SystemExit) as ended:
            main(["bench", "fanout", "--listeners", "8", "--listeners", "16", "--json", str(file)])
    assert ended.value.code == 0
    assert "Readers of one room" in capsys.readouterr().out
    assert [(one["listeners"], one["messages"], one["behind"]) for one in json.loads(file.read_text())] == [
        (8, 32, 0),
        (16, 64, 0),
    ]


def test_fanout_is_measured_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert "alone" in refused(capsys, "fanout", "latency")
