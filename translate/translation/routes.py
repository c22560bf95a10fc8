"""How one language gets to another with the models that are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from translate.errors import LanguageError, NoRouteError
from translate.languages import LANGUAGES, canonical, english_name
from translate.translation.engine import Translator

__all__ = ["PIVOT", "Hop", "RoutableEngine", "Route", "RouteKind", "plan", "reachable"]

PIVOT = "en"
"""The language through which a pair without a model of its own goes."""

RouteKind = Literal["same", "model", "pivot", "whisper"]


class RoutableEngine(Translator, Protocol):
    """What a route needs of an engine; :class:`~translate.translation.engine.TranslationEngine` has it."""

    @property
    def multilingual(self) -> bool:
        """Whether it does more than one pair."""

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
    """``same``: the transcript itself; ``model``: one engine; ``pivot``: two engines, through English; ``whisper``: no
    engine, the recognizer's own translate task serves it."""
    source: str
    target: str
    hops: tuple[Hop, ...] = ()


def _best(engines: Sequence[RoutableEngine], source: str, target: str) -> RoutableEngine | None:
    """A model of the pair's own before a multilingual one; then the first that is installed."""
    able = [engine for engine in engines if engine.can(source, target)]
    return min(able, key=lambda engine: engine.multilingual, default=None)


def plan(
    source: str,
    target: str,
    engines: Sequence[RoutableEngine],
    whisper_can_translate: bool,
    suggest: Callable[[str, str], str | None] | None = None,
) -> Route:
    """The best route: a model of the pair's own, a multilingual one, two through English, Whisper's translate task.

    Args:
        source: the language spoken, in any form that :func:`~translate.languages.canonical` takes.
        target: the language wanted.
        engines: what is loaded, the preferred first.
        whisper_can_translate: whether the recognizer's model is multilingual and has the translate task.
        suggest: names a model of the catalogue that would serve a pair.

    Raises:
        LanguageError: a language is unknown.
        NoRouteError: nothing installed serves the pair; the message names the command.
    """
    source, target = canonical(source), canonical(target)
    if source == target:
        return Route("same", source, target)
    direct = _best(engines, source, target)
    if direct is not None:
        return Route("model", source, target, (Hop(direct, source, target),))
    inbound, outbound = _best(engines, source, PIVOT), _best(engines, PIVOT, target)
    if inbound is not None and outbound is not None:
        return Route("pivot", source, target, (Hop(inbound, source, PIVOT), Hop(outbound, PIVOT, target)))
    if target == PIVOT and whisper_can_translate:
        return Route("whisper", source, target)
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
