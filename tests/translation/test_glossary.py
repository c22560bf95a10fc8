from pathlib import Path

import pytest

from translate.config import MtConfig
from translate.errors import ConfigError
from translate.inference.translators import Translators
from translate.translation import Glossary, TranslationEngine, plan, read_glossary, translate_text


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "terms.tsv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_pair_uses_the_lines_that_have_both_cells(written) -> None:
    path = written("\ufeff# ours\nEnglish\tes\tde-DE\n\nforce majeure\tfuerza mayor\t\ncell\t\tZelle\nSottovoce\n")
    glossary = read_glossary(path)
    assert glossary.languages == ("en", "es", "de")
    assert glossary.terms("en", "es").written == {"sottovoce": "Sottovoce", "force majeure": "fuerza mayor"}
    assert glossary.terms("de", "en").written == {"sottovoce": "Sottovoce", "zelle": "cell"}
    assert glossary.terms("fr", "it").written == {"sottovoce": "Sottovoce"}
    assert glossary.hotwords("en") == ("Sottovoce", "force majeure", "cell")
    assert glossary.hotwords(None) == ("Sottovoce",)


def test_terms_are_whole_words_and_the_longest_wins(written) -> None:
    terms = read_glossary(written("en\tes\ncell\tcelda\ncell phone\tmóvil\n")).terms("en", "es")
    assert terms.pattern is not None
    assert terms.pattern.findall("Cell phone, cells, a cell; excellent") == ["Cell phone", "cell"]


def test_hotwords_fit_into_a_prompt(written) -> None:
    names = "\n".join(f"Name{n}" for n in range(500))
    assert sum(map(len, read_glossary(written(f"en\n{names}\n")).hotwords("en"))) <= 200


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("en\tes\na\tb\tc\n", "line 2: 3 cells, but the first line names 2 languages"),
        ("en\n\nxx\nXX\n", "line 4: 'XX' is in line 3 already"),
        ("en\tklingonish\n", "line 1: the first line has to name the languages"),
        ("en\tes\ten\n", "line 1: a language is named twice"),
        ("en\tes\n# x\n\tb\n", "line 3: a term without its translation"),
        ("en\tes\n...\tb\n", "line 2: '...' has neither letter nor digit"),
        ("en\tes\n" + "x" * 500 + "\n", "line 2: a term of 500 characters"),
        ("", "is empty"),
        (b"en\xff\tes\n", "is not UTF-8 text"),
        ("en\n" + "x\n" * 6000, "has 6001 lines"),
    ],
)
def test_a_bad_line_is_named_in_one_line(written, text: str | bytes, complaint: str) -> None:
    path = written(text)
    with pytest.raises(ConfigError) as caught:
        Translators(MtConfig(glossary=str(path)))
    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_glossary_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read glossary .*no such file"):
        read_glossary(tmp_path / "none.tsv")


def test_terms_come_out_as_written_whatever_the_model_knows(engines: dict[str, TranslationEngine]) -> None:
    glossary = Glossary(("es", "en"), (("casa blanca", "White House"), ("gato",)))
    route = plan("es", "en", [engines["student"]], False)
    assert translate_text(route, "la Casa Blanca y la casa. el gato", 4, glossary) == (
        "the White House and the house. el gato"
    )


def test_a_pivot_keeps_a_name_through_both_models(engines: dict[str, TranslationEngine]) -> None:
    glossary = Glossary(("es",), (("gato",),))
    route = plan("es", "de", [engines["opus"], engines["student-prefix"]], False)
    assert translate_text(route, "la casa y gato", 4, glossary) == "das Haus und gato"
