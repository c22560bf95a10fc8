from __future__ import annotations

from pathlib import Path

import pytest

from translate.errors import ConfigError
from translate.registry import default_catalog, load_catalog

GOOD = """
schema = 1
[[model]]
name = "m"
kind = "whisper"
languages = ["en", "Spanish"]
licence = "MIT"
hub = { repo = "a/b" }
files = [{ name = "model.bin" }]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "catalog.toml"
    path.write_text(text)
    return path


def test_languages_come_out_canonical(tmp_path: Path) -> None:
    spec = load_catalog(written(tmp_path, GOOD)).find("m")
    assert spec.languages == ("en", "es")
    assert spec.size_bytes is None
    assert spec.command == "sottovoce models pull m"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("schema = 1", "schema = 2", "schema must be 1"),
        ('name = "m"', 'name = "../m"', r"model\[0\].name"),
        ('name = "m"', "", r"model\[0\].name is missing"),
        ('kind = "whisper"', 'kind = "magic"', r"\(m\).kind must be one of whisper, translation"),
        ('languages = ["en", "Spanish"]', 'languages = ["klingonian"]', r"\(m\).languages: unknown language"),
        ('languages = ["en", "Spanish"]', 'languages = "all"', r"\(m\).languages must be a list"),
        ('languages = ["en", "Spanish"]', "", "one of languages, pairs"),
        ('languages = ["en", "Spanish"]', 'pairs = [["en", "es"]]', "pairs is for translation"),
        ('licence = "MIT"', "licence = 3", r"\(m\).licence must be a str"),
        ('licence = "MIT"', 'licence = "MIT"\ncolour = "red"', "unknown key 'colour'"),
        ('hub = { repo = "a/b" }', "", "one of packages, hub"),
        ('repo = "a/b"', 'repo = "a/b", revision = "main"', r"\(m\).hub.revision"),
        ('repo = "a/b"', 'repo = "https://x"', r"\(m\).hub.repo"),
        ('{ name = "model.bin" }', '{ name = "../model.bin" }', r"\(m\).files\[0\].name"),
        ('{ name = "model.bin" }', '{ name = "other.bin" }', "must hold model.bin"),
        ('{ name = "model.bin" }', '{ name = "model.bin", sha256 = "abc" }', r"\(m\).files\[0\].sha256"),
        ('{ name = "model.bin" }', '{ name = "model.bin", size_bytes = true }', r"\(m\).files\[0\].size_bytes"),
        ('{ name = "model.bin" }', '{ name = "model.bin" }, { name = "model.bin" }', "names a file twice"),
        ('licence = "MIT"', 'licence = "MIT"\nquality = 3', r"\(m\).quality must be a list"),
        ('licence = "MIT"', 'licence = "MIT"\nquality = [3]', r"\(m\).quality\[0\] must be a table"),
        ('licence = "MIT"', 'licence = "MIT"\nquality = [{ pair = ["en", "es"] }]', r"flores_dev_bleu is missing"),
        (
            'licence = "MIT"',
            'licence = "MIT"\nquality = [{ pair = ["en", "es"], flores_dev_bleu = 1.0 }]',
            "quality is of a pair that is not the model's",
        ),
        (
            'licence = "MIT"',
            'licence = "MIT"\nquality = [{ pair = ["en", "es"], flores_dev_bleu = 1.0, estimated = 1 }]',
            r"quality\[0\]\.estimated must be a bool",
        ),
        ("[[model]]", "[[model", "not TOML"),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=named) as caught:
        load_catalog(written(tmp_path, GOOD.replace(old, new)))
    assert "\n" not in str(caught.value)


def test_a_part_must_belong_to_a_package_of_the_model(tmp_path: Path) -> None:
    part = 'parts = [{ path = "other/model.bin" }]'
    file = f'{{ name = "model.bin", size_bytes = 1, sha256 = "{"0" * 64}", {part} }}'
    with pytest.raises(ConfigError, match="package 'other' is not among"):
        load_catalog(written(tmp_path, GOOD.replace('{ name = "model.bin" }', file)))


def test_a_model_of_marian_needs_no_model_bin(tmp_path: Path) -> None:
    text = GOOD.replace("model.bin", "model.ende.intgemm.alphas.bin").replace('"whisper"', '"translation"')
    text = text.replace(
        'licence = "MIT"', 'licence = "MIT"\nquality = [{ pair = ["en", "es"], flores_dev_bleu = 38.8 }]'
    )
    assert load_catalog(written(tmp_path, text)).find("m").quality == {("en", "es"): 38.8}


def test_what_is_measured_in_the_shipped_catalog() -> None:
    models = default_catalog().models
    assert models["opus-mt-en-es"].quality == {("en", "es"): 26.6}
    assert models["nllb-200-distilled-600m"].quality["fr", "en"] == 43.2
    estimated = {name: spec.estimated for name, spec in models.items() if spec.estimated}
    assert estimated == {"firefox-en-pt": {("en", "pt")}, "firefox-pt-en": {("pt", "en")}}
    assert models["firefox-en-pt"].quality == {("en", "pt"): 49.4}  # it counts all the same
    for spec in models.values():
        assert spec.kind == "translation" or not spec.quality
        assert spec.warning == "" or spec.warning in spec.note


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two models 'm'"):
        load_catalog(written(tmp_path, GOOD + GOOD.split("schema = 1")[1]))


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"did you mean .*whisper-base"):
        default_catalog().find("whisper-bsae")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("firefox-pt-es", "Firefox's models go through English: sottovoce models pull --for pt,es"),
        ("firefox-nb-de-tiny", "Firefox's models go through English: sottovoce models pull --for no,de"),
        ("firefox-mt-de", "Firefox's models go through English: sottovoce models pull --for de --spoken mt"),
        ("firefox-de-mt", "did you mean "),
        ("firefox-en-xx", "did you mean "),
        ("firefox-es-es", "did you mean "),
        ("firefox", "Firefox's models are called firefox-XX-en and firefox-en-XX"),
        ("firefox-", "Firefox's models are called firefox-XX-en and firefox-en-XX"),
        ("firefox-de", "Firefox's models are called firefox-XX-en and firefox-en-XX"),
    ],
)
def test_a_model_that_firefox_does_not_have_is_led_to_what_it_has(name: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        default_catalog().find(name)
    assert str(caught.value).startswith(f"unknown model {name!r}; {told}")


def test_the_shipped_catalog_tells_what_a_user_must_know() -> None:
    models = default_catalog().models
    assert {"whisper-base", "whisper-tiny.en", "whisper-small", "whisper-large-v3-turbo"} <= set(models)
    assert not models["nllb-200-distilled-600m"].commercial_use
    assert "yue" in models["whisper-large-v3"].languages
    assert "yue" not in models["whisper-base"].languages
    for spec in models.values():
        pinned = spec.hub is None or spec.hub.revision is not None
        hashed = all((file.sha256 and file.size_bytes) or file.packed for file in spec.files)
        assert pinned == hashed, f"{spec.name}: a pinned revision has hashes, and hashes need a pinned revision"
        assert pinned or "first pull" in spec.note, f"{spec.name}: its note must say that nobody published a hash"


def test_the_parts_of_the_shipped_models_add_up() -> None:
    for spec in default_catalog().models.values():
        for file in spec.files:
            if file.parts:
                assert sum(part.size_bytes for part in file.parts) == file.size_bytes
