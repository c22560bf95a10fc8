import re

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES as WHISPER_CODES
from hypothesis import given
from hypothesis import strategies as st

from translate import languages
from translate.errors import LanguageError


def test_the_codes_are_those_of_whisper() -> None:
    assert set(languages.LANGUAGES) == set(WHISPER_CODES)


@pytest.mark.parametrize(
    ("given_code", "code"),
    [
        ("es", "es"),
        ("ES", "es"),
        (" es-ES ", "es"),
        ("es_419", "es"),
        ("spa_Latn", "es"),
        ("spa", "es"),
        ("Spanish", "es"),
        ("SPANISH", "es"),
        ("español", "es"),
        ("zh-CN", "zh"),
        ("zho_Hans", "zh"),
        ("zh-Hant-TW", "zh"),
        ("Mandarin", "zh"),
        ("yue_Hant", "yue"),
        ("pt-BR", "pt"),
        ("ger", "de"),
        ("nb-NO", "no"),
        ("jv", "jw"),
        ("iw", "he"),
        ("Haitian Creole", "ht"),
        ("no", "no"),
    ],
)
def test_every_common_name_of_a_language_is_known(given_code: str, code: str) -> None:
    assert languages.canonical(given_code) == code


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("en_US.UTF-8", "en"), ("de_DE@euro", "de"), ("de_DE.ISO-8859-1@euro", "de"), ("sr_RS@latin", "sr"),
        ("ca_ES.UTF-8@valencia", "ca"), ("english.iso88591", "en"), ("EN-us.utf8", "en"), ("en_US_POSIX", "en"),
        ("de__POSIX", "de"), ("ja_JP@calendar=japanese;numbers=latn", "ja"), ("zh_CN.GB18030", "zh"),
        ("de-CH-1996", "de"), ("de-1901", "de"), ("sl-rozaj-biske-1994", "sl"), ("hy-Latn-IT-arevela", "hy"),
        ("zh-yue", "yue"), ("zh_YUE_HK", "yue"), ("zh-yue-Hant-HK", "yue"), ("zh-cmn-Hans-CN", "zh"), ("ar-arb", "ar"),
        ("ar-ary", "ar"), ("zh-min-nan", "zh"), ("ar-EG-u-nu-latn", "ar"), ("de-DE-u-co-phonebk", "de"),
        ("en-x-private", "en"), ("en-t-jp", "en"), ("en-a-bbb-x-a-ccc", "en"), ("i-lux", "lb"), ("no-nyn", "nn"),
        ("no-bok", "no"), ("en-GB-oed", "en"), ("zh-guoyu", "zh"), ("es-ES_tradnl", "es"), ("en-001", "en"),
    ],
)  # fmt: skip
def test_any_tag_and_any_locale_of_a_known_language_is_known(form: str, code: str) -> None:
    assert languages.canonical(form) == code


@pytest.mark.parametrize(
    "form",
    [
        "C", "C.UTF-8", "POSIX", "i-klingon", "sgn-BE-FR", "x-en", "art-lojban", "en-", "-en", "en--us", "en-u", "en-x",
        "en-US-GB", "en-é", "en_US.", "en_US.UTF-8 x", ".UTF-8", "@euro", "", "und", "tlh-en", "en-" + "a-bb-" * 5000,
    ],
)  # fmt: skip
def test_what_names_no_known_language_is_refused(form: str) -> None:
    with pytest.raises(LanguageError) as error:
        languages.canonical(form)
    assert ("names no language" in str(error.value)) == form.startswith(("C", "POSIX"))


@pytest.mark.parametrize("code", sorted(languages.LANGUAGES))
def test_own_names_lead_back_to_the_code(code: str) -> None:
    language = languages.LANGUAGES[code]
    assert languages.canonical(code) == code
    assert languages.canonical(language.english.upper()) == code
    if code not in {"ms", "id"}:  # both are called Bahasa ... by their speakers
        assert languages.canonical(language.native) == code
    if language.nllb:
        assert re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}", language.nllb)
        assert languages.canonical(language.nllb) == code


def test_names_and_codes_by_any_form() -> None:
    assert languages.nllb_code("de-AT") == "deu_Latn"
    assert languages.nllb_code("haw") is None
    assert languages.english_name("deu_Latn") == "German"
    assert languages.native_name("german") == "Deutsch"
    assert not languages.is_spaced("ja")
    assert languages.is_spaced("ko")


def test_an_unknown_language_names_near_ones() -> None:
    with pytest.raises(LanguageError, match=r"unknown language 'Germn'; did you mean German \(de\)"):
        languages.canonical("Germn")


@given(st.text(max_size=60))
def test_any_text_is_a_language_or_one_clear_line(text: str) -> None:
    message = ""
    try:
        assert languages.canonical(text) in languages.LANGUAGES
    except LanguageError as error:
        message = str(error)
    assert "\n" not in message
    assert len(message) < 250
