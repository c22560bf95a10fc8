"""What a room needs of Firefox's models: from every language to English and back (``models pull --for``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from translate.errors import MissingModel
from translate.languages import english_name
from translate.registry.catalog import Catalog
from translate.registry.found import ResolvedModel
from translate.registry.serving import preference
from translate.registry.spec import ModelSpec

__all__ = ["Room", "room"]

_PIVOT = "en"


@dataclass(frozen=True, slots=True)
class Room:
    """What to bring, and what is already here."""

    wanted: tuple[ModelSpec, ...]
    served: tuple[tuple[tuple[str, str], ResolvedModel], ...]
    """Pairs for which a model is here that is at least as good."""

    @property
    def wire_bytes(self) -> int:
        """How much a pull of all moves."""
        return sum(spec.wire_bytes or 0 for spec in self.wanted)


def room(
    catalog: Catalog, installed: Sequence[ResolvedModel], languages: Sequence[str], spoken: Sequence[str] | None = None
) -> Room:
    """The smallest model of Firefox for each pair that a room needs and that nothing as good serves.

    Args:
        catalog: what can be had.
        installed: what is here, as :meth:`~translate.registry.Registry.translations` gives it.
        languages: what is read in the room, canonical codes; English is always among them.
        spoken: what is spoken there; ``None``: English and all of ``languages``.

    Raises:
        MissingModel: there is no model for a pair; the message names all such languages.
    """
    wanted: list[ModelSpec] = []
    served: list[tuple[tuple[str, str], ResolvedModel]] = []
    missing: list[tuple[str, str]] = []
    for pair in _pairs(languages, spoken):
        offered = _smallest(catalog.models.values(), *pair)
        here = min((m for m in installed if m.translates(*pair)), key=lambda m: preference(m, *pair), default=None)
        if here is not None and (offered is None or _is_as_good(here, offered, pair)):
            served.append((pair, here))
        elif offered is not None:
            wanted.append(offered)
        else:
            missing.append(pair)
    if missing:
        raise MissingModel(_none_for(missing))
    return Room(tuple(wanted), tuple(served))


def _pairs(languages: Sequence[str], spoken: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    heard = [_PIVOT, *languages] if spoken is None else spoken
    for code in dict.fromkeys([*languages, *heard]):
        if code == _PIVOT:
            continue
        if code in heard:
            yield code, _PIVOT
        if code in languages and set(heard) - {code}:
            yield _PIVOT, code


def _smallest(specs: Iterable[ModelSpec], source: str, target: str) -> ModelSpec | None:
    able = (spec for spec in specs if spec.web is not None and (source, target) in spec.pairs)
    return min(able, key=lambda spec: spec.warning != "", default=None)  # the list has smaller architectures first


def _is_as_good(here: ResolvedModel, offered: ModelSpec, pair: tuple[str, str]) -> bool:
    if here.name == offered.name or here.own:  # what the configuration names goes first whatever is brought
        return True
    have, could = here.quality_of(*pair), offered.quality.get(pair)
    return have is not None and (could is None or have >= could)


def _none_for(missing: Sequence[tuple[str, str]]) -> str:
    into = [source for source, target in missing if target == _PIVOT]
    out = [target for source, target in missing if source == _PIVOT]
    parts = [f"from {_names(into)} to English"] if into else []
    parts += [f"from English to {_names(out)}"] if out else []
    can_be_spoken = [code for code in out if code not in into]
    hint = f" (it can be spoken, though: --spoken {','.join(can_be_spoken)})" if can_be_spoken else ""
    return f"Firefox has no model {' and '.join(parts)}; nothing was pulled: leave the language out{hint}"


def _names(codes: Sequence[str]) -> str:
    return ", ".join(f"{english_name(code)} ({code})" for code in codes)
