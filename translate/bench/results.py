"""What a run of the bench found out, and its JSON form."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from translate.bench.decode import RecognitionCost, TranslationCost
from translate.bench.latency import Latency
from translate.bench.load import Step
from translate.bench.longyaal import LongYaal
from translate.bench.quality import Errors, Scores
from translate.bench.robust import Outcome
from translate.bench.silence import Silence
from translate.bench.stability import Stability

__all__ = ["Report", "Setting", "System", "Translated", "as_json"]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and on what figures were taken; without it they mean nothing."""

    date: str
    version: str
    processor: str
    cores: int
    load_average: float | None
    """Of the last minute, before the bench began: what else the machine was doing."""
    model: str
    compute_type: str
    threads: int
    clock: str
    material: str
    recordings: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Translated:
    """Translations into one language."""

    scores: Scores | None
    stability: Stability
    yaal: LongYaal | None


@dataclass(frozen=True, slots=True)
class System:
    """One way of captioning the speech of the material."""

    name: str
    latency: Latency
    stability: Stability
    yaal: LongYaal | None
    words: Mapping[str, Errors] = field(default_factory=dict)
    """Word errors by group: ``all``, languages, and kinds of recording."""
    characters: Errors | None = None
    translations: Mapping[str, Translated] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All that was measured; what was not asked for is empty."""

    setting: Setting
    systems: tuple[System, ...] = ()
    """Ours first, then the baselines."""
    offline: Mapping[str, Errors] = field(default_factory=dict)
    """Word errors of the same model on whole recordings, by the same groups."""
    silence: Silence | None = None
    robust: tuple[Outcome, ...] = ()
    load: tuple[Step, ...] = ()
    speakers: int | None = None
    admitted: int | None = None
    """Speakers that the service would let in at once, as its capacity was measured."""
    recognition: RecognitionCost | None = None
    translation: tuple[TranslationCost, ...] = ()
    notes: tuple[str, ...] = ()


def as_json(value: Any) -> Any:
    """Dataclasses as objects, with their properties; numbers to four places, and NaN as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value)]
        names += [name for name, member in vars(type(value)).items() if isinstance(member, property)]
        return {name: as_json(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
