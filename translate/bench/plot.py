"""Latency against quality as a small SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Point", "svg"]

_WIDTH, _HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 40, 60
_LETTER, _LINE = 6.2, 14
"""Width of a letter at most, on the average, and height of a line."""
_COLOURS = ("#0b6e4f", "#c0392b", "#2c5aa0", "#8e5b00", "#6b3fa0", "#444444")


@dataclass(frozen=True, slots=True)
class Point:
    """One system."""

    name: str
    latency_s: float
    error_percent: float


def svg(points: Sequence[Point], title: str, *, offline_percent: float | None = None) -> str:
    """A scatter plot: median commit latency to the right, word error rate upwards; the better, the nearer to zero.

    Args:
        offline_percent: word error rate without any hurry, drawn as a line.
    """
    most_x = _round_up(max((p.latency_s for p in points), default=1.0))
    errors = [p.error_percent for p in points] + ([offline_percent] if offline_percent is not None else [])
    most_y = _round_up(max(errors, default=1.0))

    def x(value: float) -> float:
        return round(_LEFT + value / most_x * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - value / most_y * (_HEIGHT - _TOP - _BOTTOM), 1)

    parts = [_text(_LEFT, 22, title, size=13)]
    for i in range(6):
        at_x, at_y = most_x * i / 5, most_y * i / 5
        parts.append(_line(x(at_x), y(0), x(at_x), y(most_y), "#e4e4e4"))
        parts.append(_line(x(0), y(at_y), x(most_x), y(at_y), "#e4e4e4"))
        parts.append(_text(x(at_x), y(0) + 18, f"{at_x:.3g}", anchor="middle"))
        parts.append(_text(_LEFT - 8, y(at_y) + 4, f"{at_y:.3g}", anchor="end"))
    parts.append(
        _text(x(most_x / 2), _HEIGHT - 16, "median commit latency, s (word end to committed)", anchor="middle")
    )
    parts.append(_text(8, _TOP - 6, "WER, %"))
    if offline_percent is not None:
        parts.append(_line(x(0), y(offline_percent), x(most_x), y(offline_percent), "#888888", dashed=True))
        parts.append(_text(x(most_x) + 6, y(offline_percent) + 4, "offline, beam 5"))
    taken: list[tuple[float, float, float]] = []
    for point, colour in zip(points, _COLOURS * (len(points) // len(_COLOURS) + 1), strict=False):
        at = x(point.latency_s), y(point.error_percent)
        parts.append(f'<circle cx="{at[0]}" cy="{at[1]}" r="5" fill="{colour}"/>')
        parts.append(_text(*_label(at, point.name, taken), point.name, fill=colour))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">'
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>', *parts, "</svg>", ""])


def _label(at: tuple[float, float], name: str, taken: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Where the name of a point begins: above it, or as far below as no other name is; noted in ``taken``."""
    left, width = at[0] + 9, len(name) * _LETTER
    y = at[1] - 6
    while any(abs(y - other_y) < _LINE and left < end and begin < left + width for begin, end, other_y in taken):
        y += _LINE
    taken.append((left, left + width, y))
    return left, round(y, 1)


def _round_up(value: float) -> float:
    """An end of an axis: a round number at or above ``value``, a fifth of which is one, too."""
    step = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return next((step * m for m in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10) if step * m >= value), 1.0)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{dash}/>'


def _text(x: float, y: float, text: str, *, size: int = 11, anchor: str = "start", fill: str = "#222222") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
