"""``sottovoce bench cost``: measures the machine while the suite captions, and shows what that comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from translate.bench.cost import table
from translate.cost import WATTS_PER_CORE, Cost, Meter, load_prices
from translate.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from translate.bench.suite import Request

__all__ = ["CostTable"]


class CostTable:
    """What the speech of a run of ``cost`` uses up; nothing where that was not asked for.

    Args:
        what: parts that were asked for.

    Raises:
        ConfigError: cost together with parts that use more, or a bad price file.
    """

    def __init__(self, what: tuple[str, ...], prices: Path | None, watts: float | None) -> None:
        self._asked = "cost" in what
        if self._asked and set(what) - {"cost", "latency"}:
            raise ConfigError("cost measures the machine while it captions; run it alone, or with latency")
        self.measured: tuple[str, ...] = ("latency",) if self._asked else what
        """What the suite is to do."""
        self._prices = load_prices(prices) if self._asked else []
        self._watts = watts or WATTS_PER_CORE
        self._meter: Meter | None = None
        self._cost: Cost | None = None

    def start(self) -> None:
        """Measure from now on."""
        self._meter = Meter() if self._asked else None

    def stop(self, request: Request) -> None:
        """Measure until now."""
        if self._meter is not None:
            cpu_s, joules = self._meter.read()
            speech_s = sum(recording.seconds for recording in request.speech)
            self._cost = Cost(speech_s, cpu_s, joules, self._watts, len(request.targets))

    def show(self, console: Console) -> None:
        """The costs as a table."""
        if self._cost is not None:
            console.print(table(self._cost, self._prices))
