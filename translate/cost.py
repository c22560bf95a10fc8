"""What an hour of speech costs on this machine, and what the same hour costs at cloud services (``prices.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from translate.errors import ConfigError
from translate.usage import family_cpu_s

__all__ = ["WATTS_PER_CORE", "Cost", "Meter", "Price", "load_prices"]

WATTS_PER_CORE: Final = 10.0
"""Power of one busy core where the machine does not measure it: a figure between laptops (5) and old servers (15)."""
_HOUR_S: Final = 3600.0
_RAPL: Final = Path("/sys/class/powercap")
_TEXTS: Final = ("name", "currency", "source")
_NUMBERS: Final = ("per_hour", "per_language")


@dataclass(frozen=True, slots=True)
class Price:
    """What one service asks."""

    name: str
    currency: str
    per_hour: float
    """For an hour of sound."""
    per_language: float
    """More for that hour in each language; 0: it does not translate."""
    source: str
    seen: str = ""

    def hour(self, languages: int) -> float:
        """An hour of speech in so many languages."""
        return self.per_hour + self.per_language * languages


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used up for some speech."""

    speech_s: float
    cpu_s: float
    """Of this process and its children."""
    measured_j: float | None
    """Energy of the whole processor meanwhile, other programs included; ``None``: the machine does not tell."""
    watts_per_core: float
    languages: int
    """How many were translated into."""

    @property
    def cpu_s_per_hour(self) -> float:
        """CPU seconds for an hour of speech."""
        return self.cpu_s / self.speech_s * _HOUR_S

    @property
    def wh_per_hour(self) -> float:
        """Watt-hours for an hour of speech: measured, else CPU time at ``watts_per_core``."""
        joules = self.cpu_s * self.watts_per_core if self.measured_j is None else self.measured_j
        return joules / self.speech_s  # joules a second of speech are watt-hours an hour of it


class Meter:
    """Measures from its making on.

    Args:
        rapl: where the kernel shows the processor's energy counters.
    """

    def __init__(self, rapl: Path = _RAPL) -> None:
        self._rapl = rapl
        self._cpu_s = family_cpu_s()
        self._uj = _energies(rapl)

    def read(self) -> tuple[float, float | None]:
        """CPU seconds of this process and its children, and joules of the processor, if it tells."""
        now = _energies(self._rapl)
        used = [_since(self._uj[zone], now[zone]) for zone in self._uj.keys() & now.keys()]
        return family_cpu_s() - self._cpu_s, sum(used) / 1e6 if used else None


def _energies(rapl: Path) -> dict[str, tuple[int, int]]:
    """Counter and its range in microjoules of each package (not of its parts, which it contains)."""
    found = {}
    for zone in rapl.glob("intel-rapl:*"):
        if zone.name.count(":") == 1:
            try:
                found[zone.name] = (_number(zone / "energy_uj"), _number(zone / "max_energy_range_uj"))
            except (OSError, ValueError):  # only root may read them on most systems
                continue
    return found


def _since(before: tuple[int, int], now: tuple[int, int]) -> int:
    used = now[0] - before[0]
    return used if used >= 0 else used + before[1]  # the counter has begun again


def _number(path: Path) -> int:
    return int(path.read_text("ascii"))


def load_prices(path: Path | None = None) -> list[Price]:
    """The services of a price file; ``None``: the examples that ship.

    Raises:
        ConfigError: the file cannot be read, or an entry is not as it should be.
    """
    path = path or Path(__file__).with_name("prices.toml")
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("service", [])
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: services are written as [[service]]")
    return [_price(path, number, entry) for number, entry in enumerate(entries, start=1)]


def _price(path: Path, number: int, entry: Any) -> Price:
    if not isinstance(entry, dict):
        raise ConfigError(f"{path}: services are written as [[service]]")
    if unknown := set(entry) - {*_TEXTS, *_NUMBERS, "seen"}:
        raise ConfigError(f"{path}: service {number} has an unknown key {min(unknown)}")
    for name in _TEXTS:
        if not isinstance(entry.get(name), str):
            raise ConfigError(f"{path}: service {number} needs {name}, a text")
    for name in _NUMBERS:
        value = entry.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
            raise ConfigError(f"{path}: service {number} needs {name}, a price")
    return Price(**{**entry, "seen": str(entry.get("seen", ""))})
