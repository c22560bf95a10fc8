"""Numbers as they are spoken and words that sound alike, for English, Spanish, German and French."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["homophones", "spell_numbers"]

_NUMBER = re.compile(r"(?<![\w.,:])\d{1,6}(?!\w|[.,:]\d)")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_EN_ONES = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_EN_TENS = _words(". . twenty thirty forty fifty sixty seventy eighty ninety")
_ES_ONES = _words(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis "
    "veintisiete veintiocho veintinueve"
)
_ES_TENS = _words(". . . treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_ES_HUNDREDS = _words(
    ". ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_DE_ONES = _words(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn achtzehn neunzehn"
)
_DE_TENS = _words(". . zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
_FR_ONES = _words(
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
    "dix-huit dix-neuf"
)
_FR_TENS = _words(". . vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt")


def _english(n: int) -> str:
    if n < 20:
        return _EN_ONES[n]
    if n < 100:
        return _EN_TENS[n // 10] + (f"-{_EN_ONES[n % 10]}" if n % 10 else "")
    if n < 1000:
        return f"{_EN_ONES[n // 100]} hundred" + (f" and {_english(n % 100)}" if n % 100 else "")
    if 1100 <= n < 2000 and n % 100 >= 10:  # a year, most often
        return f"{_english(n // 100)} {_english(n % 100)}"
    return f"{_english(n // 1000)} thousand" + (f" {_english(n % 1000)}" if n % 1000 else "")


def _spanish(n: int) -> str:
    if n < 30:
        return _ES_ONES[n]
    if n < 100:
        return _ES_TENS[n // 10] + (f" y {_ES_ONES[n % 10]}" if n % 10 else "")
    if n == 100:
        return "cien"
    if n < 1000:
        return _ES_HUNDREDS[n // 100] + (f" {_spanish(n % 100)}" if n % 100 else "")
    head = "mil" if n < 2000 else f"{_spanish(n // 1000).removesuffix('o')} mil"
    return head + (f" {_spanish(n % 1000)}" if n % 1000 else "")


def _german(n: int) -> str:
    if n < 20:
        return _DE_ONES[n]
    if n < 100:
        ones = "ein" if n % 10 == 1 else _DE_ONES[n % 10]
        return (f"{ones}und" if n % 10 else "") + _DE_TENS[n // 10]
    if n < 1000:
        return f"{'ein' if n < 200 else _DE_ONES[n // 100]}hundert" + (_german(n % 100) if n % 100 else "")
    if 1100 <= n < 2000 and n % 100 >= 10:
        return f"{_german(n // 100)}hundert{_german(n % 100)}"
    return f"{'ein' if n < 2000 else _german(n // 1000)}tausend" + (_german(n % 1000) if n % 1000 else "")


def _french(n: int) -> str:
    if n < 20:
        return _FR_ONES[n]
    if n < 100:
        tens, ones = n // 10, n % 10
        if tens in (7, 9):
            ones += 10
        if ones == 0:
            return _FR_TENS[tens] + ("s" if tens == 8 else "")
        return _FR_TENS[tens] + (" et " if ones in (1, 11) and tens < 8 else "-") + _FR_ONES[ones]
    if n < 1000:
        head = "cent" if n < 200 else f"{_FR_ONES[n // 100]} cent"
        return head + (f" {_french(n % 100)}" if n % 100 else "")
    head = "mille" if n < 2000 else f"{_french(n // 1000)} mille"
    return head + (f" {_french(n % 1000)}" if n % 1000 else "")


_SPELL: Mapping[str, Callable[[int], str]] = {"en": _english, "es": _spanish, "de": _german, "fr": _french}

_SOUND_ALIKE: Mapping[str, str] = {
    "en": "their there they're|to too two|your you're|its it's|know no|here hear|right write|by buy bye|"
    "weather whether|then than|for four|were where|one won|our are|week weak|see sea|would wood|new knew|"
    "meet meat|hour our|piece peace|whole hole|who's whose",
    "es": "a ha|haber a_ver|hay ahí ay|echo hecho|valla vaya|tubo tuvo|si sí|mas más|el él|tu tú|te té|"
    "que qué|como cómo|cuando cuándo|esta está|ola hola|asta hasta|votar botar|casa caza|se sé|mi mí|porque por_qué",
    "de": "das dass|seit seid|wieder wider|mehr meer|ist isst|ihn in|den denn|war wahr|man mann|viel fiel",
    "fr": "a à|ou où|et est|ce se|ces ses|on ont|son sont|la là|peu peut|quand quant|mes mais|leur leurs|sa ça",
}


def _table(groups: str) -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for group in groups.split("|"):
        words = [word.replace("_", " ") for word in group.split()]
        for word in words:
            table[word] = table.get(word, ()) + tuple(other for other in words if other != word)
    return table


_HOMOPHONES = {language: _table(groups) for language, groups in _SOUND_ALIKE.items()}


def homophones(language: str) -> Mapping[str, tuple[str, ...]]:
    """Lower-cased word -> words that sound like it; empty for a language not known here."""
    return _HOMOPHONES.get(language, {})


def spell_numbers(text: str, language: str) -> str:
    """Write whole numbers up to 999,999 as words; unknown languages come back unchanged."""
    spell = _SPELL.get(language)
    return _NUMBER.sub(lambda match: spell(int(match.group())), text) if spell else text
