"""``models pull --for``: what a room needs, no more and no less."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from translate.cli.models import models
from translate.errors import ConfigError, LanguageError, MissingModel
from translate.registry import default_catalog, resolve
from translate.registry.room import room


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(models, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def wanted(languages: str, spoken: str | None = None) -> list[str]:
    """For the catalog that ships, with nothing installed."""
    needed = room(default_catalog(), [], languages.split(","), spoken.split(",") if spoken else None)
    return [spec.name.removeprefix("firefox-") for spec in needed.wanted]


def test_each_language_needs_both_ways() -> None:
    assert wanted("es,de") == ["es-en", "en-es", "de-en", "en-de"]
    assert wanted("en") == []
    assert wanted("en,ja,pt") == ["ja-en", "en-ja", "pt-en-tiny", "en-pt-tiny"]


def test_only_what_is_spoken_is_put_into_english() -> None:
    assert wanted("es,de,fr", "es") == ["es-en", "en-de", "en-fr"]  # Spanish is read as it is spoken
    assert wanted("es,de", "en") == ["en-es", "en-de"]
    assert wanted("es", "en,es") == ["es-en", "en-es"]
    assert wanted("en", "es,en") == ["es-en"]
    assert wanted("de", "mt") == ["en-de", "mt-en"]


def test_one_that_is_warned_of_is_the_last_choice() -> None:
    assert wanted("en", "is") == ["is-en-base-memory"]
    assert wanted("en", "nn") == ["nn-en"]


def test_languages_without_a_model_are_named_before_anything_is_pulled(firefox) -> None:
    firefox.offer("es", "en", 27.5)
    firefox.offer("en", "es", 25.9)
    firefox.offer("mt", "en", 42.7)
    with pytest.raises(MissingModel) as caught:
        run("pull", "--for", "es,mt,cy")
    assert str(caught.value) == (
        "Firefox has no model from Welsh (cy) to English and from English to Maltese (mt), Welsh (cy); nothing was "
        "pulled: leave the language out (it can be spoken, though: --spoken mt)"
    )
    assert firefox.asked == []


def test_a_room_is_pulled_and_then_needs_nothing(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    for pair, dev in ((("es", "en"), 27.5), (("en", "es"), 25.9)):
        firefox.offer(*pair, dev)
        firefox.offer(*pair, dev + 1, suffix="-base")
    lines = run("pull", "--for", "es").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["to", "to", "2", "pulled", "pulled", "2"]
    assert lines[0].startswith("to pull  es → en: firefox-es-en")
    assert lines[0].endswith(", BLEU 27.5")
    lines = run("pull", "--for", "Spanish,en").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["here", "here", "nothing"]
    assert len(firefox.asked) == 6


def test_a_student_gives_way_and_a_better_model_does_not(firefox) -> None:
    firefox.offer("es", "en", 27.5)
    firefox.offer("en", "es", 25.9)
    for name, score in (("es-en", 15.4), ("en-es", 30.0)):
        with (firefox.house.student(name, *name.split("-")) / "student.toml").open("a") as file:
            file.write(f"[scores.flores-dev]\nbleu_beam4 = {score}\n")
    lines = run("pull", "--for", "es").stdout.splitlines()
    assert lines[0] == "here     en → es: en-es, BLEU 30.0"
    assert lines[1].startswith("to pull  es → en: firefox-es-en, ")
    assert lines[1].endswith(" kB, BLEU 27.5")
    listed = run("list").stdout
    assert "BLEU 27.5 (es-en 15.4)" in listed
    assert "BLEU 30.0" not in listed  # the only one
    assert "1 more of Firefox's own" in listed
    assert "1 more of Firefox's own" not in run("list", "--all").stdout


def test_files_of_a_stick_serve_a_room(firefox, tmp_path: Path) -> None:
    firefox.offer("es", "en", 27.5)
    firefox.offer("en", "es", None)
    for address, packed in firefox.files.items():
        firefox.house.write(f"stick/{address.rpartition('/')[2]}", packed)
    assert "2 models came" in run("pull", "--for", "es", "--from", str(tmp_path / "stick")).stdout
    assert resolve("firefox-en-es").pairs == (("en", "es"),)
    assert firefox.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("x", "--for", "es"), ("x", "--spoken", "es"), ("--spoken", "es"), ("--for", ","), ("--for", ""),
        ("--for", "es", "--spoken", ""), ("--for", "es", "--spoken", ","),
    ],
)  # fmt: skip
def test_a_name_or_languages_are_needed(firefox, arguments: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        run("pull", *arguments)


def test_help_tells_of_english(firefox) -> None:
    text = " ".join(run("pull", "--help").stdout.split())
    assert "English is always among them" in text
    assert "--for always brings English as well" in text


def test_an_unknown_language_is_said_as_ever(firefox) -> None:
    with pytest.raises(LanguageError, match="unknown language 'klingonian'"):
        run("pull", "--for", "es,klingonian")


def test_a_configuration_that_cannot_be_read_is_no_hindrance(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTOVOCE_MT_MODELS", "/nowhere/at/all")
    result = run("list")
    assert "note: without the folders of the configuration: there is no model folder /nowhere/at/all" in result.stderr
