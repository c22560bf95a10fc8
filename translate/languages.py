"""Languages: one canonical code inside the service, whatever a person, a browser or a model folder calls them.

The canonical code is Whisper's (ISO 639-1 where there is one). NLLB-200 and FLORES-200 name languages by ISO 639-3 and
script (``spa_Latn``); browsers by BCP 47 (``es-ES``), systems by locales (``es_ES.UTF-8``).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from translate.errors import LanguageError
from translate.language_tags import languages_of, without_codeset

__all__ = ["AUTO", "LANGUAGES", "Language", "canonical", "english_name", "is_spaced", "native_name", "nllb_code"]

AUTO: Final = "auto"
"""In place of a language code: which language is spoken is to be found out."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language that Whisper knows."""

    code: str
    nllb: str | None
    """FLORES-200 code, which NLLB uses as a token; ``None``: NLLB does not know the language."""
    english: str
    native: str
    spaced: bool = True
    """Whether words are separated by spaces."""


# code, FLORES-200 code, English name, native name
_TABLE = """
af afr_Latn Afrikaans|Afrikaans
am amh_Ethi Amharic|አማርኛ
ar arb_Arab Arabic|العربية
as asm_Beng Assamese|অসমীয়া
az azj_Latn Azerbaijani|Azərbaycanca
ba bak_Cyrl Bashkir|Башҡортса
be bel_Cyrl Belarusian|Беларуская
bg bul_Cyrl Bulgarian|Български
bn ben_Beng Bengali|বাংলা
bo bod_Tibt Tibetan|བོད་སྐད་
br - Breton|Brezhoneg
bs bos_Latn Bosnian|Bosanski
ca cat_Latn Catalan|Català
cs ces_Latn Czech|Čeština
cy cym_Latn Welsh|Cymraeg
da dan_Latn Danish|Dansk
de deu_Latn German|Deutsch
el ell_Grek Greek|Ελληνικά
en eng_Latn English|English
es spa_Latn Spanish|Español
et est_Latn Estonian|Eesti
eu eus_Latn Basque|Euskara
fa pes_Arab Persian|فارسی
fi fin_Latn Finnish|Suomi
fo fao_Latn Faroese|Føroyskt
fr fra_Latn French|Français
gl glg_Latn Galician|Galego
gu guj_Gujr Gujarati|ગુજરાતી
ha hau_Latn Hausa|Hausa
haw - Hawaiian|ʻŌlelo Hawaiʻi
he heb_Hebr Hebrew|עברית
hi hin_Deva Hindi|हिन्दी
hr hrv_Latn Croatian|Hrvatski
ht hat_Latn Haitian Creole|Kreyòl ayisyen
hu hun_Latn Hungarian|Magyar
hy hye_Armn Armenian|Հայերեն
id ind_Latn Indonesian|Bahasa Indonesia
is isl_Latn Icelandic|Íslenska
it ita_Latn Italian|Italiano
ja jpn_Jpan Japanese|日本語
jw jav_Latn Javanese|Basa Jawa
ka kat_Geor Georgian|ქართული
kk kaz_Cyrl Kazakh|Қазақша
km khm_Khmr Khmer|ខ្មែរ
kn kan_Knda Kannada|ಕನ್ನಡ
ko kor_Hang Korean|한국어
la - Latin|Latina
lb ltz_Latn Luxembourgish|Lëtzebuergesch
ln lin_Latn Lingala|Lingála
lo lao_Laoo Lao|ລາວ
lt lit_Latn Lithuanian|Lietuvių
lv lvs_Latn Latvian|Latviešu
mg plt_Latn Malagasy|Malagasy
mi mri_Latn Maori|Māori
mk mkd_Cyrl Macedonian|Македонски
ml mal_Mlym Malayalam|മലയാളം
mn khk_Cyrl Mongolian|Монгол
mr mar_Deva Marathi|मराठी
ms zsm_Latn Malay|Bahasa Melayu
mt mlt_Latn Maltese|Malti
my mya_Mymr Burmese|မြန်မာ
ne npi_Deva Nepali|नेपाली
nl nld_Latn Dutch|Nederlands
nn nno_Latn Norwegian Nynorsk|Nynorsk
no nob_Latn Norwegian|Norsk
oc oci_Latn Occitan|Occitan
pa pan_Guru Punjabi|ਪੰਜਾਬੀ
pl pol_Latn Polish|Polski
ps pbt_Arab Pashto|پښتو
pt por_Latn Portuguese|Português
ro ron_Latn Romanian|Română
ru rus_Cyrl Russian|Русский
sa san_Deva Sanskrit|संस्कृतम्
sd snd_Arab Sindhi|سنڌي
si sin_Sinh Sinhala|සිංහල
sk slk_Latn Slovak|Slovenčina
sl slv_Latn Slovenian|Slovenščina
sn sna_Latn Shona|ChiShona
so som_Latn Somali|Soomaali
sq als_Latn Albanian|Shqip
sr srp_Cyrl Serbian|Српски
su sun_Latn Sundanese|Basa Sunda
sv swe_Latn Swedish|Svenska
sw swh_Latn Swahili|Kiswahili
ta tam_Taml Tamil|தமிழ்
te tel_Telu Telugu|తెలుగు
tg tgk_Cyrl Tajik|Тоҷикӣ
th tha_Thai Thai|ไทย
tk tuk_Latn Turkmen|Türkmençe
tl tgl_Latn Tagalog|Tagalog
tr tur_Latn Turkish|Türkçe
tt tat_Cyrl Tatar|Татарча
uk ukr_Cyrl Ukrainian|Українська
ur urd_Arab Urdu|اردو
uz uzn_Latn Uzbek|Oʻzbekcha
vi vie_Latn Vietnamese|Tiếng Việt
yi ydd_Hebr Yiddish|ייִדיש
yo yor_Latn Yoruba|Yorùbá
zh zho_Hans Chinese|中文
yue yue_Hant Cantonese|粵語
"""

_UNSPACED = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})

# Beside those of the table: ISO 639-3 macrolanguages, ISO 639-2/B, old ISO 639-1 codes, Whisper's own aliases.
_ALIASES = {
    "he": "iw", "id": "in", "jw": "jv", "no": "nb nor bokmål bokmal", "tl": "fil filipino", "yi": "ji yid",
    "ro": "mo rum moldavian moldovan", "zh": "cmn chi mandarin", "ar": "ara", "az": "aze", "sq": "sqi alb", "hy": "arm",
    "eu": "baq", "my": "bur myanmar", "cs": "cze", "nl": "dut flemish", "fr": "fre", "ka": "geo", "de": "ger",
    "el": "gre", "is": "ice", "mk": "mac", "mi": "mao", "ms": "msa may", "fa": "fas per farsi", "sk": "slo",
    "bo": "tib", "cy": "wel", "lv": "lav", "mg": "mlg", "mn": "mon", "ne": "nep", "ps": "pus pushto", "sw": "swa",
    "uz": "uzb", "et": "ekk", "br": "bre", "la": "lat", "es": "castilian", "ca": "valencian", "ht": "haitian",
    "lb": "letzeburgesch", "pa": "panjabi", "si": "sinhalese", "nn": "nynorsk",
}  # fmt: skip


def _read_table() -> dict[str, Language]:
    table = {}
    for line in _TABLE.split("\n"):
        if line:
            code, nllb, names = line.split(" ", 2)
            english, native = names.split("|")
            table[code] = Language(code, None if nllb == "-" else nllb, english, native, code not in _UNSPACED)
    return table


LANGUAGES: dict[str, Language] = _read_table()
"""Every language that Whisper knows, by canonical code."""


def _read_names() -> dict[str, str]:
    names = {alias: code for code, aliases in _ALIASES.items() for alias in aliases.split()}
    for code, language in LANGUAGES.items():
        names |= {language.native.casefold(): code, language.english.casefold(): code}
        if language.nllb:
            names[language.nllb[:3]] = code
    return names | {code: code for code in LANGUAGES}  # codes win over names


_NAMES = _read_names()


def canonical(code: str) -> str:
    """The canonical code of a language given as ``es``, ``es-ES``, ``spa_Latn``, ``Spanish`` or ``español``.

    A tag of BCP 47 (``de-CH-1996``, ``zh-yue``) and a locale (``en_US.UTF-8``, ``sr_RS@latin``) do as well. Script,
    region and all else but the language are dropped: ``zh-CN``, ``zho_Hans`` and ``zho_Hant`` are all ``zh``.

    Raises:
        LanguageError: no language of that name; the message names those that come near.
    """
    name = code.strip().casefold()
    if name in _NAMES:
        return _NAMES[name]
    bare = without_codeset(name)
    for found in languages_of(bare):
        if found in _NAMES:
            return _NAMES[found]
    if bare in ("c", "posix"):
        raise LanguageError(f"the locale {code.strip()[:40]!r} names no language; try es or Spanish")
    near = dict.fromkeys(_NAMES[match] for match in difflib.get_close_matches(name[:40], _NAMES, n=5, cutoff=0.6))
    hint = ", ".join(f"{LANGUAGES[match].english} ({match})" for match in list(near)[:3])
    raise LanguageError(
        f"unknown language {code[:40]!r}; " + (f"did you mean {hint}?" if hint else "try es or Spanish")
    )


def nllb_code(code: str) -> str | None:
    """The FLORES-200 code (``spa_Latn``) of a language, ``None`` where there is none.

    Raises:
        LanguageError: the language is unknown.
    """
    return LANGUAGES[canonical(code)].nllb


def english_name(code: str) -> str:
    """The name of a language in English.

    Raises:
        LanguageError: the language is unknown.
    """
    return LANGUAGES[canonical(code)].english


def native_name(code: str) -> str:
    """The name of a language in that language.

    Raises:
        LanguageError: the language is unknown.
    """
    return LANGUAGES[canonical(code)].native


def is_spaced(code: str) -> bool:
    """Whether a language separates words by spaces.

    Raises:
        LanguageError: the language is unknown.
    """
    return LANGUAGES[canonical(code)].spaced
