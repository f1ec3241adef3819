"""Geometry of the bar chart on a page: facts in, coordinates out, so that templates need no arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

WIDTH = 480
HEIGHT = 170
LEFT = 48
TOP = 10
BOTTOM = 26
GRID_LINES = 4
BAR_SHARE = 0.56


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands and what it says."""

    label: str
    amount_minor: int
    is_current: bool
    x: float
    y: float
    width: float
    height: float
    middle: float


@dataclass(frozen=True, slots=True)
class GridLine:
    """One horizontal line with the amount it stands for."""

    y: float
    text_y: float
    label: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """A chart ready for `components/bar_chart.html`."""

    bars: tuple[Bar, ...]
    lines: tuple[GridLine, ...]
    width: int
    height: int
    left: int
    axis_x: int
    label_y: int


def bar_chart(amounts: Sequence[tuple[str, int]], *, current: int | None = None) -> BarChart:
    """Lays out (label, amount in yen) pairs; `current` is the index of the bar to stress (default the last).

    Amounts below zero are drawn as zero. No amounts give a chart with grid lines only.
    """
    stressed = len(amounts) - 1 if current is None else current
    plot = HEIGHT - TOP - BOTTOM
    top_amount = _round_up(max((amount for _, amount in amounts), default=0))
    slot = (WIDTH - LEFT) / max(len(amounts), 1)
    bars = []
    for index, (label, amount) in enumerate(amounts):
        height = round(plot * max(amount, 0) / top_amount, 1)
        middle = LEFT + slot * (index + 0.5)
        bars.append(
            Bar(
                label=label,
                amount_minor=amount,
                is_current=index == stressed,
                x=round(middle - slot * BAR_SHARE / 2, 1),
                y=round(TOP + plot - height, 1),
                width=round(slot * BAR_SHARE, 1),
                height=height,
                middle=round(middle, 1),
            )
        )
    lines = [_grid_line(step, plot, top_amount) for step in range(GRID_LINES + 1)]
    return BarChart(tuple(bars), tuple(lines), WIDTH, HEIGHT, LEFT, LEFT - 8, HEIGHT - 6)


def _grid_line(step: int, plot: int, top_amount: int) -> GridLine:
    y = round(TOP + plot - plot * step / GRID_LINES, 1)
    return GridLine(y=y, text_y=y + 4, label=_short(top_amount * step // GRID_LINES))


def _short(amount: int) -> str:
    """An amount in the few characters an axis has room for: 25000 -> "25k"; Japanese counts in 万: "2.5万"."""
    size, unit = (10_000, "万") if (get_language() or "").startswith("ja") else (1_000, "k")
    if amount < size:
        return f"{amount:,}"
    whole, rest = divmod(amount * 10 // size, 10)
    return f"{whole:,}{f'.{rest}' if rest else ''}{unit}"


def _round_up(amount: int) -> int:
    """The next amount that four grid lines divide into round steps: 40, 60, 80, 100, 120, 160, 200, 400, …"""
    size = 10
    while True:
        for step in (4, 6, 8, 10, 12, 16, 20):
            if step * size >= amount:
                return step * size
        size *= 10
