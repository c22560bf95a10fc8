"""What the service of this machine could reach on the network, by the kernel's routes and systemd's filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from translate.server.tls.machine_names import routed_addresses

__all__ = ["Reach", "reach"]

_UNIT = Path("/etc/systemd/system/sottovoce.service")
_EVERYBODY = frozenset({"any", "0.0.0.0/0", "::/0"})


@dataclass(frozen=True, slots=True)
class Reach:
    """How far packets of the service would get."""

    from_addresses: tuple[str, ...]
    """Own addresses from which the kernel has a route to the internet."""
    is_installed: bool
    """Whether systemd runs the service of this machine."""
    is_filtered: bool
    """Whether its unit denies everything but some networks."""

    @property
    def is_open(self) -> bool:
        """Whether nothing but the service itself keeps it from the internet."""
        return bool(self.from_addresses) and not self.is_filtered

    def __str__(self) -> str:
        if not self.from_addresses:
            return "local networks only: this machine has no route to any other"
        where = ", ".join(self.from_addresses)
        if self.is_filtered:
            return f"local networks only: systemd denies sottovoce.service the internet, which is there from {where}"
        why = "its unit does not deny it" if self.is_installed else "as a unit it could not: sottovoce service install"
        return f"the internet, from {where}; it calls nobody there by itself ({why})"


def reach(unit: Path = _UNIT, routed: Callable[[], Sequence[str]] = routed_addresses) -> Reach:
    """Look at this machine; nothing is sent.

    Args:
        unit: file of the service's unit; the files of ``UNIT.d`` beside it are read, too.
        routed: own addresses from which there is a route to the internet.
    """
    parts = [unit, *sorted(unit.with_name(f"{unit.name}.d").glob("*.conf"))]
    lines = [line for part in parts for line in _text(part).splitlines()]
    return Reach(tuple(routed()), bool(_text(unit)), _is_filter(lines))


def _is_filter(lines: Sequence[str]) -> bool:
    """Whether the settings of a unit deny everybody, and allow not everybody again. An empty value takes all back."""
    listed: dict[str, set[str]] = {"IPAddressDeny": set(), "IPAddressAllow": set()}
    for line in lines:
        name, _, value = line.partition("=")
        if (found := listed.get(name.strip())) is not None:
            found.update(value.split())
            if not value.strip():
                found.clear()
    return bool(listed["IPAddressDeny"] & _EVERYBODY) and not listed["IPAddressAllow"] & _EVERYBODY


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
