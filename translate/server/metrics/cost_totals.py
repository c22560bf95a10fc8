"""What speech has cost since the service began: CPU time and energy while somebody spoke, and cloud prices beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from translate.config import ServiceConfig
from translate.cost import Cost, Meter, Price, load_prices
from translate.paths import expanded

__all__ = ["CostTotals"]

_LEAST_S: Final = 10.0
"""Less sound than this says nothing about an hour."""


class CostTotals:
    """Measures while sessions run. The machine's idle hours are not counted; all sessions together are one cost.

    Args:
        config: power of a core, file of prices.
        meter: begins to measure when called.

    Raises:
        ConfigError: the file of prices cannot be read, or an entry is not as it should be.
    """

    def __init__(self, config: ServiceConfig, meter: Callable[[], Meter] = Meter) -> None:
        self._watts_per_core = config.busy_core_w
        self._prices = load_prices(expanded(config.prices) if config.prices is not None else None)
        self._new_meter = meter
        self._meter: Meter | None = None
        self._running = 0
        self._speech_s = 0.0
        self._cpu_s = 0.0
        self._joules: float | None = 0.0

    def began(self) -> None:
        """A session begins."""
        self._running += 1
        if self._meter is None:
            self._meter = self._new_meter()

    def ended(self, speech_s: float) -> None:
        """A session of so much sound is over."""
        self._speech_s += speech_s
        self._running -= 1
        if not self._running:
            self._cpu_s, self._joules = self._used()
            self._meter = None

    def as_dict(self, running_s: float, languages: float) -> dict[str, Any] | None:
        """An hour of speech, as JSON types; ``None``: too little was said so far.

        Args:
            running_s: sound so far of the sessions that run.
            languages: how many it was translated into, on the average.
        """
        speech_s = self._speech_s + running_s
        if speech_s < _LEAST_S:
            return None
        cost = Cost(speech_s, *self._used(), self._watts_per_core, round(languages))
        return {
            "speech_s": round(speech_s, 1),
            "cpu_s_per_hour": round(cost.cpu_s_per_hour),
            "wh_per_hour": round(cost.wh_per_hour, 2),
            "is_measured": cost.measured_j is not None,
            "languages": cost.languages,
            "elsewhere": [_entry(price, cost.languages) for price in self._prices],
        }

    def _used(self) -> tuple[float, float | None]:
        """CPU seconds, and joules where the processor tells, until now."""
        if self._meter is None:
            return self._cpu_s, self._joules
        cpu_s, joules = self._meter.read()
        known = None if joules is None or self._joules is None else self._joules + joules
        return self._cpu_s + cpu_s, known


def _entry(price: Price, languages: int) -> dict[str, Any]:
    translates = price.per_language > 0
    hour = round(price.hour(languages), 2)
    return {"name": price.name, "currency": price.currency, "per_hour": hour, "translates": translates}
