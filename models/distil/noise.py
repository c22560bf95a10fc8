"""Make training sources look like what a recogniser says while somebody is still speaking.

One rule holds throughout, so that a student never learns to invent an ending: **the target ends in sentence-final
punctuation only if the source does.**

Prefixes with proportional targets follow Niehues et al. 2018 and Arivazhagan et al. 2020 (re-translation). Every
function is pure: text and a random generator in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from .config import NoiseConfig
from .spoken import homophones, spell_numbers

__all__ = ["augment", "cut", "join", "match_ending", "mishear", "names_in", "rename", "uncase"]

_FINAL = ".!?…。"
_TAIL = re.compile(r"[\s.,;:!?…\"”»)\-–—]+$")
_PUNCTUATION = re.compile(r"(?<!\d)[.,:](?!\d)|(?<=\d)[.,:](?!\d)|(?<!\d)[.,:](?=\d)|[;!?¡¿…\"“”«»()–—]|\s-\s")
_NAME = re.compile(r"\b[^\W\d_a-zß-ÿ][a-zß-ÿ]{2,}\b")
_SPACES = re.compile(r"\s+")


def match_ending(source: str, target: str) -> str:
    """Take the final punctuation off the target when the source has none."""
    if source.rstrip("\"”»') ")[-1:] in _FINAL:
        return target
    if target.rstrip("\"”»') ")[-1:] not in _FINAL:
        return target
    return _TAIL.sub("", target) or target


def uncase(source: str, target: str) -> tuple[str, str]:
    """Lower-case the source and take its punctuation away."""
    bare = _SPACES.sub(" ", _PUNCTUATION.sub(" ", source)).strip().lower()
    return (bare, match_ending(bare, target)) if bare else (source, target)


def cut(source: str, target: str, share: float) -> tuple[str, str]:
    """Keep the first ``share`` of the words on both sides, without the punctuation at the cut."""
    left, right = source.split(), target.split()
    if len(left) < 3 or len(right) < 2:
        return source, target
    keep = min(max(round(share * len(left)), 1), len(left) - 1)
    also = min(max(round(keep * len(right) / len(left)), 1), len(right) - 1)
    head, translated = _TAIL.sub("", " ".join(left[:keep])), _TAIL.sub("", " ".join(right[:also]))
    return (head, translated) if head and translated else (source, target)


def join(first: tuple[str, str], second: tuple[str, str]) -> tuple[str, str]:
    """Put two sentences one after the other, as one segment of speech often holds."""
    return f"{first[0]} {second[0]}", f"{first[1]} {second[1]}"


def names_in(source: str, target: str) -> list[str]:
    """Capitalised words that are the same on both sides, the first of the source left out."""
    return [name for name in _NAME.findall(source)[:8] if not source.startswith(name) and name in target]


def rename(source: str, target: str, names: Sequence[str], random: Random) -> tuple[str, str]:
    """Put another name in the place of one that both sides share, so that copying is learned and not "Tom"."""
    shared = [name for name in _NAME.findall(source) if name in target]
    if not shared or not names:
        return source, target
    old, new = re.compile(rf"\b{random.choice(shared)}\b"), random.choice(names)
    if not old.search(target):
        return source, target
    return old.sub(new, source), old.sub(new, target)


def mishear(source: str, language: str, random: Random) -> str:
    """One slip of a recogniser: numbers spelled out, a homophone, or a short word lost."""
    spelled = spell_numbers(source, language)
    if spelled != source:
        return spelled
    words = source.split()
    swaps = homophones(language)
    candidates = [i for i, word in enumerate(words) if word.lower() in swaps]
    if candidates and random.random() < 0.5:
        place = random.choice(candidates)
        words[place] = random.choice(swaps[words[place].lower()])
        return " ".join(words)
    short = [i for i, word in enumerate(words) if len(word) <= 3 and word.isalpha() and i > 0]
    if len(words) >= 5 and short:
        del words[random.choice(short)]
    return " ".join(words)


def augment(
    pair: tuple[str, str],
    other: tuple[str, str],
    language: str,
    random: Random,
    config: NoiseConfig,
    names: Sequence[str] = (),
) -> tuple[str, str]:
    """Return the pair as it is, or noised in one of four ways with the shares of ``config``.

    ``other`` is a sentence to join, ``names`` are names to put in; the name is changed before anything else.
    """
    if names and random.random() < config.renamed:
        pair = rename(*pair, names, random)
    source, target = pair
    dice = random.random()
    if dice < config.prefix:
        source, target = cut(source, target, random.uniform(0.1, 0.95))
        return uncase(source, target) if random.random() < 0.3 else (source, match_ending(source, target))
    dice -= config.prefix
    if dice < config.uncased:
        return uncase(source, target)
    dice -= config.uncased
    if dice < config.joined and source[-1:] in _FINAL and len(source) + len(other[0]) < 400:
        source, target = join(pair, other)
        if random.random() < 0.3:
            source, target = cut(source, target, random.uniform(0.4, 0.95))
        return source, match_ending(source, target)
    dice -= config.joined
    if 0 <= dice < config.misheard:
        source = mishear(source, language, random)
    return source, match_ending(source, target)
