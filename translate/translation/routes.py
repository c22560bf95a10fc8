"""How one language gets to another with the models that are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from translate.errors import LanguageError, NoRouteError
from translate.languages import LANGUAGES, canonical, english_name
from translate.translation.engine import Translator

__all__ = ["PIVOT", "Hop", "Rank", "RoutableEngine", "Route", "RouteKind", "plan", "reachable"]

PIVOT = "en"
"""The language through which a pair without a model of its own goes."""

RouteKind = Literal["same", "model", "pivot", "whisper"]


class RoutableEngine(Translator, Protocol):
    """What a route needs of an engine; :class:`~translate.translation.engine.TranslationEngine` has it."""

    @property
    def multilingual(self) -> bool:
        """Whether it does more than one pair."""

    @property
    def after_words(self) -> int:
        """How many words have to follow those that a committed word rests on
        (:class:`~translate.translation.policy.Steadiness`)."""

    def can(self, source: str, target: str) -> bool:
        """Whether it translates ``source`` to ``target`` (canonical codes)."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One translation on the way."""

    engine: RoutableEngine
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Route:
    """The way from ``source`` to ``target`` (canonical codes)."""

    kind: RouteKind
    """``same``: the transcript itself; ``model``: one engine; ``pivot``: two engines, through English; ``whisper``: the
    recognizer's own translate task puts the speech into English, and an engine that, if need be, into ``target``."""
    source: str
    target: str
    hops: tuple[Hop, ...] = ()

    @property
    def of_text(self) -> Route | None:
        """The part of the way that goes from text to text; ``None``: there is none."""
        if not self.hops:
            return None
        kind: RouteKind = "model" if len(self.hops) == 1 else "pivot"
        return Route(kind, self.hops[0].source, self.target, self.hops)


Rank = Callable[[RoutableEngine, str, str], Any]
"""What an engine is worth on a pair (source, target): a key to sort by, the best first."""


def _bilingual_first(engine: RoutableEngine, source: str, target: str) -> bool:
    return engine.multilingual


def plan(
    source: str,
    target: str,
    engines: Sequence[RoutableEngine],
    whisper_can_translate: bool,
    suggest: Callable[[str, str], str | None] | None = None,
    rank: Rank = _bilingual_first,
) -> Route:
    """The best route: one model, two through English, Whisper's translate task (and a model that goes on from its
    English).

    Args:
        source: the language spoken, in any form that :func:`~translate.languages.canonical` takes.
        target: the language wanted.
        engines: what is loaded.
        whisper_can_translate: whether the recognizer's model is multilingual and has the translate task.
        suggest: names a model of the catalogue that would serve a pair.
        rank: which of several engines for one pair is taken; of equals the first in ``engines``.

    Raises:
        LanguageError: a language is unknown.
        NoRouteError: nothing installed serves the pair; the message names the command.
    """
    source, target = canonical(source), canonical(target)
    if source == target:
        return Route("same", source, target)

    def best(source: str, target: str) -> RoutableEngine | None:
        able = [engine for engine in engines if engine.can(source, target)]
        return min(able, key=lambda engine: rank(engine, source, target), default=None)

    direct = best(source, target)
    if direct is not None:
        return Route("model", source, target, (Hop(direct, source, target),))
    inbound, outbound = best(source, PIVOT), best(PIVOT, target)
    if inbound is not None and outbound is not None:
        return Route("pivot", source, target, (Hop(inbound, source, PIVOT), Hop(outbound, PIVOT, target)))
    if whisper_can_translate and source != PIVOT:
        if target == PIVOT:
            return Route("whisper", source, target)
        if outbound is not None:
            return Route("whisper", source, target, (Hop(outbound, PIVOT, target),))
    name = suggest(source, target) if suggest else None
    remedy = f"get one with: sottovoce models pull {name}" if name else "see: sottovoce models list"
    pair = f"{english_name(source)} ({source}) to {english_name(target)} ({target})"
    raise NoRouteError(f"no installed model translates {pair}; {remedy}")


def reachable(source: str, engines: Sequence[RoutableEngine], whisper_can_translate: bool) -> list[str]:
    """Every target that :func:`plan` finds a route to from ``source``, itself included; sorted canonical codes.

    Raises:
        LanguageError: ``source`` is unknown.
    """
    source = canonical(source)
    found = []
    for target in LANGUAGES:
        try:
            plan(source, target, engines, whisper_can_translate)
        except LanguageError:
            continue
        found.append(target)
    return sorted(found)
