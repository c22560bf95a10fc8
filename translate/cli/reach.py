"""What the service of this machine could reach on the network, by the kernel's routes and systemd's filter."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Reach", "reach"]

_UNIT = Path("/etc/systemd/system/sottovoce.service")
_ROUTES = Path("/proc/net/route")
_ROUTES_6 = Path("/proc/net/ipv6_route")
_UP, _REJECT = 0x0001, 0x0200


@dataclass(frozen=True, slots=True)
class Reach:
    """How far packets of the service would get."""

    is_known: bool
    """Whether this system tells its routes as Linux does."""
    ways_out: tuple[str, ...]
    """Interfaces with a route to any address."""
    is_installed: bool
    """Whether systemd runs the service of this machine."""
    is_filtered: bool
    """Whether its unit denies everything but local networks."""

    @property
    def is_open(self) -> bool:
        """Whether nothing but the service itself keeps it from the internet."""
        return not self.is_known or bool(self.ways_out and not self.is_filtered)

    def __str__(self) -> str:
        if not self.is_known:
            return "unknown: this system does not tell its routes as Linux does"
        if not self.ways_out:
            return "local networks only: this machine has no route to any other"
        ways = ", ".join(self.ways_out)
        if self.is_filtered:
            return f"local networks only: systemd denies sottovoce.service the internet, which is there by {ways}"
        why = "its unit has no IPAddressDeny=" if self.is_installed else "under systemd it could not: service install"
        return f"the internet, by {ways}; it calls nobody there by itself ({why})"


def reach(
    unit: Path = _UNIT, routes: Path = _ROUTES, routes_6: Path = _ROUTES_6, *, system: str = sys.platform
) -> Reach:
    """Look at this machine; nothing is sent.

    Args:
        unit: file of the service's unit.
        routes, routes_6: the kernel's tables.
        system: as ``sys.platform`` names it.
    """
    text = _text(unit)
    settings = [line.replace(" ", "") for line in text.splitlines()]
    return Reach(
        is_known=system == "linux" and routes.exists(),
        ways_out=tuple(sorted({*_defaults(_text(routes)), *_defaults_6(_text(routes_6))})),
        is_installed=bool(text),
        is_filtered="IPAddressDeny=any" in settings,
    )


def _defaults(table: str) -> set[str]:
    """Interfaces of routes to 0.0.0.0/0, or to either half of it, as VPNs write it."""
    found = set()
    for fields in (line.split() for line in table.splitlines()[1:]):
        if len(fields) < 8 or not int(fields[3], 16) & _UP or int(fields[3], 16) & _REJECT:
            continue
        if (fields[1], fields[7]) in (("00000000", "00000000"), ("00000000", "00000080"), ("00000080", "00000080")):
            found.add(fields[0])
    return found


def _defaults_6(table: str) -> set[str]:
    """Interfaces of routes to ::/0, or to 2000::/3 (all public addresses)."""
    found = set()
    for fields in (line.split() for line in table.splitlines()):
        if len(fields) < 10 or not int(fields[8], 16) & _UP or int(fields[8], 16) & _REJECT:
            continue
        if (fields[0], fields[1]) in (("0" * 32, "00"), ("2" + "0" * 31, "03")):
            found.add(fields[9])
    return found - {"lo"}


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
