import itertools
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.config import MtConfig
from translate.errors import ConfigError, LanguageError, ModelDamaged
from translate.translation import TranslationEngine, is_translation_folder
from translate.translation.tokenizer import open_tokenizer

STYLES = [
    ("opus", "es", "en", "la casa blanca", "the house white"),
    ("opus-tokens", "en", "de", "the cat is big", "das Katze ist groß"),
    ("nllb", "es", "en", "uno dos tres", "one two three"),
    ("nllb", "en", "de", "one two three", "eins zwei drei"),
    ("student", "es", "en", "uno y dos", "one and two"),
    ("student-prefix", "en", "de", "one and two", "eins und zwei"),
    ("student-eos", "en", "de", "one and two", "eins und zwei"),
]


@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize(("name", "source", "target", "text", "expected"), STYLES)
def test_every_folder_style_translates(
    engines: dict[str, TranslationEngine], name: str, source: str, target: str, text: str, expected: str, beam_size: int
) -> None:
    found = engines[name].translate(text, source=source, target=target, beam_size=beam_size)
    assert found.text == expected
    assert engines[name].detokenize(found.tokens) == expected


@pytest.mark.parametrize(("name", "source", "target", "text", "expected"), STYLES)
def test_the_alignment_is_that_of_the_words(
    engines: dict[str, TranslationEngine], name: str, source: str, target: str, text: str, expected: str
) -> None:
    found = engines[name].translate(text, source=source, target=target, align=True)
    assert found.rests_on == tuple(itertools.accumulate(len(w) + (i > 0) for i, w in enumerate(text.split())))


def test_the_alignment_counts_bytes(engines: dict[str, TranslationEngine]) -> None:
    found = engines["student"].translate("uno ñ dos", source="es", target="en", align=True)
    assert found.text == "one ñ two"
    assert found.rests_on == (3, 4, 6, 10)


@pytest.mark.parametrize(("name", "source", "target", "text", "expected"), STYLES)
def test_a_prefix_is_kept_as_it_is(
    engines: dict[str, TranslationEngine], name: str, source: str, target: str, text: str, expected: str
) -> None:
    engine = engines[name]
    swapped = engine.translate(text, source=source, target=target).tokens[1::-1]
    for beam_size in (1, 4):
        found = engine.translate(text, source=source, target=target, prefix_tokens=swapped, beam_size=beam_size)
        assert found.tokens[:2] == swapped
        words = expected.split()
        assert found.text.split() == [words[1], words[0], *words[2:]]


@pytest.mark.parametrize(("name", "source", "target", "text", "expected"), STYLES)
def test_what_the_model_dislikes_in_a_prefix_is_told(
    engines: dict[str, TranslationEngine], name: str, source: str, target: str, text: str, expected: str
) -> None:
    engine = engines[name]
    free = engine.translate(text, source=source, target=target, align=True)
    assert free.gaps == (0.0,) * len(free.tokens)
    swapped = free.tokens[1::-1]
    found = engine.translate(text, source=source, target=target, prefix_tokens=swapped, align=True)
    assert found.gaps is not None
    assert len(found.gaps) == len(found.tokens)
    assert min(found.gaps[:2]) > 1
    assert set(found.gaps[2:]) == {0.0}


def test_names_go_through_letter_by_letter(engines: dict[str, TranslationEngine]) -> None:
    assert engines["student"].translate("Marta y Paul", source="es", target="en").text == "Marta and Paul"


def test_languages_and_pairs(engines: dict[str, TranslationEngine]) -> None:
    assert engines["opus"].pairs() == {("es", "en")}
    assert engines["opus-tokens"].pairs() == {("en", "de"), ("en", "nl")}
    assert engines["nllb"].pairs() == set(itertools.permutations(["de", "en", "es"], 2))
    assert [name for name in engines if engines[name].multilingual] == ["opus-tokens", "nllb"]
    with pytest.raises(LanguageError, match="does not translate en to es"):
        engines["student"].translate("x", source="en", target="es")


def test_any_form_of_a_language_code_will_do(engines: dict[str, TranslationEngine]) -> None:
    assert engines["nllb"].translate("uno", source="spa_Latn", target="English").text == "one"


def test_target_tokens_choose_the_language(models: dict[str, Path]) -> None:
    tokenizer = open_tokenizer(models["opus-tokens"])
    leads = {target: tokenizer.encode("one", source="en", target=target)[0].tokens for target in ("de", "nl")}
    assert leads == {"de": [">>deu<<", "▁one", "</s>"], "nl": [">>nld<<", "▁one", "</s>"]}


def test_the_end_of_sentence_is_there_once(models: dict[str, Path]) -> None:
    assert open_tokenizer(models["student"]).encode("uno", source="es", target="en")[0].tokens == ["▁uno", "</s>"]
    assert open_tokenizer(models["student-eos"]).encode("one", source="en", target="de")[0].tokens == ["▁one"]
    nllb = open_tokenizer(models["nllb"])
    assert nllb.encode("uno", source="es", target="en")[0].tokens == ["spa_Latn", "▁uno", "</s>"]
    assert nllb.start("en") == ["eng_Latn"]


@pytest.mark.parametrize(
    "text", ["", "   \n\t", "😀😀😀", "漢字", "\x00\x07", "\ud800", "\u200b", "...", "¿?!", "漢字, 漢字."]
)
def test_text_that_the_model_knows_nothing_of_gives_nothing(engines: dict[str, TranslationEngine], text: str) -> None:
    for name, source, target, _, _ in STYLES:
        found = engines[name].translate(text, source=source, target=target)
        assert (found.text, found.tokens) == ("", ())


def test_a_student_of_two_directions_is_told_which(
    tmp_path: Path, write_two_way_student: Callable[[Path], Path]
) -> None:
    folder = write_two_way_student(tmp_path / "both")
    engine = TranslationEngine(folder, MtConfig())
    assert engine.pairs() == {("es", "en"), ("en", "es")}
    assert engine.translate("uno dos", source="es", target="en").text == "one two"
    tokens = open_tokenizer(folder).encode("one", source="en", target="es")[0].tokens
    assert tokens == ["<2es>", "▁one", "</s>"]


def test_emoji_and_control_characters_leave_the_rest_alone(engines: dict[str, TranslationEngine]) -> None:
    assert engines["student"].translate("uno 😀 \x00dos", source="es", target="en").text == "one two"


def test_two_thousand_words_keep_their_order(engines: dict[str, TranslationEngine]) -> None:
    words = ["uno", "dos", "tres", "cuatro", "cinco", "seis", "siete"]
    meanings = ["one", "two", "three", "four", "five", "six", "seven"]
    for separator, count in ((" ", 2000), (". ", 400), (". ¿ ", 400)):
        source = separator.join(words[i % 7] for i in range(count))
        found = engines["student"].translate(source, source="es", target="en")
        assert found.text.translate({ord(c): "" for c in ".¿"}).split() == [meanings[i % 7] for i in range(count)]


def test_a_word_without_end_is_bounded(engines: dict[str, TranslationEngine]) -> None:
    text = "abcdefghij" * 400
    assert engines["student"].translate(text, source="es", target="en").text.replace(" ", "") == text


def test_a_model_that_loops_is_stopped(engines: dict[str, TranslationEngine]) -> None:
    engine = engines["stuck"]  # says its first word for ever
    text = "uno dos tres cuatro cinco seis"
    for beam_size in (1, 4):
        found = engine.translate(text, source="es", target="en", beam_size=beam_size)
        assert found.text.split().count("one") <= 6
        prefixed = engine.translate(text, source="es", target="en", prefix_tokens=["▁one"] * 5, beam_size=beam_size)
        assert prefixed.tokens[:5] == ("▁one",) * 5
        assert len(prefixed.tokens) == 5


def test_what_was_said_over_and_over_is_translated_as_often(engines: dict[str, TranslationEngine]) -> None:
    assert engines["student"].translate("no " + "dos " * 9, source="es", target="en").text == "no" + " two" * 9


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_bounded_text(engines: dict[str, TranslationEngine], text: str) -> None:
    found = engines["student"].translate(text, source="es", target="en")
    assert len(found.tokens) <= 24 * (len(text) + 1)
    found.text.encode()


def test_one_engine_serves_many_threads(engines: dict[str, TranslationEngine]) -> None:
    numbers = list(zip(["uno", "dos", "tres", "cuatro"], ["one", "two", "three", "four"], strict=True))
    jobs = [numbers[i % 4] for i in range(80)]

    def work(job: tuple[str, str]) -> bool:
        text, expected = f"{job[0]} y {job[0]}", f"{job[1]} and {job[1]}"
        return engines["opus"].translate(text, source="es", target="en").text == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, jobs))


def damaged(models: dict[str, Path], style: str, tmp_path: Path) -> Path:
    return shutil.copytree(models[style], tmp_path / models[style].name)


@pytest.mark.parametrize("style", ["opus", "nllb", "student"])
@pytest.mark.parametrize("keep", [0, 0.5])
def test_every_truncated_file_is_named_in_one_line(
    models: dict[str, Path], style: str, keep: float, tmp_path: Path
) -> None:
    folder = damaged(models, style, tmp_path)
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])
        with pytest.raises(ModelDamaged) as caught:
            TranslationEngine(folder, MtConfig())
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)
        path.write_bytes(data)
    assert TranslationEngine(folder, MtConfig()).sources


def test_every_missing_file_but_the_configuration_is_an_error(models: dict[str, Path], tmp_path: Path) -> None:
    for style in ("opus", "nllb", "student"):
        for path in sorted(models[style].iterdir()):
            if path.name == "config.json":
                continue
            folder = shutil.copytree(models[style], tmp_path / f"{style}-{path.name}" / models[style].name)
            (folder / path.name).unlink()
            with pytest.raises(ModelDamaged):
                TranslationEngine(folder, MtConfig())


def test_a_foreign_folder_is_no_translation_model(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"whatever")
    (tmp_path / "vocabulary.json").write_text("[]")
    assert not is_translation_folder(tmp_path)
    assert not is_translation_folder(tmp_path / "missing")
    assert all(is_translation_folder(folder) for folder in models.values())
    with pytest.raises(ModelDamaged, match="has no tokenizer"):
        TranslationEngine(tmp_path, MtConfig())
    with pytest.raises(ModelDamaged, match=r"model\.bin is missing"):
        TranslationEngine(tmp_path / "missing", MtConfig())


def test_an_opus_folder_of_any_name_can_state_its_languages(models: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(models["opus"], tmp_path / "renamed")
    with pytest.raises(ModelDamaged, match=r"sottovoce\.toml"):
        TranslationEngine(folder, MtConfig())
    (folder / "sottovoce.toml").write_text('source = ["spa_Latn"]\ntarget = "English"\n')
    assert TranslationEngine(folder, MtConfig()).pairs() == {("es", "en")}
    (folder / "sottovoce.toml").write_text('source = ["Klingonish"]\ntarget = ["en"]\n')
    with pytest.raises(ModelDamaged, match="unknown language 'Klingonish'"):
        TranslationEngine(folder, MtConfig())
    (folder / "sottovoce.toml").write_text("source = 5\n")
    with pytest.raises(ModelDamaged, match="list of languages"):
        TranslationEngine(folder, MtConfig())


def test_a_compute_type_that_does_not_run_here_is_a_setting_not_damage(models: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match=r"mt\.compute_type 'int3'"):
        TranslationEngine(models["opus"], MtConfig(compute_type="int3"))
