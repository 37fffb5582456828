"""Geometry of the report's charts. Pure: figures in, positions out; the template turns them into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class FunnelBar:
    """One step. Pixels; `closed_width` + `open_width` is the bar."""

    y: float
    closed_width: float
    open_width: float
    label: str
    customers: int
    open_customers: int
    step_rate: float | None
    dropped: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """A funnel drawn `width` pixels wide. Names stand above the bars; where it is narrow (stacked), figures below."""

    width: int
    height: int
    bar_height: int
    is_stacked: bool
    bars: tuple[FunnelBar, ...]


def funnel(steps: Sequence[dict[str, object]], width: int) -> Funnel:
    """steps: step_name, customers, closed_customers, open_customers, step_rate, closed_dropped_customers, in order."""
    stacked = width < 600
    row, bar, top = (86 if stacked else 66), 24, 24
    longest = max((_int(step, "customers") for step in steps), default=0) or 1
    bars = [
        FunnelBar(
            y=index * row + top,
            closed_width=round(width * _int(step, "closed_customers") / longest, 1),
            open_width=round(width * _int(step, "open_customers") / longest, 1),
            label=str(step["step_name"]),
            customers=_int(step, "customers"),
            open_customers=_int(step, "open_customers"),
            step_rate=float(str(step["step_rate"])) if index and step["step_rate"] is not None else None,
            dropped=_int(step, "closed_dropped_customers"),
        )
        for index, step in enumerate(steps)
    ]
    return Funnel(width, len(bars) * row, bar, stacked, tuple(bars))


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day's column. Pixels."""

    x: float
    y: float
    height: float
    day: date
    value: float
    is_last: bool


@dataclass(frozen=True, slots=True)
class Days:
    """Columns over days; `ticks` are (x, day) of the labels below."""

    width: int
    height: int
    bar_width: float
    highest: float
    bars: tuple[DayBar, ...]
    ticks: tuple[tuple[float, date], ...]


def days(values: Sequence[tuple[date, float]], width: int, height: int = 120, labels: int = 5) -> Days:
    """values: (day, amount ≥ 0) in order, one per day."""
    highest = max((value for _, value in values), default=0.0)
    step = width / max(len(values), 1)
    bars = [
        DayBar(
            x=round(index * step, 2),
            y=round(height - _scaled(value, highest, height), 2),
            height=round(_scaled(value, highest, height), 2),
            day=day,
            value=value,
            is_last=index == len(values) - 1,
        )
        for index, (day, value) in enumerate(values)
    ]
    every = max(1, len(bars) // labels)
    ticks = [(bar.x, bar.day) for bar in bars[::every]]
    return Days(width, height, round(max(step - 2, 1), 2), highest, tuple(bars), tuple(ticks))


def _scaled(value: float, highest: float, height: int) -> float:
    """Height of a column; a day with sales is never invisible."""
    return max(value / highest * height, 1.0) if value > 0 and highest > 0 else 0.0


def _int(step: dict[str, object], name: str) -> int:
    return int(str(step[name] or 0))
