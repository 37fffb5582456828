"""Numbers and durations as people read them. An unknown number is a dash, never a zero."""

from __future__ import annotations

from typing import Any

UNKNOWN = "–"


def count(value: Any) -> str:
    """12345 → 12,345"""
    return UNKNOWN if value is None else f"{int(value):,}"


def rate(value: float | None, digits: int = 1) -> str:
    """0.1234 → 12.3 %"""
    return UNKNOWN if value is None else f"{value * 100:.{digits}f}\N{NO-BREAK SPACE}%"


def money(value: float | None, currency: str | None = None) -> str:
    """1234.5, GBP → GBP 1,234.50; whole units from 10,000 on"""
    if value is None:
        return UNKNOWN
    text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.2f}"
    return f"{currency} {text}" if currency else text


def duration(hours: float | None) -> str:
    """Hours in the unit that fits: 12 min, 5.2 h, 3.4 days"""
    if hours is None:
        return UNKNOWN
    if hours < 1:
        return f"{hours * 60:.0f} min"
    if hours < 48:
        return f"{hours:.1f} h"
    return f"{hours / 24:.1f} days"


def seconds(value: float | None) -> str:
    """0.1234 → 0.12 s; 75 → 75 s"""
    if value is None:
        return UNKNOWN
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def share(part: float | None, whole: float | None) -> float | None:
    """part / whole; None when it cannot be said"""
    return part / whole if part is not None and whole else None
