"""What a language tag (BCP 47, RFC 5646) or the name of a locale (POSIX, ICU) says of the language. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["languages_of", "without_codeset"]

_LONGEST: Final = 255
_LOCALE: Final = re.compile(r"([^.@]+)(\.[\w:.-]+)?(@[\w=;,+-]*)?")
"""Language and territory, codeset, modifiers."""
_WHOLE: Final = {"i-lux": "lb", "no-bok": "nb", "no-nyn": "nn", "zh-guoyu": "cmn", "en-gb-oed": "en"}
"""Tags of before RFC 4646 that stand as a whole for a language, and follow no rule."""
_EXTENDED: Final = re.compile(r"[a-z]{3}")
_SCRIPT: Final = re.compile(r"[a-z]{4}")
_REGION: Final = re.compile(r"[a-z]{2}|[0-9]{3}")
_VARIANT: Final = re.compile(r"[a-z0-9]{5,8}|[0-9][a-z0-9]{3}")
_OF_EXTENSION: Final = re.compile(r"[a-z0-9]{2,8}")
_OF_PRIVATE_USE: Final = re.compile(r"[a-z0-9]{1,8}")
_MOST_EXTENDED: Final = 3


def without_codeset(locale: str) -> str:
    """``en_us`` of ``en_us.utf-8`` and of ``en_us@euro``; what is no such name, as it is."""
    match = _LOCALE.fullmatch(locale[:_LONGEST])
    return match[1] if match and len(locale) <= _LONGEST else locale


def languages_of(tag: str) -> list[str]:
    """The codes that a casefolded tag gives its language, the most exact first; empty: it is no tag.

    ``zh-yue-hk`` is ``yue``, which is a kind of ``zh``.
    """
    if len(tag) > _LONGEST:
        return []
    if (whole := _WHOLE.get(tag.replace("_", "-"))) is not None:
        return [whole]
    language, *rest = tag.replace("__", "_").replace("_", "-").split("-")
    if not re.fullmatch(r"[a-z]{2,3}", language):
        return [language] if not rest and language.isalpha() else []
    found = [language]
    while rest and len(found) <= _MOST_EXTENDED and _EXTENDED.fullmatch(rest[0]):
        found.append(rest.pop(0))
    if not _is_rest(rest):
        return []
    return found[::-1]


def _is_rest(parts: list[str]) -> bool:
    """Whether ``parts`` is ``[script] [region] {variant} {extension} [private use]``."""
    for pattern in (_SCRIPT, _REGION):
        if parts and pattern.fullmatch(parts[0]):
            parts = parts[1:]
    while parts and _VARIANT.fullmatch(parts[0]):
        parts = parts[1:]
    while parts and len(parts[0]) == 1 and parts[0].isalnum():
        pattern = _OF_PRIVATE_USE if parts[0] == "x" else _OF_EXTENSION
        taken = 1
        while taken < len(parts) and pattern.fullmatch(parts[taken]):
            taken += 1
        if taken == 1:
            return False
        parts = parts[taken:]
    return not parts
